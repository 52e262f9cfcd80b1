"""The demo's past: customers, accounts and some weeks of business, made by a back office's signed operations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

from core.clock import SharedClock
from core.device import Device, OpenSession, Performed
from core.ids import system_randomness
from core.ledger import drawer as drawer_account
from core.operations.accounts import AccountOpened
from core.operations.cash import CashDeposited, CashWithdrawn
from core.operations.customers import CustomerRegistered, KycDecided
from core.operations.drawers import DayClosed, DayOpened, DrawerClosed, DrawerOpened, VaultFunded
from core.operations.kind import Body
from core.operations.registry import KINDS
from core.operations.transfers import TransferMade
from core.records import make_record
from core.store.queries.books import ledger_balance
from counterfoil.demo import names, world
from counterfoil.demo.desks import MadeDesk, done, found_by_hand
from counterfoil.demo.names import CustomerPlan

CUSTOMERS_PER_BRANCH = 120
BUSINESS_DAYS = 10
_OPENED_PER_DAY = 24
_FLOAT = 20_000_000
_FUNDING = 150_000_000
_MINUTE_MS = 60_000
KIND_NAMES = {kind.body: kind.name for kind in KINDS.values()}


@dataclass(frozen=True, slots=True)
class SeededAccount:
    """An account that the history opened."""

    id: str
    iban: str
    name: str


class BackOffice:
    """One branch's back office at work, a business day at a time."""

    def __init__(self, desk: MadeDesk, clock: SharedClock, seed: int) -> None:
        self._desk = desk
        self._device: Device = desk.device
        self._clock = clock
        self._open_session = found_by_hand(desk, clock)
        self._random = Random(f"{desk.plan.branch}-{seed}")  # noqa: S311 - a made-up past, the same every time
        self._plans = names.customers(desk.plan.branch, CUSTOMERS_PER_BRANCH, seed)
        self._teller: OpenSession | None = None
        self._supervisor: OpenSession | None = None
        self._date = ""
        self._drawer = desk.plan.device
        self.accounts: list[SeededAccount] = []
        self._held: dict[str, int] = {}

    def work(self, day: date, *, first: bool) -> None:
        """One business day, from opening to closing; then everything is sent."""
        self._date = day.isoformat()
        opening = datetime(day.year, day.month, day.day, 8, 0, tzinfo=UTC)
        self._clock.set(max(self._clock.now_ms() + _MINUTE_MS, int(opening.timestamp() * 1000)))
        # The line is there in the morning, and with it the day's lease.
        self._desk.loop.step()
        self._begin(first=first)
        for plan in self._plans[len(self.accounts) : len(self.accounts) + _OPENED_PER_DAY]:
            self._welcome(plan)
        for account in self._random.sample(self.accounts, min(len(self.accounts), 30)):
            self._serve(account)
        self._end()
        self._desk.loop.step()

    def _begin(self, *, first: bool) -> None:
        teller, supervisor = self._desk.plan.people
        self._teller = self._open_session(teller)
        self._supervisor = self._open_session(supervisor)
        self._do(DayOpened())
        if first:
            self._do(VaultFunded(currency=world.CURRENCY, amount=_FUNDING), by=self._supervisor)
        self._do(DrawerOpened(currency=world.CURRENCY, amount=_FLOAT), with_drawer=True)

    def _end(self) -> None:
        with self._device.reading() as connection:
            expected = ledger_balance(connection, self._desk.plan.branch, drawer_account(self._drawer), world.CURRENCY)
        body = DrawerClosed(currency=world.CURRENCY, counts=counts_of(expected), counted=expected, expected=expected)
        self._do(body, with_drawer=True)
        self._do(DayClosed(), with_drawer=True)
        for session in (self._teller, self._supervisor):
            if session is not None:
                self._device.close_session(session, "signed-out")

    def _welcome(self, plan: CustomerPlan) -> None:
        """Register, identify, open an account, take the first deposit."""
        digest, record = make_record(plan.fields, system_randomness)
        registered = self._do(
            CustomerRegistered(fields=tuple(plan.fields), stamp=self._device.next_stamp(), record=digest),  # type: ignore[arg-type]
            records={digest: record},
        )
        evidence, record = make_record(
            {"document": "passport", "number": f"DK{self._random.randrange(10**8, 10**9)}", "seen": "in person"},
            system_randomness,
        )
        self._do(
            KycDecided(customer=registered.id, decision="approved", term=1, evidence=evidence),
            records={evidence: record},
            by=self._supervisor,
        )
        iban, block = self._number()
        opened = self._do(
            AccountOpened(customer=registered.id, product="current", currency=world.CURRENCY, iban=iban, block=block)
        )
        self.accounts.append(SeededAccount(opened.id, iban, plan.name))
        self._deposit(opened.id, self._random.randrange(500, 60_000) * 100, "First deposit")

    def _number(self) -> tuple[str, int]:
        number = self._device.next_iban()
        if number is None:
            self._desk.loop.step()
            number = self._device.next_iban()
        if number is None:
            raise RuntimeError("the centre leased no account numbers")
        return number

    def _serve(self, account: SeededAccount) -> None:
        """What customers come for: money in, money out, a transfer to somebody of the branch."""
        choice = self._random.random()
        held = self._held[account.id]
        if choice < 0.5 or held < 100_000:
            self._deposit(account.id, self._random.randrange(50, 9_000) * 100, self._random.choice(names.NARRATIVES_IN))
        elif choice < 0.8:
            self._withdraw(account.id, min(held // 2, self._random.randrange(100, 3_000) * 100) // 100 * 100)
        else:
            self._transfer(account, min(held // 3, self._random.randrange(50, 2_000) * 100))

    def _deposit(self, account: str, amount: int, narrative: str) -> None:
        digest, record = make_record({"narrative": narrative}, system_randomness)
        body = CashDeposited(
            account=account,
            account_branch=self._desk.plan.branch,
            currency=world.CURRENCY,
            amount=amount,
            details=digest,
        )
        self._do(body, records={digest: record}, with_drawer=True)
        self._held[account] = self._held.get(account, 0) + amount

    def _withdraw(self, account: str, amount: int) -> None:
        self._desk.loop.ensure_rights(account, amount)
        digest, record = make_record({"narrative": self._random.choice(names.NARRATIVES_OUT)}, system_randomness)
        body = CashWithdrawn(
            account=account,
            account_branch=self._desk.plan.branch,
            currency=world.CURRENCY,
            amount=amount,
            details=digest,
        )
        self._do(body, records={digest: record}, with_drawer=True)
        self._held[account] -= amount

    def _transfer(self, payer: SeededAccount, amount: int) -> None:
        self._desk.loop.ensure_rights(payer.id, amount)
        payee = self._random.choice([account for account in self.accounts if account.id != payer.id])
        digest, record = make_record(
            {
                "payee_iban": payee.iban,
                "payee_name": payee.name,
                "payer_name": payer.name,
                "remittance": self._random.choice(names.REMITTANCES),
            },
            system_randomness,
        )
        body = TransferMade(
            account=payer.id, payee_account=payee.id, currency=world.CURRENCY, amount=amount, details=digest
        )
        self._do(body, records={digest: record})
        self._held[payer.id] -= amount
        self._held[payee.id] = self._held.get(payee.id, 0) + amount

    def _do(
        self,
        body: Body,
        *,
        records: dict[str, bytes] | None = None,
        by: OpenSession | None = None,
        with_drawer: bool = False,
    ) -> Performed:
        self._clock.advance(self._random.randrange(20, 90) * 1000)
        kind = KIND_NAMES[type(body)]
        draft = self._device.draft(
            kind,
            body,
            session=by or self._teller,
            drawer=self._drawer if with_drawer else None,
            business_date=self._date,
            records=records,
        )
        return done(self._device.perform(draft))

    def hand_over(self) -> None:
        """Give every spending right back, so that the desks at the counter may have them."""
        # A step may bring the allowance on accounts that it has not asked for in the last minutes.
        while self._device.hand_back_surplus(0):
            self._desk.loop.step()


def counts_of(amount: int) -> dict[int, int]:
    """Notes and coins that come to the amount, the largest first (minor units by pieces)."""
    counts: dict[int, int] = {}
    for value in (100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 1):
        pieces, amount = divmod(amount, value)
        if pieces:
            counts[value] = pieces
    return counts


def business_days(last: date, count: int) -> list[date]:
    """`count` weekdays that end before `last`."""
    days: list[date] = []
    day = last
    while len(days) < count:
        day -= timedelta(days=1)
        if day.weekday() < 5:
            days.append(day)
    return days[::-1]
