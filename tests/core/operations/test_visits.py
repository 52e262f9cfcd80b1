"""A customer at another branch: what a device may do with a file that it was lent, and what nobody may without."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from core.book import Book, DictStore
from core.book.rows import Customer, DepositAccount, LentFile, Right, Session
from core.canonical import digest
from core.clock import instant
from core.envelope import Signed
from core.errors import IntegrityFault
from core.ledger import Posting, reversed_postings
from core.operations import accounts, bank, cash, drawers, rules, sessions
from core.operations.kind import Decoded
from core.operations.reversals import EntryReversed, lines
from core.operations.rights import RightsGranted, RightsReturned
from core.operations.visits import FileLent, FileReturned
from tests.bank import BRANCH, BankInADict, BranchDay, Chain, SignedIn, open_branch

HOUR_MS = 60 * 60 * 1000


@dataclass
class Visit:
    """An account of Odense with 900.00, and a desk at work in Aarhus."""

    day: BranchDay
    desk: Chain
    teller: SignedIn
    supervisor: SignedIn
    account: str

    @property
    def bank(self) -> BankInADict:
        """Of both."""
        return self.day.bank

    def loan(self, **changes: Any) -> FileLent:
        """The file as the centre lends it now."""
        row = self.bank.book.get(DepositAccount, self.account)
        assert row is not None
        given: dict[str, Any] = {
            "account": row.id,
            "customer": row.customer,
            "iban": row.iban,
            "product": row.product,
            "opened_on": row.opened_on,
            "currency": row.currency,
            "posted": row.posted,
            "overdraft_limit": row.overdraft_limit,
            "kyc": "approved",
            "registered_on": row.opened_on,
            "device": "aarhus-1",
            "epoch": 1,
            "until": instant(self.bank.clock.now_ms() + 4 * HOUR_MS),
            "fields": ("given_name", "family_name"),
            "record": digest(b"who"),
            "sessions": (self.teller.opened.jws, self.supervisor.opened.jws),
        }
        return FileLent(**{**given, **changes})

    def lend(self, **changes: Any) -> Decoded[Any]:
        """Lend it."""
        return self.bank.by_centre(self.loan(**changes), BRANCH)

    def grant(self, granted: int) -> Decoded[Any]:
        """Grant the visited desk rights, in all."""
        body = RightsGranted(account=self.account, device="aarhus-1", epoch=1, currency="DKK", granted=granted)
        return self.bank.by_centre(body, BRANCH)

    def returned(self, loan: Decoded[Any]) -> FileReturned:
        """The end of that loan."""
        return FileReturned(account=self.account, device="aarhus-1", epoch=1, loan=loan.operation.id)

    def deposit(self, amount: int) -> cash.CashDeposited:
        """Cash taken in for the account, anywhere."""
        return cash.CashDeposited(account=self.account, account_branch=BRANCH, currency="DKK", amount=amount)

    def withdrawal(self, amount: int) -> cash.CashWithdrawn:
        """Cash paid out of the account, anywhere."""
        return cash.CashWithdrawn(account=self.account, account_branch=BRANCH, currency="DKK", amount=amount)

    def draft(self, body: Any, **changes: Any) -> Decoded[Any]:
        """What the visited teller does at the drawer."""
        return self.bank.draft(self.teller, body, drawer="kasse-9", **changes)

    def row(self) -> DepositAccount:
        """The account."""
        row = self.bank.book.get(DepositAccount, self.account)
        assert row is not None
        return row

    def right(self) -> Right:
        """What the visited desk holds on it."""
        return self.bank.book.get(Right, self.account, "aarhus-1", 1) or Right(self.account, "aarhus-1", 1, 0, 0, 0, 0)

    def reaches(self, decoded: Decoded[Any]) -> set[str]:
        """The branches whose feeds it enters."""
        return set(rules.branches_reached(decoded, self.bank.book))


@pytest.fixture
def visit() -> Visit:
    day = open_branch()
    account = day.account()
    day.deposit(account, 900_00)
    day.bank.perform(day.teller, RightsReturned(account=account, currency="DKK", returned=900_00))
    day.bank.found_branch("aarhus")
    desk = day.bank.enrol("aarhus-1", "aarhus")
    day.bank.admit("karen", "supervisor", "aarhus")
    day.bank.admit("freja", branch="aarhus")
    day.bank.found_desk(desk, "karen", "freja")
    supervisor, teller = day.bank.sign_in(desk, "karen"), day.bank.sign_in(desk, "freja")
    day.bank.perform(teller, drawers.DayOpened())
    day.bank.perform(supervisor, drawers.VaultFunded(currency="DKK", amount=50_000_00))
    day.bank.perform(teller, drawers.DrawerOpened(currency="DKK", amount=10_000_00), drawer="kasse-9")
    return Visit(day, desk, teller, supervisor, account)


def test_an_account_that_was_never_lent_is_no_business_of_another_branch(visit: Visit) -> None:
    for body in (visit.deposit(100_00), visit.withdrawal(100_00)):
        with pytest.raises(IntegrityFault, match="branch_differs"):
            visit.bank.findings(visit.draft(body))
    grant = RightsGranted(account=visit.account, device="aarhus-1", epoch=1, currency="DKK", granted=100_00)
    assert visit.bank.findings(visit.bank.draft_by_centre(grant, BRANCH)) == ["account_elsewhere"]


def test_while_it_is_lent_cash_is_paid_out_within_rights_in_both_branches_books(visit: Visit) -> None:
    visit.lend()
    assert visit.bank.findings(visit.draft(visit.withdrawal(100_00))) == ["rights_exceeded"]
    visit.grant(300_00)
    paid = visit.draft(visit.withdrawal(200_00))
    assert visit.bank.take(paid) == []
    assert (visit.row().posted, visit.right().used, visit.row().rights) == (700_00, 200_00, 100_00)
    assert visit.bank.book.balance("aarhus", "drawer:kasse-9", "DKK") == 9_800_00
    between = [visit.bank.book.balance(branch, "clearing:branches", "DKK") for branch in (BRANCH, "aarhus")]
    assert between == [-200_00, 200_00]
    assert visit.reaches(paid) == {BRANCH, "aarhus"}


def test_a_credit_at_a_visited_branch_mints_nothing_there(visit: Visit) -> None:
    visit.lend()
    assert visit.bank.take(visit.draft(visit.deposit(500_00))) == []
    assert (visit.row().posted, visit.row().rights, visit.right().minted) == (1_400_00, 0, 0)
    assert visit.bank.findings(visit.draft(visit.withdrawal(1_00))) == ["rights_exceeded"]


def test_what_is_done_after_the_end_is_booked_with_a_finding(visit: Visit) -> None:
    """Cash has crossed the counter: whoever did it may not have heard that the file was taken back."""
    loan = visit.lend()
    visit.grant(300_00)
    visit.bank.by_centre(visit.returned(loan), BRANCH)
    assert visit.bank.take(visit.draft(visit.withdrawal(100_00))) == ["visit_ended"]
    visit.lend(until=instant(visit.bank.clock.now_ms() + HOUR_MS))
    assert visit.bank.take(visit.draft(visit.withdrawal(100_00))) == []
    visit.bank.clock.advance(2 * HOUR_MS)
    assert visit.bank.take(visit.draft(visit.deposit(10_00))) == ["visit_ended"]
    assert (visit.row().posted, visit.right().used) == (710_00, 200_00)


def test_nobody_stands_in_for_an_account_of_another_branch(visit: Visit) -> None:
    visit.lend()
    beyond = visit.draft(visit.withdrawal(50_00))
    authority = msgspec.structs.replace(beyond.operation.authority, rights=0, standin=50_00)  # type: ignore[type-var]
    draft = visit.draft(visit.withdrawal(50_00), authority=authority)
    assert "standin_not_allowed" in visit.bank.findings(draft)


def test_a_device_that_was_lent_one_file_posts_nowhere_else_in_that_branch(visit: Visit) -> None:
    visit.lend()
    other = visit.day.account()
    for account, ledger in ((other, f"deposit:{other}"), (visit.account, "vault")):
        wrong = (
            Posting("aarhus", "drawer:kasse-9", "DKK", 100),
            Posting("aarhus", "clearing:branches", "DKK", -100),
            Posting(BRANCH, "clearing:branches", "DKK", 100),
            Posting(BRANCH, ledger, "DKK", -100),
        )
        body = EntryReversed(reverses=account, reverses_hash=digest(b"any"), postings=lines(wrong))
        with pytest.raises(IntegrityFault, match="branch_differs"):
            visit.bank.findings(visit.bank.draft(visit.teller, body, approver=visit.supervisor))
    with pytest.raises(IntegrityFault, match="branch_differs"):
        visit.bank.findings(visit.draft(accounts.AccountFrozen(account=visit.account, reason="theft")))


def test_what_was_paid_out_to_a_visitor_is_undone_where_it_was_paid(visit: Visit) -> None:
    visit.lend()
    visit.grant(300_00)
    paid = visit.draft(visit.withdrawal(200_00))
    visit.bank.take(paid)
    postings = lines(reversed_postings(paid.postings))
    body = EntryReversed(reverses=paid.operation.id, reverses_hash=paid.signed.hash, postings=postings)
    assert visit.bank.take(visit.bank.draft(visit.teller, body, approver=visit.supervisor)) == []
    assert (visit.row().posted, visit.right().minted) == (900_00, 0)


@pytest.mark.parametrize("code", ["account_closing", "account_frozen", "visit_not_needed", "device_revoked"])
def test_a_file_is_lent_only_where_that_makes_sense(visit: Visit, code: str) -> None:
    changes: dict[str, Any] = {}
    if code == "account_frozen":
        visit.bank.by_centre(accounts.AccountFrozen(account=visit.account, reason="court-order"), BRANCH)
    elif code == "account_closing":
        row = msgspec.structs.replace(visit.row(), closings=1)
        visit.bank.book.put(row)
    elif code == "visit_not_needed":
        changes = {"device": "odense-1", "sessions": ()}
    else:
        visit.bank.by_centre(bank.DeviceRevoked(device="aarhus-1", epoch=1, head_seq=len(visit.desk.operations)))
    assert code in visit.bank.findings(visit.bank.draft_by_centre(visit.loan(**changes), BRANCH))


def test_the_centre_makes_up_no_session_for_a_visit(visit: Visit) -> None:
    """Who acts for whom is the person's own signature on their device, inside a loan as anywhere."""
    elsewhere = visit.day.teller.opened.jws
    other = visit.bank.sign(
        visit.desk, sessions.SessionClosed(session="A" * 43, reason="idle"), "device", visit.desk.key
    )
    opening = rules.decode(visit.teller.opened)
    forged = visit.bank.sign(visit.desk, opening.body, "device", visit.bank.centre_key)
    moved = visit.bank.sign(visit.desk, opening.body, "device", visit.desk.key)
    faults = {elsewhere: "session_of_another", other.signed.jws: "session_of_another"}
    faults |= {forged.signed.jws: "session_of_another", moved.signed.jws: "session_of_other_place"}
    for text, code in faults.items():
        with pytest.raises(IntegrityFault, match=code):
            visit.bank.findings(visit.bank.draft_by_centre(visit.loan(sessions=(text,)), BRANCH))


def test_a_device_gives_back_only_what_it_was_lent(visit: Visit) -> None:
    loan = visit.lend()
    assert visit.bank.findings(visit.bank.sign(visit.day.desk, visit.returned(loan), "device", visit.day.desk.key)) == [
        "file_not_lent"
    ]
    back = visit.bank.sign(visit.desk, visit.returned(loan), "device", visit.desk.key)
    assert visit.bank.take(back) == []
    assert visit.reaches(back) == {BRANCH, "aarhus"}
    assert visit.row().lent_to == ""
    again = visit.bank.sign(visit.desk, visit.returned(loan), "device", visit.desk.key)
    assert visit.bank.findings(again) == ["visit_ended"]


def test_both_branches_hear_of_whatever_bears_on_a_visit(visit: Visit) -> None:
    alone = visit.bank.by_centre(accounts.AccountFrozen(account=visit.account, reason="court-order"), BRANCH)
    assert visit.reaches(alone) == {BRANCH}
    lifted = accounts.FreezeLifted(account=visit.account, freeze=alone.operation.id)
    visit.bank.by_centre(lifted, BRANCH)
    loan = visit.lend()
    both = {BRANCH, "aarhus"}
    assert visit.reaches(loan) == both
    assert visit.reaches(visit.grant(100_00)) == both
    frozen = visit.bank.by_centre(accounts.AccountFrozen(account=visit.account, reason="court-order"), BRANCH)
    assert visit.reaches(frozen) == both
    back = visit.bank.by_device(visit.desk, RightsReturned(account=visit.account, currency="DKK", returned=100_00))
    assert visit.reaches(back) == both
    visit.bank.by_centre(visit.returned(loan), BRANCH)
    # What is signed there later may still be about what was done while it was lent.
    assert visit.reaches(rules.decode(visit.bank.sign_in(visit.desk, "freja").opened)) == both
    assert visit.reaches(visit.bank.draft(visit.teller, drawers.DayClosed())) == {"aarhus"}


def applied(operations: Iterable[Signed | Decoded[Any]]) -> DictStore:
    """The rows of a replica that reads these."""
    store = DictStore()
    for each in operations:
        book = Book(store)
        decoded = rules.decode(each) if isinstance(each, Signed) else each
        rules.verify(decoded, book)
        rules.apply(decoded, book)
        store.write(book)
    return store


def test_a_branch_that_never_saw_the_account_has_it_as_it_was_lent_and_nothing_of_its_keepers(visit: Visit) -> None:
    loan = visit.lend()
    grant = visit.grant(300_00)
    paid = visit.draft(visit.withdrawal(200_00))
    visit.bank.take(paid)
    bank_wide = [rules.decode(each) for each in visit.bank.chains["centre", 1].operations]
    visited = applied([*bank_wide, *visit.desk.operations[:-1], loan, grant, paid])
    account, customer = visited.rows[DepositAccount][(visit.account,)], next(iter(visited.rows[Customer].values()))
    assert isinstance(account, DepositAccount)
    assert isinstance(customer, Customer)
    assert (account.branch, account.posted, account.rights, account.lent_to) == (BRANCH, 700_00, 100_00, "aarhus")
    assert (customer.branch, customer.kyc, customer.kyc_keeper) == (BRANCH, "approved", "-")


def test_the_keeping_branch_verifies_what_was_done_there_by_the_sessions_in_the_loan(visit: Visit) -> None:
    loan, grant = visit.lend(), visit.grant(300_00)
    paid = visit.draft(visit.withdrawal(200_00))
    visit.bank.take(paid)
    bank_wide = [rules.decode(each) for each in visit.bank.chains["centre", 1].operations]
    keys = [rules.decode(each) for each in visit.desk.operations if each.operation.kind == "staff.keys_registered"]
    history: list[Signed | Decoded[Any]] = [*bank_wide, *keys, *visit.day.desk.operations]
    keeper = applied([*history, loan, grant, paid])
    assert keeper.rows[DepositAccount][(visit.account,)] == visit.row()
    assert {(row.person, row.device) for row in keeper.rows[Session].values() if isinstance(row, Session)} >= {
        ("freja", "aarhus-1"),
        ("karen", "aarhus-1"),
    }
    with pytest.raises(IntegrityFault, match="session_unknown"):
        applied([*history, visit.bank.draft_by_centre(visit.loan(sessions=()), BRANCH), paid])


def test_two_ends_of_one_loan_end_alike_in_any_order(visit: Visit) -> None:
    loan = visit.lend()
    by_centre = visit.bank.draft_by_centre(visit.returned(loan), BRANCH)
    by_device = visit.bank.sign(visit.desk, visit.returned(loan), "device", visit.desk.key)
    ends = []
    for order in itertools.permutations((by_centre, by_device)):
        book = Book(visit.bank.store)
        for each in order:
            rules.apply(each, book)
        ends.append((book.get(LentFile, visit.account, "aarhus-1", 1), book.get(DepositAccount, visit.account)))
    assert ends[0] == ends[1]
    assert ends[0][0] is not None
    assert ends[0][0].ended_by == min(by_centre.operation.id, by_device.operation.id)


def test_a_late_end_of_an_older_loan_ends_no_newer_one(visit: Visit) -> None:
    first = visit.lend()
    visit.lend()
    assert visit.bank.take(visit.bank.sign(visit.desk, visit.returned(first), "device", visit.desk.key)) == [
        "file_not_lent"
    ]
    assert visit.row().lent_to == "aarhus"
