"""A bank at a real centre: PostgreSQL with both roles, the server's keys, and branches whose devices sign and push."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import psycopg

from core.book.rows import IbanBlock
from core.canonical import base64url
from core.clock import Clock, FixedClock, SystemClock
from core.envelope import Signed
from core.iban import make_iban
from core.ids import Identifiers, system_randomness
from core.operations import accounts, bank, cash, customers, drawers, transfers
from core.operations.kind import Body, Decoded
from core.people.keys import key_name, new_signing_key, public_text
from core.records import make_record
from core.sync.messages import FeedPage, Push, PushAnswer, RightsAnswer, RightsWanted, Verdict
from core.sync.requests import SIGNATURE_HEADER, sign_request
from sync_server.app import COMPANIONS, create_app
from sync_server.centre.devices import invite_device, request_enrolment, trust_device
from sync_server.centre.issue import Centre, Issued, issue
from sync_server.centre.keys import CentreKeys, make_centre_keys
from sync_server.centre.people import admit_staff
from sync_server.environment import Secret
from sync_server.policies import USUAL_LEASE, LeasePolicy
from sync_server.settings import ServerSettings
from sync_server.store.migrate import migrate
from sync_server.store.postgres import PostgresHome
from sync_server.store.rows import read_all
from tests.bank import BANK_CODE, BankInADict, Chain, SignedIn
from tests.sync_server.serving import served

ROLE, PASSWORD = "counterfoil_app", "gulls-over-the-harbour"
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Given to each client, which would otherwise read every certificate authority first."""
PASSPHRASE = Secret("gulls over the harbour")


class Maker(BankInADict):
    """Makes operations as devices do, without a book of its own: what is made waits on its chain to be pushed."""

    def __init__(self) -> None:
        self.clock = FixedClock(SystemClock().now_ms())
        self.randomness = system_randomness
        self.ids = Identifiers(self.clock)
        self.chains = {}
        self._steps = iter(range(1, 10**6))  # type: ignore[assignment]

    def _accept(self, decoded: Decoded[Any]) -> None:
        operation = decoded.operation
        self.chains[operation.device, operation.epoch].operations.append(decoded.signed)


@dataclass
class Desk:
    """A device of a branch with a teller and a supervisor signed in, a day and a drawer open."""

    bank: CentreBank
    chain: Chain
    teller: SignedIn
    supervisor: SignedIn
    blocks: list[int]
    records: dict[str, str] = field(default_factory=dict)
    pushed: int = 0
    iban_of: dict[str, str] = field(default_factory=dict)

    def make(self, body: Body, *, at_drawer: bool = True, by: SignedIn | None = None, **changes: Any) -> Signed:
        """An operation at the chain's next place."""
        return self._made(by or self.teller, body, self.drawer if at_drawer else None, changes)

    def draft(self, body: Body, **changes: Any) -> Signed:
        """An operation for the next place that does not move the chain on."""
        return self.bank.maker.draft(self.teller, body, drawer=self.drawer, **changes).signed

    def record(self, **fields: str) -> str:
        """A record to go with the next push; its digest."""
        digest, data = make_record(fields, system_randomness)
        self.records[digest] = base64url(data)
        return digest

    def account(self, deposit: int = 0) -> str:
        """An open account of a customer whose identity is approved, with money in it."""
        stamp = customers.next_stamp(self.chain.device, self.bank.maker.clock.now_ms() - 10**7, None)
        record = self.record(given_name="Ane", family_name="Holm", born_on="1970-01-01")
        registered = customers.CustomerRegistered(fields=customers.REQUIRED_FIELDS, stamp=stamp, record=record)  # type: ignore[arg-type]
        customer = self.make(registered).operation.id
        evidence = self.record(seen="passport")
        self.make(
            customers.KycDecided(customer=customer, decision="approved", term=1, evidence=evidence), by=self.supervisor
        )
        iban = make_iban("DK", BANK_CODE, self.blocks[0] + len(self.iban_of))
        body = accounts.AccountOpened(
            customer=customer, product="current", currency="DKK", iban=iban, block=self.blocks[0]
        )
        account = self.make(body).operation.id
        self.iban_of[account] = iban
        if deposit:
            self.make(self.deposit(account, deposit))
        return account

    def deposit(self, account: str, amount: int) -> cash.CashDeposited:
        """Cash taken in."""
        return cash.CashDeposited(account=account, account_branch=self.branch, currency="DKK", amount=amount)

    def withdrawal(self, account: str, amount: int) -> cash.CashWithdrawn:
        """Cash paid out."""
        return cash.CashWithdrawn(account=account, account_branch=self.branch, currency="DKK", amount=amount)

    def transfer(
        self, account: str, amount: int, payee_iban: str, route: transfers.Route = "branch"
    ) -> transfers.TransferSent:
        """Money sent away from the branch."""
        details = self.record(
            payee_iban=payee_iban, payee_name="Skovby Tømrer", remittance="Rent", payer_name="Ane Holm"
        )
        return transfers.TransferSent(account=account, route=route, currency="DKK", amount=amount, details=details)

    def _made(self, by: SignedIn, body: Body, drawer: str | None, changes: dict[str, Any]) -> Signed:
        decoded = self.bank.maker.draft(by, body, drawer=drawer, **changes)
        self.chain.operations.append(decoded.signed)
        return decoded.signed

    @property
    def drawer(self) -> str:
        """Its drawer: the only one, named after it."""
        return self.chain.device

    @property
    def branch(self) -> str:
        """Its branch."""
        return self.chain.branch or ""

    @property
    def unsent(self) -> Sequence[Signed]:
        """What it has made and not yet pushed."""
        return self.chain.operations[self.pushed :]

    def request(self, address: str, method: str, target: str, content: bytes = b"", **signing: Any) -> httpx.Response:
        """A request signed by the device."""
        parts: dict[str, Any] = {"device": self.chain.device, "epoch": self.chain.epoch}
        parts |= {"now_ms": self.bank.clock.now_ms(), **signing}
        key = parts.pop("key", self.chain.key)
        token = sign_request(key, method=method, target=target, body=content, **parts)
        headers = {"content-type": "application/json", SIGNATURE_HEADER: token}
        with httpx.Client(base_url=address, timeout=30, trust_env=False, verify=_NO_TLS) as client:
            return client.request(method, target, content=content, headers=headers)

    def push(self, address: str, operations: Sequence[Signed] | None = None) -> httpx.Response:
        """Push operations with their records: those unsent if none are named."""
        run = self.unsent if operations is None else operations
        message = Push(self.chain.device, self.chain.epoch, tuple(each.jws for each in run), self.records)
        return self.request(address, "POST", "/v1/operations", msgspec.json.encode(message))

    def settle(self, address: str) -> tuple[Verdict, ...]:
        """Push all that is unsent, in batches; every verdict."""
        verdicts: list[Verdict] = []
        while self.unsent:
            answer = answer_of(self.push(address, self.unsent[:500]))
            assert answer.refused is None, answer.refused
            self.pushed += len(answer.verdicts)
            verdicts += answer.verdicts
            self.records.clear()
        return tuple(verdicts)

    def feed(self, address: str, feed: str | None = None, after: int = 0, limit: int = 500) -> FeedPage:
        """A page of a feed."""
        response = self.request(address, "GET", f"/v1/feeds/{feed or self.branch}?after={after}&limit={limit}")
        assert response.status_code == 200, response.text
        return msgspec.json.decode(response.content, type=FeedPage)

    def want(self, address: str, account: str, amount: int, least: int = 0, holding: int | None = None) -> RightsAnswer:
        """Ask for spending rights."""
        wanted = RightsWanted(account, least, amount, 0, holding)
        response = self.request(address, "POST", "/v1/rights", msgspec.json.encode(wanted))
        assert response.status_code == 200, response.text
        return msgspec.json.decode(response.content, type=RightsAnswer)


def answer_of(response: httpx.Response) -> PushAnswer:
    """The answer to a push."""
    assert response.status_code == 200, response.text
    return msgspec.json.decode(response.content, type=PushAnswer)


@dataclass
class CentreBank:
    """The centre of a founded bank with branches, and what tests do there by hand."""

    owner_url: str
    app_url: str
    secrets: Path
    keys: CentreKeys
    clock: Clock
    maker: Maker = field(default_factory=Maker)
    lease: LeasePolicy = USUAL_LEASE

    @property
    def centre(self) -> Centre:
        """Who signs for the centre."""
        return Centre(self.keys, self.clock, Identifiers(self.clock))

    @contextmanager
    def connection(self, *, as_owner: bool = False) -> Iterator[psycopg.Connection[Any]]:
        """A transaction, as the application's role unless as the owner."""
        with psycopg.connect(self.owner_url if as_owner else self.app_url) as connection:
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[PostgresHome]:
        """A transaction of the centre's home."""
        with self.connection() as connection:
            yield PostgresHome(connection)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What a query answers."""
        with self.connection() as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def issue(self, branch: str | None, body: Body) -> Issued:
        """An operation of the centre."""
        with self.transaction() as home:
            return issue(home, self.centre, branch, body)

    def settings(self, **changes: Any) -> ServerSettings:
        """Settings of a server for this bank."""
        given: dict[str, Any] = {
            "database_url": Secret(self.app_url),
            "secrets_directory": self.secrets,
            "secrets_passphrase": PASSPHRASE,
            "bank_bic": "CFOLDKKK",
            "purpose": "test",
        }
        return ServerSettings(**{**given, **changes})

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a server program for this bank."""
        given = {
            "PURPOSE": "test",
            "DATABASE_URL": self.app_url,
            "SECRETS_DIRECTORY": str(self.secrets),
            "SECRETS_PASSPHRASE": PASSPHRASE.reveal(),
            "BANK_BIC": "CFOLDKKK",
            "PORT": "0",
        }
        return {f"COUNTERFOIL_{name}": value for name, value in {**given, **more}.items()}

    @contextmanager
    def served(self, *, jobs: bool = False, **changes: Any) -> Iterator[str]:
        """A server in this process; its address."""
        settings = self.settings(**changes)
        app = create_app(settings, clock=self.clock, keys=self.keys, companions=COMPANIONS if jobs else ())
        with served(app) as address:
            yield address

    def enrol(self, device: str, branch: str) -> Chain:
        """A trusted device with a chain that has nothing on it."""
        key = new_signing_key(system_randomness)
        with self.transaction() as home:
            code = invite_device(home, self.centre, system_randomness, device=device, branch=branch, purpose="desktop")
            assert isinstance(code, str)
            shown = request_enrolment(home, self.centre, code, public_text(key))
            state = trust_device(home, self.centre, device, key_name(key), self.lease)
            assert getattr(state, "state", "") == "trusted", (shown, state)
        epoch = state.epoch  # type: ignore[union-attr]
        chain = self.maker.chains[device, epoch] = Chain(device, epoch, branch, key)
        return chain

    def desk(self, device: str, branch: str) -> Desk:
        """A device at work, what it made so far not pushed yet; its people are named after it."""
        chain = self.enrol(device, branch)
        with self.transaction() as home:
            for person, role in ((f"{device}-t", "teller"), (f"{device}-s", "supervisor")):
                admit_staff(
                    home,
                    self.centre,
                    system_randomness,
                    person=person,
                    name=person.title(),
                    branch=branch,
                    role=role,
                    currency="DKK",
                    approval_limit=10**9,
                )
            leased = [row for row in read_all(home.connection, IbanBlock) if isinstance(row, IbanBlock)]
        self.maker.found_desk(chain, f"{device}-s", f"{device}-t")
        supervisor = self.maker.sign_in(chain, f"{device}-s")
        teller = self.maker.sign_in(chain, f"{device}-t")
        desk = Desk(self, chain, teller, supervisor, [row.first for row in leased if row.device == device])
        desk.make(drawers.DayOpened(), at_drawer=False)
        desk.make(drawers.VaultFunded(currency="DKK", amount=10**11), by=supervisor, at_drawer=False)
        desk.make(drawers.DrawerOpened(currency="DKK", amount=10**10))
        return desk

    def cases(self, operation_id: str) -> list[str]:
        """The codes of the cases about an operation."""
        return [
            code for (code,) in self.rows("SELECT code FROM cases WHERE operation_id = %s ORDER BY no", operation_id)
        ]

    def balance(self, account: str) -> int:
        """What a customer's account holds."""
        return int(self.rows("SELECT posted FROM deposit_accounts WHERE id = %s", account)[0][0])

    def assert_conserved(self) -> None:
        """Debits equal credits everywhere; what is stored as a balance is the sum of its postings."""
        sums = self.rows("SELECT branch, currency, sum(amount) FROM postings GROUP BY 1, 2 HAVING sum(amount) <> 0")
        assert sums == []
        assert self.rows(_LEDGER_DIFFERS) == []
        assert self.rows(_ACCOUNT_DIFFERS) == []
        assert self.rows(_RIGHTS_DIFFER) == []
        assert self.rows(_FEED_GAPS) == []


_LEDGER_DIFFERS = """
SELECT branch, account, currency, b.balance, p.balance FROM ledger_balances b FULL JOIN (
    SELECT branch, account, currency, sum(amount)::bigint AS balance FROM postings
    WHERE account NOT LIKE 'deposit:%%' GROUP BY 1, 2, 3
) p USING (branch, account, currency) WHERE coalesce(b.balance, 0) <> coalesce(p.balance, 0)
"""
_ACCOUNT_DIFFERS = """
SELECT id, a.posted, p.posted FROM deposit_accounts a FULL JOIN (
    SELECT substr(account, 9) AS id, -sum(amount)::bigint AS posted FROM postings
    WHERE account LIKE 'deposit:%%' GROUP BY 1
) p USING (id) WHERE coalesce(a.posted, 0) <> coalesce(p.posted, 0)
"""
_RIGHTS_DIFFER = """
SELECT a.id FROM deposit_accounts a LEFT JOIN (
    SELECT account, sum(greatest(0, granted + minted - used - returned)) AS rights FROM rights GROUP BY 1
) r ON r.account = a.id WHERE a.rights <> coalesce(r.rights, 0)
"""
_FEED_GAPS = """
SELECT h.feed FROM feed_heads h JOIN (
    SELECT feed, count(*) AS items, max(position) AS last FROM feed_items GROUP BY 1
) i USING (feed) WHERE items <> h.position OR last <> h.position
"""


def found_bank(
    owner_url: str,
    secrets: Path,
    branches: Sequence[str] = ("nor", "syd"),
    clock: Clock | None = None,
    lease: LeasePolicy = USUAL_LEASE,
) -> CentreBank:
    """A bank with branches and nothing else, in an empty database."""
    app_url = (
        urlsplit(owner_url)
        ._replace(netloc=f"{ROLE}:{PASSWORD}@{owner_url.rpartition('@')[2].partition('/')[0]}")
        .geturl()
    )
    with psycopg.connect(owner_url, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,)).fetchone() is None:
            connection.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'".encode())
    migrate(Secret(owner_url), Secret(app_url))
    keys = make_centre_keys(secrets, PASSPHRASE)
    made = CentreBank(owner_url, app_url, secrets, keys, clock or SystemClock(), lease=lease)
    founded = bank.BankFounded(
        name="Counterfoil Bank",
        country="DK",
        bank_code=BANK_CODE,
        bic="CFOLDKKK",
        currency="DKK",
        centre_key=made.keys.public,
    )
    made.issue(None, founded)
    for branch in branches:
        made.issue(None, bank.BranchFounded(branch=branch, name=branch.title(), address="Torvet 1", currency="DKK"))
    return made


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Do things at the same moment, each in a thread of its own; their answers in order."""
    start = threading.Barrier(len(works))

    def begin(work: Callable[[], Any]) -> Any:
        start.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(begin, works))
