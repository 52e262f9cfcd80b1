"""What people do at a counter: customers with habits before a teller, who asks the centre for rights where they lack.

Each habit is one visit. What the desk refuses is a visit too: the customer goes away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.book.rows import DepositAccount, Freeze
from core.device import Device, OpenSession, Performed, performing
from core.envelope import read_operation
from core.errors import EnvironmentProblem, Refusal
from core.ledger import reversed_postings
from core.operations import rules
from core.operations.accounts import AccountFrozen, AccountOpened, FreezeLifted
from core.operations.cash import CashDeposited, CashWithdrawn
from core.operations.customers import CustomerAmended, CustomerRegistered, KycDecided
from core.operations.kind import Body
from core.operations.registry import KINDS
from core.operations.reversals import EntryReversed, lines
from core.operations.terms import AccountClosureRequested
from core.operations.transfers import TransferMade, TransferRequested, TransferSent
from core.records import make_record
from counterfoil.simulation.model import payload_of
from counterfoil.simulation.narrating import told
from counterfoil.simulation.receipts import receipt_of
from counterfoil.simulation.replacing import swapped

if TYPE_CHECKING:
    from counterfoil.simulation.desk import Desk
    from counterfoil.simulation.simulation import Simulation

CURRENCY = "DKK"
AMOUNT_MAX = 60_000
"""What a customer brings or wants at most, in minor units."""

_NAMES = {kind.body: kind.name for kind in KINDS.values()}
_ASKING_PERCENT = 60
"""How often a teller asks the centre before paying out what the desk may not pay by itself."""
_HOT_PERCENT = 50
_STAYING = 2
"""The first customers of each branch never leave."""
_TAMPERED_PERCENT = 20
_ELSEWHERE_PERCENT = 25
_RECENT_MAX = 12
_STAYING_PERCENT = 60
"""How often a visiting customer is one whose file is at the desk already."""
_GOING_PERCENT = 15
_PAYING_IN_PERCENT = 40


@dataclass(frozen=True)
class Account:
    """A customer's account, as everybody in the bank may come to know it."""

    id: str
    branch: str
    iban: str
    customer: str


@dataclass(frozen=True)
class Visit:
    """A customer before a teller: which account it is about."""

    simulation: Simulation
    desk: Desk
    account: Account

    def do(
        self,
        body: Body,
        *,
        by: OpenSession | None = None,
        approver: OpenSession | None = None,
        records: Mapping[str, bytes] | None = None,
        standin: bool = False,
    ) -> Performed | None:
        """Draft it, have it approved where it needs that, and perform it. None where the desk refuses."""
        desk = self.desk
        session = by or desk.teller
        device = desk.device
        if session is None or device is None:
            return None
        draft = device.draft(_NAMES[type(body)], body, session=session, records=records, standin=standin)
        if draft.findings:
            self.simulation.note(f"{desk.title} refuses {draft.kind}: {draft.findings[0].code}")
            return None
        approval = None
        second = approver or desk.supervisor
        if draft.needs_second_person and second is not None:
            approval = device.approve(draft, second)
        done = device.perform(draft, approval)
        if not isinstance(done, Performed):
            self.simulation.note(f"{desk.title} refuses {draft.kind}: {done.first.code}")
            return None
        if self.simulation.journal is not None:
            self.simulation.note(f"{desk.title} performs {told(payload_of(done.signed.jws))}")
        self.simulation.receipts.append(receipt_of(desk, done.signed.jws, done.id, done.postings))
        return done

    def payable(self, amount: int) -> int:
        """What can be paid out of the account here, the centre asked for what lacks if the teller thinks of it."""
        device, loop = self.desk.device, self.desk.loop
        if device is None or loop is None:
            return 0
        payable = device.payable_here(self.account.id)
        if payable < amount and self.simulation.chance.happens(_ASKING_PERCENT):
            payable = loop.ensure_rights(self.account.id, amount)
            self.simulation.note(f"{self.desk.title} asks for {amount} and may pay {payable}")
        return payable


def deposit(visit: Visit) -> None:
    """Cash over the counter."""
    amount = visit.simulation.chance.amount(AMOUNT_MAX)
    account = visit.account
    visit.do(
        CashDeposited(account=account.id, account_branch=account.branch, currency=CURRENCY, amount=amount),
    )


def withdraw(visit: Visit) -> None:
    """Cash paid out: what is wanted, or what there is."""
    wanted = visit.simulation.chance.amount(AMOUNT_MAX)
    amount = min(wanted, visit.payable(wanted))
    if amount < 1:
        return
    account = visit.account
    done = visit.do(CashWithdrawn(account=account.id, account_branch=account.branch, currency=CURRENCY, amount=amount))
    _remember(visit, done)


def withdraw_too_much(visit: Visit) -> None:
    """A customer who wants more than the desk may pay: it must refuse."""
    device = visit.desk.device
    if device is None:
        return
    amount = device.payable_here(visit.account.id) + visit.simulation.chance.up_to(1000)
    account = visit.account
    done = visit.do(CashWithdrawn(account=account.id, account_branch=account.branch, currency=CURRENCY, amount=amount))
    if done is not None:
        visit.simulation.violated("rights_kept", f"{visit.desk.title} paid {amount} without the right to")


def stand_in(visit: Visit) -> None:
    """With the line down a supervisor lets a customer have more than the desk may pay by itself."""
    device, account = visit.desk.device, visit.account
    if device is None:
        return
    amount = max(0, device.payable_here(account.id)) + visit.simulation.chance.up_to(15_000)
    body = CashWithdrawn(account=account.id, account_branch=account.branch, currency=CURRENCY, amount=amount)
    _remember(visit, visit.do(body, standin=True))


def ask_for_transfer(visit: Visit) -> None:
    """More than the desk's rights cover: the centre is asked."""
    simulation, account = visit.simulation, visit.account
    others = [each for each in simulation.accounts[account.branch] if each.id != account.id]
    if not others:
        return
    payee, amount = simulation.chance.one_of(others), simulation.chance.amount(AMOUNT_MAX)
    visit.do(
        TransferRequested(
            account=account.id, route="own", payee_account=payee.id, currency=CURRENCY, amount=amount, details=None
        )
    )


def close_account(visit: Visit) -> None:
    """A customer takes out what is left, or pays in what is lacking, and wants the account closed."""
    simulation = visit.simulation
    rows = visit.desk.home.rows.tables.get(DepositAccount, {})
    others = simulation.accounts[visit.account.branch][_STAYING:]
    known = [(account, row) for account in others if isinstance(row := rows.get((account.id,)), DepositAccount)]
    indebted = [one for one in known if one[1].overdraft_limit]
    if not known:
        return
    account, row = simulation.chance.one_of(indebted or known)
    leaving = replace(visit, account=account)
    if row.posted > 0:
        amount = min(row.posted, leaving.payable(row.posted))
        if amount:
            leaving.do(
                CashWithdrawn(account=account.id, account_branch=account.branch, currency=CURRENCY, amount=amount)
            )
    elif row.posted < 0:
        leaving.do(
            CashDeposited(account=account.id, account_branch=account.branch, currency=CURRENCY, amount=-row.posted)
        )
    leaving.do(AccountClosureRequested(account=account.id))


def pay_within(visit: Visit) -> None:
    """A transfer to another customer of the branch."""
    simulation = visit.simulation
    others = [each for each in simulation.accounts[visit.account.branch] if each.id != visit.account.id]
    if not others:
        return
    wanted = simulation.chance.amount(AMOUNT_MAX)
    payee = simulation.chance.one_of(others)
    amount = min(wanted, visit.payable(wanted))
    if amount < 1:
        return
    body = TransferMade(account=visit.account.id, payee_account=payee.id, currency=CURRENCY, amount=amount)
    _remember(visit, visit.do(body))


def pay_elsewhere(visit: Visit) -> None:
    """A transfer to another branch, to a partner bank, or to an account that nobody has."""
    simulation, chance = visit.simulation, visit.simulation.chance
    iban, partner = simulation.payee_elsewhere(visit.account.branch)
    wanted = chance.amount(AMOUNT_MAX)
    amount = min(wanted, visit.payable(wanted))
    if amount < 1:
        return
    fields = {"payee_iban": iban, "payee_name": "Skovby", "remittance": "Rent", "payer_name": "Holm"}
    digest, data = make_record(fields, chance.randbytes)
    body = TransferSent(
        account=visit.account.id,
        route="partner" if partner else "branch",
        currency=CURRENCY,
        amount=amount,
        details=digest,
    )
    visit.do(body, records={digest: data})


def _remember(visit: Visit, done: Performed | None) -> None:
    if done is not None:
        visit.desk.recent.append(done.signed.jws)
        del visit.desk.recent[:-_RECENT_MAX]


def reverse(visit: Visit) -> None:
    """A mistake is undone, sometimes one that was undone before."""
    desk = visit.desk
    if not desk.recent:
        return
    jws = visit.simulation.chance.one_of(desk.recent)
    original = read_operation(jws)
    decoded = visit.simulation.decode(original)
    body = EntryReversed(
        reverses=original.operation.id,
        reverses_hash=original.hash,
        postings=lines(reversed_postings(decoded.postings)),
    )
    visit.do(body)


def freeze(visit: Visit) -> None:
    """Something is wrong with the account: nothing may leave it."""
    visit.do(AccountFrozen(account=visit.account.id, reason="suspicion"))


def lift(visit: Visit) -> None:
    """A freeze that stands, or stood, is lifted by naming it: whichever desk or clerk has placed it."""
    rows = visit.desk.home.rows.tables.get(Freeze, {}).values()
    known = sorted((row for row in rows if isinstance(row, Freeze)), key=lambda freeze: freeze.id)
    standing = [freeze for freeze in known if freeze.lifted_by is None]
    if not known:
        return
    freeze = visit.simulation.chance.one_of(standing or known)
    visit.do(FreezeLifted(account=freeze.account, freeze=freeze.id))


def amend(visit: Visit) -> None:
    """A customer has moved: two desks may write it down at once."""
    simulation, device = visit.simulation, visit.desk.device
    if device is None:
        return
    digest, data = make_record({"city": f"city-{simulation.chance.up_to(99)}"}, simulation.chance.randbytes)
    body = CustomerAmended(customer=visit.account.customer, fields=("city",), stamp=device.next_stamp(), record=digest)
    visit.do(body, records={digest: data})


def open_account(visit: Visit) -> None:
    """Somebody becomes a customer, is found to be who they say they are, and opens an account."""
    simulation, desk, device = visit.simulation, visit.desk, visit.desk.device
    if device is None:
        return
    fields = {"given_name": "Ane", "family_name": "Holm", "born_on": "1970-01-01"}
    digest, data = make_record(fields, simulation.chance.randbytes)
    registered = CustomerRegistered(
        fields=("given_name", "family_name", "born_on"), stamp=device.next_stamp(), record=digest
    )
    customer = visit.do(registered, records={digest: data})
    if customer is None:
        return
    evidence, seen = make_record({"document": "passport"}, simulation.chance.randbytes)
    decided = KycDecided(customer=customer.id, decision="approved", term=1, evidence=evidence)
    number = device.next_iban()
    if visit.do(decided, by=desk.supervisor, records={evidence: seen}) is None or number is None:
        return
    opened = AccountOpened(customer=customer.id, product="current", currency=CURRENCY, iban=number[0], block=number[1])
    done = visit.do(opened)
    if done is not None:
        simulation.accounts[desk.branch].append(Account(done.id, desk.branch, number[0], customer.id))


def visitor(visit: Visit) -> None:
    """A customer of another branch, whose file is asked for while the line is up; it stays until it is over."""
    simulation, desk, chance = visit.simulation, visit.desk, visit.simulation.chance
    device, loop = desk.device, desk.loop
    others = [account for name in sorted(simulation.accounts) for account in simulation.accounts[name]]
    away = [account for account in others if account.branch != desk.branch]
    if device is None or loop is None or not away:
        return
    lent = [account for account in away if device.loan(account.id) is not None]
    account = chance.one_of(lent) if lent and chance.happens(_STAYING_PERCENT) else chance.one_of(away)
    if device.loan(account.id) is None:
        try:
            loop.ask_for_file(account.iban)
        except EnvironmentProblem as problem:
            simulation.note(f"{desk.title} has no file of {account.id}: {problem.code}")
            return
    elif chance.happens(_GOING_PERCENT):
        device.give_back(account.id)
        simulation.note(f"{desk.title} gives the file of {account.id} back")
        return
    (deposit if chance.happens(_PAYING_IN_PERCENT) else withdraw)(Visit(simulation, desk, account))


HABITS: tuple[tuple[Callable[[Visit], None], int], ...] = (
    (deposit, 22),
    (withdraw, 34),
    (withdraw_too_much, 3),
    (pay_within, 12),
    (pay_elsewhere, 10),
    (reverse, 6),
    (freeze, 3),
    (lift, 5),
    (amend, 3),
    (open_account, 2),
    (stand_in, 6),
    (ask_for_transfer, 4),
    (close_account, 4),
    (visitor, 3),
)
_HABITS = tuple(habit for habit, _ in HABITS)
_WEIGHTS = tuple(weight for _, weight in HABITS)


def tampered(visit: Visit) -> None:
    """Somebody has changed the program of this desk: it pays whatever is asked. The centre must count and notice."""
    simulation, desk, account = visit.simulation, visit.desk, visit.account
    device = desk.device
    if device is None:
        return
    simulation.dishonest.add(desk.chain)
    if simulation.chance.happens(_ELSEWHERE_PERCENT):
        _take_in_elsewhere(visit, device)
        return
    amount = max(0, device.payable_here(account.id)) + simulation.chance.amount(AMOUNT_MAX)
    body = CashWithdrawn(account=account.id, account_branch=account.branch, currency=CURRENCY, amount=amount)
    with swapped(performing, "_findings", _nothing_speaks_against_it):
        done = device.act("cash.withdrawn", body, session=desk.teller)
    if isinstance(done, Performed):
        simulation.note(f"{desk.title}, tampered with, pays {amount} from {account.id}")


def _take_in_elsewhere(visit: Visit, device: Device) -> None:
    """Cash for an account of another branch, which no honest program takes without that branch's file."""
    simulation, desk = visit.simulation, visit.desk
    others = [account for name in sorted(simulation.accounts) for account in simulation.accounts[name]]
    account = simulation.chance.one_of([each for each in others if each.branch != desk.branch])
    amount = simulation.chance.amount(AMOUNT_MAX)
    body = CashDeposited(account=account.id, account_branch=account.branch, currency=CURRENCY, amount=amount)
    with swapped(performing, "_findings", _nothing_speaks_against_it), swapped(rules, "verify", _all_is_well):
        device.act("cash.deposited", body, session=desk.teller)
    simulation.note(f"{desk.title}, tampered with, takes in {amount} for {account.id} of {account.branch}")


def _all_is_well(*_asked: object) -> None:
    return None


def _nothing_speaks_against_it(*_asked: object) -> tuple[Refusal, ...]:
    return ()


def serve(simulation: Simulation, desk: Desk) -> None:
    """One customer comes to a desk's counter."""
    chance = simulation.chance
    known = simulation.accounts[desk.branch]
    account = known[0] if chance.happens(_HOT_PERCENT) else chance.one_of(known)
    habit = chance.choices(_HABITS, weights=_WEIGHTS)[0]
    if desk.chain in simulation.dishonest and desk.copy_of is None and chance.happens(_TAMPERED_PERCENT):
        habit = tampered
    habit(Visit(simulation, desk, account))
