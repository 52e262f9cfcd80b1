"""A bank of real desks before a centre on any home that is backed up, restored, and begun anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from nacl.signing import SigningKey

from core.book.rows import DepositAccount, DeviceEpoch, LedgerBalance, Right
from core.canonical import base64url, from_base64url, thumbprint
from core.device import Device, OpenSession
from core.errors import LineProblem, Refusal, Refused
from core.iban import make_iban
from core.operations.bank import StaffAdmitted
from core.operations.ended import DeviceWriteOffRequested
from core.operations.transfers import TransferSent
from core.records import make_record
from core.sync.loop import SyncLoop
from core.sync.messages import (
    BATCH_MAX,
    FeedPage,
    GivenBack,
    GivenBackAnswer,
    IbanBlockWanted,
    IncarnationWanted,
    LeaseWanted,
    Push,
    Reported,
    RightsAnswer,
    RightsWanted,
)
from core.sync.transport import Transport
from sync_server.centre.devices import find_device, invite_device, lease_if_few, request_enrolment, trust_device
from sync_server.centre.feed import read_page
from sync_server.centre.given_back import IncarnationDiffers, take_given_back
from sync_server.centre.incarnations import begin_incarnation, forgotten_device, incarnation_for, take_report
from sync_server.centre.issue import issue
from sync_server.centre.leases import renew_lease
from sync_server.centre.recovery import gather
from sync_server.centre.rights import grant_rights
from sync_server.centre.standing_jobs import step
from sync_server.database import connection_pool
from sync_server.environment import Secret
from sync_server.ingest.push import take_push
from sync_server.partner_bank.messages import Payment
from sync_server.payments.partner_client import Asked, NotFound, Settled, Submitted
from sync_server.payments.steps import Partner, PaymentDesk
from sync_server.problems import PROBLEMS, Problem
from sync_server.store.home import Home
from sync_server.store.memory import MemoryDatabase
from sync_server.store.memory.tables import CASES
from sync_server.store.postgres import PostgresDatabase
from tests.core.device.desk import Desk
from tests.sync_server.home_bank import AnyDatabase, HomeBank

SKOV_IBAN = make_iban("DK", "3000", 1)
_AT = "2026-11-20T09:00:00.000Z"
_encode = msgspec.json.encode
_NO_ALLOWANCE = {"amount": 10**12, "cap": 10**12, "accounts": 0, "floor": 0, "floor_percent": 100}
"""Nothing is granted before somebody asks, and nothing handed back: tests say what moves."""


class Backups:
    """What a home can do beside its transactions: be copied, and be put back."""

    def __init__(self, make_database: Callable[..., str] | None = None, template: str = "") -> None:
        """In memory, or in databases of PostgreSQL that are copies of `template`."""
        self._make_database = make_database
        self._opened: list[PostgresDatabase] = []
        self.database: AnyDatabase = MemoryDatabase()
        if make_database is not None:
            self.database = self.open(make_database(template))

    def keep(self) -> Callable[[], AnyDatabase]:
        """A backup as of now; answers what puts it back."""
        if isinstance(self.database, MemoryDatabase):
            return self._keep_memory(self.database)
        assert self._make_database is not None
        copied = self._copy(self.database)

        def put_back() -> AnyDatabase:
            self.database = self._copy(copied)
            return self.database

        return put_back

    def _keep_memory(self, database: MemoryDatabase) -> Callable[[], AnyDatabase]:
        kept = database.copy()

        def put_back() -> AnyDatabase:
            database.restore(kept)
            return database

        return put_back

    def _copy(self, database: AnyDatabase) -> PostgresDatabase:
        assert isinstance(database, PostgresDatabase)
        assert self._make_database is not None
        address = str(database.pool.conninfo)
        database.pool.close()
        url = self._make_database(address.rpartition("/")[2].partition("?")[0])
        if database is self.database:
            self.database = self.open(address)
        return self.open(url)

    def open(self, url: str) -> PostgresDatabase:
        """A database of PostgreSQL, closed in the end."""
        pool = connection_pool(Secret(url), 2)
        pool.open()
        made = PostgresDatabase(pool)
        self._opened.append(made)
        return made

    def close(self) -> None:
        """Let every connection go."""
        for database in self._opened:
            database.pool.close()


@dataclass
class SkovBank:
    """A partner that settles whatever is sent to it, once."""

    booked: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def submit(self, payment: Payment) -> Submitted:
        """Book it, once for each end-to-end id."""
        assert payment.end_to_end_id not in self.booked, "sent twice"
        self.booked[payment.end_to_end_id] = payment.amount
        return Settled(_AT, _AT)

    def ask(self, end_to_end_id: str) -> Asked:
        """What became of it."""
        self.asked.append(end_to_end_id)
        return Settled(_AT, _AT) if end_to_end_id in self.booked else NotFound()


class InProcess(Transport):
    """The device's half of the wire as it is, over calls of the centre's own functions."""

    def __init__(self, bank: RestoredBank, device: Device) -> None:
        self._bank = bank
        self._name = (device.identity.device, device.identity.epoch)
        self.cut = False

    def close(self) -> None:
        """There is nothing to let go."""

    def _exchange(self, method: str, target: str, body: bytes, seconds: float | None) -> tuple[int, bytes]:
        del method, seconds
        if self.cut:
            raise LineProblem("The centre can't be reached.")
        try:
            return 200, _encode(self._bank.answer(self._name, target, body))
        except Problem as problem:
            return problem.status, _encode(problem.document())
        except IncarnationDiffers:
            return 409, _encode(Problem("incarnation_differs").document())


@dataclass
class DeskAtWork:
    """A desk, its people at work, and the loop that keeps it in step."""

    desk: Desk
    line: InProcess
    loop: SyncLoop
    teller: OpenSession
    supervisor: OpenSession

    def account(self, deposit: int = 0) -> str:
        """A new customer's account, with money in it."""
        made = self.desk.account(self.teller, self.desk.customer(self.teller, self.supervisor))
        if deposit:
            self.desk.perform(self.teller, self.desk.deposited(made, deposit))
        return made

    def sync(self) -> None:
        """Say and hear everything."""
        state = self.loop.step()
        assert state.all_sent, state

    def sync_as_far_as_it_goes(self) -> None:
        """As `sync`, where others of the branch are awaited."""
        self.loop.step()

    def write_off(self, asked: DeviceWriteOffRequested) -> str:
        """Two supervisors of this desk ask for it; the request's id."""
        return self.desk.perform(self.supervisor, asked, self.teller).id

    def send(self, account: str, amount: int, iban: str, route: str) -> str:
        """A transfer out of the branch; its id."""
        fields = {"payee_iban": iban, "payee_name": "Bo Fjord", "payer_name": "Ane Holm", "remittance": "Rent"}
        details, data = make_record(fields, self.desk.randomness)
        body = TransferSent(account=account, route=route, currency="DKK", amount=amount, details=details)  # type: ignore[arg-type]
        return self.desk.perform(self.teller, body, records={details: data}).id

    def payable(self, account: str) -> int:
        """What may be paid out here."""
        return self.desk.device.payable_here(account)


class RestoredBank(HomeBank):
    """The bank, with desks that are real devices and a partner bank."""

    def __init__(self, backups: Backups, folder: Path) -> None:
        super().__init__(backups.database)
        self.backups = backups
        self.folder = folder
        self.partner = SkovBank()
        self._drawers = count(1)

    # Life and death

    def backup(self) -> Callable[[], None]:
        """A backup as of now; answers what restores it and begins the next incarnation."""
        put_back = self.backups.keep()
        self.database = self.backups.database

        def restore() -> None:
            self.database = put_back()
            self.known.__init__()  # type: ignore[misc]
            self.maker.clock.advance(1000)
            with self.database.transaction() as home:
                begin_incarnation(home, self.centre)

        return restore

    def incarnation(self) -> int:
        """The life that the centre is in."""
        with self.database.transaction() as home:
            return home.incarnations.number()

    def awaited(self, branch: str | None = None) -> list[str]:
        """Who has yet to report."""
        with self.database.transaction() as home:
            return [row.device for row in home.incarnations.awaited(branch)]

    # Desks

    @contextmanager
    def at_work(self, device: str, branch: str) -> Iterator[DeskAtWork]:
        """A desk at work, everything sent."""
        desk = Desk(self.folder, _Enrolling(self), self.maker.clock, device, branch, "memory")  # type: ignore[arg-type]
        people = (f"{device}-s", f"{device}-t")
        with self.database.transaction() as home:
            for person in people:
                digest, record = make_record({"name": person.title()}, self.maker.randomness)
                body = StaffAdmitted(
                    person=person,
                    branch=branch,
                    role="supervisor",
                    currency="DKK",
                    approval_limit=10**9,
                    record=digest,
                )
                issue(home, self.centre, None, body, records={digest: record})
        line = InProcess(self, desk.device)
        loop = SyncLoop(desk.device, line, randomness=bytes)
        assert loop.step().online
        desk.found(*people)
        made = DeskAtWork(desk, line, loop, desk.sign_in(people[1]), desk.sign_in(people[0]))
        desk.open_day(made.teller, made.supervisor, f"{device}-d{next(self._drawers)}")
        made.sync()
        try:
            yield made
        finally:
            loop.close()
            desk.device.close()

    # The centre's own work

    def jobs(self) -> None:
        """Let the jobs do all that they can."""
        partner = Partner("skov", "SKOVDKKK", "3000", self.partner)
        for _ in range(50):
            desk = PaymentDesk(self.database, self.centre, (partner,), "CFOLDKKK", bytes)
            moved = step(self.database, self.centre)
            paid = sum(desk.step(lambda _stepped: None) for _ in range(20))
            self.maker.clock.advance(61_000)
            if not moved and not paid:
                return

    def account_row(self, account: str) -> DepositAccount:
        """An account as the centre has it."""
        with self.database.transaction() as home:
            row = home.book(locking=False).get(DepositAccount, account)
        assert row is not None
        return row

    def row_of(self, desk: DeskAtWork) -> DeviceEpoch:
        """A desk's epoch as the centre has it."""
        identity = desk.desk.device.identity
        return self._device((identity.device, identity.epoch))

    def right(self, account: str, desk: DeskAtWork) -> Right | None:
        """A desk's rights as the centre counts them."""
        identity = desk.desk.device.identity
        with self.database.transaction() as home:
            return home.book(locking=False).get(Right, account, identity.device, identity.epoch)

    # The wire

    def answer(self, name: tuple[str, int], target: str, body: bytes) -> object:
        """What the routes do, without HTTP."""
        parts = urlsplit(target)
        if parts.path == "/v1/operations":
            self._device(name)
            return take_push(self.database, self.known, self.centre, msgspec.json.decode(body, type=Push))
        if parts.path == "/v1/given-back":
            given = msgspec.json.decode(body, type=GivenBack)
            self._device(name, given.enrolment)
            here = take_given_back(self.database, self.known, given)
            gather(self.database, self.centre)
            return GivenBackAnswer(given.incarnation, here)
        if parts.path.startswith("/v1/feeds/"):
            query = parse_qs(parts.query)
            self._device(name)
            return self._page(parts.path.rpartition("/")[2], int(query["after"][0]))
        return self._small(name, parts.path, body)

    def _small(self, name: tuple[str, int], path: str, body: bytes) -> object:
        if path == "/v1/incarnation":
            wanted = msgspec.json.decode(body, type=IncarnationWanted)
            device = self._device(name, wanted.enrolment)
            with self.database.transaction() as home:
                return incarnation_for(home, device.branch or "")
        device = self._device(name)
        if path == "/v1/reported":
            with self.database.transaction() as home:
                said = take_report(home, self.centre, device, msgspec.json.decode(body, type=Reported))
            if isinstance(said, Refusal):
                raise Problem(said.code)
            gather(self.database, self.centre)
            return said
        if path == "/v1/rights":
            return self._rights(device, msgspec.json.decode(body, type=RightsWanted))
        if path == "/v1/leases":
            with self.database.transaction() as home:
                renew_lease(home, self.centre, device)
            return self._page(device.branch or "", msgspec.json.decode(body, type=LeaseWanted).after)
        if path == "/v1/allowances":
            return {"granted": 0, "skipped": [], "policy": _NO_ALLOWANCE, "page": self._page(device.branch or "", 0)}
        assert path == "/v1/iban-blocks"
        with self.database.transaction() as home:
            lease_if_few(home, self.centre, device.device, device.epoch)
        return self._page("bank", msgspec.json.decode(body, type=IbanBlockWanted).after)

    def _rights(self, device: DeviceEpoch, wanted: RightsWanted) -> RightsAnswer:
        try:
            with self.database.transaction() as home:
                grant = grant_rights(
                    home,
                    self.centre,
                    device,
                    wanted.account,
                    least=wanted.least,
                    amount=wanted.amount,
                    holding=wanted.holding,
                )
        except Refused as refused:
            grant = refused.refusal
        if isinstance(grant, Refusal):
            raise Problem(grant.code if grant.code in PROBLEMS else "refused")
        page = self._page(device.branch or "", wanted.after)
        return RightsAnswer(grant.granted, grant.available, page, grant.coming)

    def _page(self, feed: str, after: int) -> FeedPage:
        with self.database.transaction() as home:
            return read_page(home, feed, after, BATCH_MAX)

    def _device(self, name: tuple[str, int], enrolment: str | None = None) -> DeviceEpoch:
        with self.database.transaction() as home:
            device = find_device(home, *name) or forgotten_device(home, enrolment)
        if device is None or (device.device, device.epoch) != name:
            raise Problem("device_unknown")
        return device

    def doing(self, do: Callable[[Home], object]) -> str | None:
        """Do it in a transaction; the code of what was refused."""
        try:
            with self.database.transaction() as home:
                said = do(home)
        except Refused as refused:
            return refused.refusal.code
        return said.code if isinstance(said, Refusal) else None


class _Enrolling:
    """What a desk under test asks of its centre as it is made."""

    def __init__(self, bank: RestoredBank) -> None:
        self._bank = bank
        self.key: SigningKey = bank.centre.keys.signing

    def enrol(self, device: str, branch: str, public_key: str) -> None:
        """Invite, show the key, trust it."""
        bank = self._bank
        with bank.database.transaction() as home:
            code = invite_device(
                home, bank.centre, bank.maker.randomness, device=device, branch=branch, purpose="desktop"
            )
            assert isinstance(code, str), code
            request_enrolment(home, bank.centre, code, public_key)
            trust_device(home, bank.centre, device, thumbprint(from_base64url(public_key)))


def records_of(text: str) -> str:
    """A record's bytes as they travel."""
    return base64url(text.encode())


in_memory = pytest.mark.parametrize("bank", ["memory"], indirect=True)
"""What is decided is the same code over both homes; one is enough."""


def case_codes(bank: RestoredBank) -> list[str]:
    """The codes of all cases."""
    if isinstance(bank.database, MemoryDatabase):
        return sorted(case.code for case in bank.database.committed(CASES).values())
    with bank.database.transaction() as home:
        return sorted(code for (code,) in home.connection.execute(b"SELECT code FROM cases"))


def books(bank: RestoredBank) -> dict[object, object]:
    """What every account holds, and who may pay how much of it."""
    accounts = {row.id: (row.posted, row.rights, row.holds) for row in bank.rows(DepositAccount)}  # type: ignore[attr-defined]
    rights = {
        (row.account, row.device, row.epoch): (row.granted, row.minted, row.used, row.returned)  # type: ignore[attr-defined]
        for row in bank.rows(Right)
    }
    ledger = {
        (row.branch, row.account): row.balance  # type: ignore[attr-defined]
        for row in bank.rows(LedgerBalance)
        if row.balance  # type: ignore[attr-defined]
    }
    return {**accounts, **rights, **ledger}
