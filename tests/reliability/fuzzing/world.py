"""The small bank that inputs are made from: each of its operations with the rows before it and the key that signed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nacl.signing import SigningKey

from core.book import DictStore
from core.book.rows import DepositAccount, DeviceEpoch, Drawer, Iban, IbanBlock, Row, Session, StaffKey
from core.canonical import digest
from core.envelope import Signed
from core.ledger import reversed_postings
from core.operations import accounts, bank, customers, drawers, reversals, rules, sessions, transfers
from core.operations.kind import Body, Decoded
from core.operations.rights import RightsGranted, RightsReturned
from core.people.keys import key_name
from tests.bank import BRANCH, BankInADict, BranchDay, Chain, SignedIn

Rows = dict[type[Row], dict[tuple[object, ...], Row]]
ELSEWHERE = "aarhus"


@dataclass(frozen=True)
class Moment:
    """An operation as it was made: the bank before it, whose key signed, and who was at hand to approve."""

    decoded: Decoded[Any]
    before: DictStore
    key: SigningKey
    supervisor: SignedIn | None

    @property
    def jws(self) -> str:
        """The exact text."""
        return self.decoded.signed.jws


@dataclass
class World:
    """The bank at the end of its day, every moment of that day, and values that mean something in it."""

    bank: BankInADict
    moments: list[Moment]
    supervisor: SignedIn
    keys: dict[str, SigningKey]
    pool: list[Any] = field(default_factory=list)
    words: dict[str, list[Any]] = field(default_factory=dict)


class _Recorder(BankInADict):
    """Keeps the rows before each operation, and takes it whatever speaks against it, as the centre does."""

    def __init__(self, seed: str) -> None:
        self.moments: list[Moment] = []
        self.signed_by: dict[str, SigningKey] = {}
        self.at_hand: SignedIn | None = None
        super().__init__(seed)

    def sign(self, chain: Chain, body: Body, actor: str, key: SigningKey, **more: Any) -> Decoded[Any]:
        decoded = super().sign(chain, body, actor, key, **more)
        self.signed_by[decoded.signed.kid] = key
        return decoded

    def _accept(self, decoded: Decoded[Any]) -> None:
        self.take(decoded)

    def take(self, decoded: Decoded[Any]) -> list[str]:
        before = copied(self.store)
        found = super().take(decoded)
        key = self.signed_by[decoded.signed.kid]
        self.moments.append(Moment(decoded, before, key, self.at_hand))
        return found


def copied(store: DictStore) -> DictStore:
    """Another store with the same rows; rows are frozen."""
    made = DictStore()
    made.rows = {table: dict(rows) for table, rows in store.rows.items()}
    made.operations = dict(store.operations)
    return made


def build_world(seed: str = "world") -> World:
    """A bank of two branches and two desks, worked for a day by every kind that a bank has."""
    made = _Recorder(seed)
    made.found_branch(ELSEWHERE)
    for person, role in (("mette", "supervisor"), ("jens", "teller"), ("ida", "teller")):
        made.admit(person, role)  # type: ignore[arg-type]
    desk = made.enrol("odense-1")
    made.enrol("odense-2")
    made.found_desk(desk, "mette", "jens")
    made.join_desk(desk, "ida", "mette")
    supervisor, teller = made.sign_in(desk, "mette"), made.sign_in(desk, "jens")
    made.at_hand = supervisor
    made.perform(teller, drawers.DayOpened())
    made.perform(supervisor, drawers.VaultFunded(currency="DKK", amount=50_000_00))
    made.perform(teller, drawers.DrawerOpened(currency="DKK", amount=10_000_00), drawer="kasse-1")
    _work(BranchDay(made, desk, teller, supervisor))
    world = World(made, made.moments, supervisor, made.signed_by)
    world.words = _words(made)
    world.pool = [value for values in world.words.values() for value in values] + [
        0,
        1,
        100,
        10**12,
        None,
        True,
        [],
        {},
    ]
    return world


def _work(day: BranchDay) -> None:
    """A day's work."""
    made, teller, supervisor = day.bank, day.teller, day.supervisor
    first, second = day.account(), day.account()
    deposited = day.deposit(first, 9_000_00)
    paid = day.by_teller(day.withdrawal(first, 500_00))
    _sent_away(day, first)
    made.perform(teller, transfers.TransferMade(account=first, payee_account=second, currency="DKK", amount=700_00))
    stamp = customers.next_stamp(day.desk.device, made.clock.now_ms(), None)
    opened = next(row for row in made.store.rows[DepositAccount].values() if isinstance(row, DepositAccount))
    customer = opened.customer
    record = digest(b"record")
    made.perform(teller, customers.CustomerAmended(customer=customer, fields=("city",), stamp=stamp, record=record))
    frozen = made.perform(teller, accounts.AccountFrozen(account=second, reason="lost-card"))
    lifted = accounts.FreezeLifted(account=second, freeze=frozen.operation.id)
    made.perform(teller, lifted, approver=supervisor)
    for signed in (paid, deposited):
        small = day.deposit(first, 1_00) if signed is deposited else signed
        made.perform(teller, _reversal_of(small), approver=supervisor)
    made.by_device(day.desk, RightsReturned(account=first, currency="DKK", returned=1_000_00))
    granted = RightsGranted(account=first, device="odense-1", epoch=1, currency="DKK", granted=400_00)
    made.by_centre(granted, BRANCH)
    made.by_centre(accounts.AccountFrozen(account=second, reason="court-order"), BRANCH)
    made.by_centre(bank.StaffChanged(person="ida", branch=ELSEWHERE, role="teller", currency="DKK", approval_limit=0))
    made.by_centre(bank.StaffSuspended(person="ida"))
    made.by_centre(bank.StaffReinstated(person="ida"))
    made.by_centre(bank.DeviceRevoked(device="odense-2", epoch=1, head_seq=0))
    held = made.book.balance(BRANCH, "drawer:kasse-1", "DKK")
    counted = {"currency": "DKK", "counts": {100: held // 100}, "counted": held, "expected": held}
    day.by_teller(drawers.DrawerCounted(**counted))  # type: ignore[arg-type]
    day.by_teller(drawers.DrawerClosed(**counted))  # type: ignore[arg-type]
    made.perform(supervisor, drawers.VaultReturned(currency="DKK", amount=1_000_00))
    made.perform(teller, drawers.DayClosed())
    kid = next(row.kid for row in _rows(made, StaffKey) if row.person == "ida")
    made.by_centre(sessions.StaffKeyEnded(person="ida", key=kid, reason="left"))
    made.sign_out(teller)


def _sent_away(day: BranchDay, account: str) -> None:
    made, details = day.bank, digest(b"payee")
    for answer in ("settled", "returned", "completed"):
        route: transfers.Route = "branch" if answer == "completed" else "partner"
        body = transfers.TransferSent(account=account, route=route, currency="DKK", amount=10_00, details=details)
        sent = made.perform(day.teller, body).operation.id
        if answer == "settled":
            made.by_centre(transfers.TransferSettled(transfer=sent, currency="DKK", amount=10_00), BRANCH)
        elif answer == "returned":
            returned = transfers.TransferReturned(
                account=account, route=route, transfer=sent, currency="DKK", amount=10_00, reason="AC04"
            )
            made.by_centre(returned, BRANCH)
        else:
            made.by_centre(transfers.TransferCompleted(transfer=sent), BRANCH)
    received = transfers.TransferReceived(account=account, route="partner", transfer=None, currency="DKK", amount=5_00)
    made.by_centre(received, BRANCH)


def _reversal_of(signed: Signed) -> reversals.EntryReversed:
    lines = reversals.lines(reversed_postings(rules.decode(signed).postings))
    return reversals.EntryReversed(reverses=signed.operation.id, reverses_hash=signed.hash, postings=lines)


def _rows(made: BankInADict, table: type[Any]) -> list[Any]:
    return list(made.store.rows.get(table, {}).values())


def _words(made: _Recorder) -> dict[str, list[Any]]:
    """The bank's own values by what they are."""
    operations = [moment.decoded.signed for moment in made.moments]
    keys = [row.public_key for row in (*_rows(made, DeviceEpoch), *_rows(made, StaffKey), *_rows(made, Session))]
    accounts_opened = [each.operation.id for each in operations if each.operation.kind == "account.opened"]
    return {
        "identifier": [*accounts_opened * 8, *(each.operation.id for each in operations)],
        "digest": [*(each.hash for each in operations[-20:]), *made.signed_by, digest(b"record"), digest(b"payee")],
        "key": [*keys, *(key_name(key) for key in made.signed_by.values())],
        "code": [
            BRANCH,
            ELSEWHERE,
            "odense-1",
            "odense-2",
            "centre",
            f"centre-{BRANCH}",
            "mette",
            "jens",
            "ida",
            "kasse-1",
        ],
        "kind": sorted({each.operation.kind for each in operations}),
        "currency": ["DKK", "DKK", "DKK", "EUR", "XXX", "ZZZ"],
        "amount": [1, 100, 1_00, 10_00, 500_00, 9_000_00, 10**12, 2**53 - 1],
        "instant": [operations[-1].operation.at, "2026-11-20T23:00:00.000Z", "2036-11-20T23:00:00.000Z"],
        "date": ["2026-11-20", "2026-11-21", "0001-01-01", "9999-12-31"],
        "iban": [row.iban for row in _rows(made, Iban)],
        "number": [row.first for row in _rows(made, IbanBlock)] + [0, 1, 2],
        "account": [f"deposit:{each}" for each in accounts_opened]
        + ["vault", "drawer:kasse-1", "clearing:partners", "nostro", "deposit:", "deposit:x", "drawer:"],
        "stamp": ["1795161600000-0000-odense-1", "9999999999999-9999-x", "0000000000000-0000--"],
        "token": [each.jws for each in operations[-8:]],
        "actor": ["device", "centre", "staff:jens", "staff:mette", "staff:ida", "staff:nobody"],
        "drawer": [row.drawer for row in _rows(made, Drawer)],
    }
