"""A desk of a served bank at work: two people at it, customers, and everything that a day brings."""

from __future__ import annotations

from dataclasses import dataclass

from core.clock import instant
from core.device import OpenSession, Performed
from core.ids import system_randomness
from core.ledger import reversed_postings
from core.operations import accounts, cash, customers, drawers, reversals, transfers
from core.operations.kind import Body
from core.operations.registry import KINDS
from core.records import make_record
from tests.signing_bank import RealDesk

_NAMES = {kind.body: kind.name for kind in KINDS.values()}


@dataclass
class WorkedDesk:
    """A founded desk; `work` opens its day. Amounts are øre."""

    desk: RealDesk
    branch: str
    supervisor_code: str
    teller_code: str

    def open(self) -> None:
        """Two people sign in, the day and a drawer are opened."""
        self.supervisor = self.desk.sign_in(self.supervisor_code).session
        self.teller = self.desk.sign_in(self.teller_code).session
        today = instant(self.desk.bank.clock.now_ms())[:10]
        self.drawer = f"kasse-{self.desk.code}"
        self.perform(drawers.DayOpened(), business_date=today)
        self.perform(drawers.VaultFunded(currency="DKK", amount=50_000_00), by=self.supervisor)
        self.perform(drawers.DrawerOpened(currency="DKK", amount=10_000_00), drawer=self.drawer)

    def perform(
        self, body: Body, *, by: OpenSession | None = None, approved: bool = False, **more: object
    ) -> Performed:
        """Do it, and expect that it is done."""
        self.desk.bank.clock.advance(1000)
        device = self.desk.device
        draft = device.draft(_NAMES[type(body)], body, session=by or self.teller, **more)  # type: ignore[arg-type]
        approval = device.approve(draft, self.supervisor) if approved else None
        done = device.perform(draft, approval)
        assert isinstance(done, Performed), done
        return done

    def customer(self, given: str, family: str) -> str:
        """A customer whose identity is approved."""
        fields = {"given_name": given, "family_name": family, "born_on": "1970-01-31", "telephone": "+45 20 30 40 50"}
        digest, data = make_record(fields, system_randomness)
        stamp = self.desk.device.next_stamp()
        body = customers.CustomerRegistered(fields=tuple(fields), stamp=stamp, record=digest)  # type: ignore[arg-type]
        customer = self.perform(body, records={digest: data}).id
        evidence, seen = make_record({"document": "passport"}, system_randomness)
        decided = customers.KycDecided(customer=customer, decision="approved", term=1, evidence=evidence)
        self.perform(decided, by=self.supervisor, records={evidence: seen})
        return customer

    def account(self, customer: str) -> str:
        """An account of theirs."""
        found = self.desk.device.next_iban()
        assert found is not None
        body = accounts.AccountOpened(
            customer=customer, product="current", currency="DKK", iban=found[0], block=found[1]
        )
        return self.perform(body).id

    def deposit(self, account: str, amount: int) -> Performed:
        """Cash in."""
        body = cash.CashDeposited(account=account, account_branch=self.branch, currency="DKK", amount=amount)
        return self.perform(body)

    def withdraw(self, account: str, amount: int, *, approved: bool = False) -> Performed:
        """Cash out."""
        body = cash.CashWithdrawn(account=account, account_branch=self.branch, currency="DKK", amount=amount)
        return self.perform(body, approved=approved)

    def send(self, account: str, amount: int, route: transfers.Route) -> Performed:
        """Money that leaves the branch."""
        fields = {"payee_iban": "DK5000400440116243", "payee_name": "Skovby", "remittance": "Rent"}
        details, data = make_record(fields, system_randomness)
        body = transfers.TransferSent(account=account, route=route, currency="DKK", amount=amount, details=details)
        return self.perform(body, records={details: data})

    def reverse(self, done: Performed) -> Performed:
        """Undo it."""
        body = reversals.EntryReversed(
            reverses=done.id,
            reverses_hash=done.signed.hash,
            postings=reversals.lines(reversed_postings(done.postings)),
        )
        return self.perform(body, approved=True)

    def work(self) -> tuple[str, ...]:
        """A day of everything; the accounts."""
        self.open()
        ane, bo = self.customer("Ane", "Holm"), self.customer("Bo", "Ørsted")
        first, second = self.account(ane), self.account(bo)
        self.deposit(first, 9_000_00)
        self.deposit(second, 4_000_00)
        self.withdraw(first, 1_000_00)
        self.withdraw(second, 100_00)
        self.reverse(self.deposit(second, 77_00))
        made = transfers.TransferMade(account=first, payee_account=second, currency="DKK", amount=250_00)
        self.perform(made)
        self.send(first, 300_00, "branch")
        self.send(second, 120_00, "partner")
        digest, data = make_record({"telephone": "+45 99 88 77 66"}, system_randomness)
        amended = customers.CustomerAmended(
            customer=bo, fields=("telephone",), stamp=self.desk.device.next_stamp(), record=digest
        )
        self.perform(amended, records={digest: data})
        frozen = self.perform(accounts.AccountFrozen(account=first, reason="lost-card"))
        self.perform(accounts.FreezeLifted(account=first, freeze=frozen.id), approved=True)
        self.perform(accounts.AccountFrozen(account=second, reason="court-order"))
        self.desk.sync()
        return first, second
