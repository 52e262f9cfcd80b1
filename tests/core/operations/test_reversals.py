"""A mistake is answered by a new entry, by two people, once."""

from __future__ import annotations

import pytest

from core.book.rows import DepositAccount
from core.envelope import Signed
from core.errors import IntegrityFault
from core.ledger import reversed_postings
from core.operations import rules
from core.operations.reversals import EntryReversed, Line, lines
from tests.bank import BranchDay


def reversal_of(signed: Signed) -> EntryReversed:
    postings = rules.decode(signed).postings
    return EntryReversed(
        reverses=signed.operation.id, reverses_hash=signed.hash, postings=lines(reversed_postings(postings))
    )


def test_a_deposit_is_taken_back_by_two_people(day: BranchDay) -> None:
    account = day.account()
    body = reversal_of(day.deposit(account, 700_00))
    assert day.bank.findings(day.bank.draft(day.teller, body)) == ["approval_needed"]
    day.bank.perform(day.teller, body, approver=day.supervisor)
    row = day.bank.book.get(DepositAccount, account)
    assert row is not None
    assert (row.posted, row.rights) == (0, 0)
    assert day.bank.book.balance("odense", "drawer:kasse-1", "DKK") == 10_000_00


def test_nothing_is_reversed_twice(day: BranchDay) -> None:
    body = reversal_of(day.deposit(day.account(), 700_00))
    day.bank.perform(day.teller, body, approver=day.supervisor)
    assert "already_reversed" in day.bank.findings(day.bank.draft(day.teller, body, approver=day.supervisor))


def test_a_deposit_that_was_spent_is_not_taken_back(day: BranchDay) -> None:
    account = day.account()
    deposited = day.deposit(account, 700_00)
    day.by_teller(day.withdrawal(account, 1))
    draft = day.bank.draft(day.teller, reversal_of(deposited), approver=day.supervisor)
    assert day.bank.findings(draft) == ["rights_exceeded"]


def test_a_withdrawal_taken_back_can_be_paid_out_again(day: BranchDay) -> None:
    account = day.account()
    day.deposit(account, 700_00)
    paid = day.by_teller(day.withdrawal(account, 700_00))
    day.bank.perform(day.teller, reversal_of(paid), approver=day.supervisor)
    day.by_teller(day.withdrawal(account, 700_00))


def test_a_reversal_that_does_not_balance_posts_nothing(day: BranchDay) -> None:
    body = reversal_of(day.deposit(day.account(), 700_00))
    lame = EntryReversed(reverses=body.reverses, reverses_hash=body.reverses_hash, postings=body.postings[:1])
    draft = day.bank.draft(day.teller, lame, approver=day.supervisor)
    assert draft.postings == ()
    with pytest.raises(IntegrityFault, match="reversal_unbalanced"):
        day.bank.findings(draft)


@pytest.mark.parametrize("account", ["deposit:", "deposit:x", "deposit:01a1f7f8-6e80-1000-8000-000000000000"])
def test_a_line_names_a_customer_s_account_by_an_id(day: BranchDay, account: str) -> None:
    """The centre could neither keep nor hold what has none."""
    body = reversal_of(day.deposit(day.account(), 700_00))
    named = tuple(Line(line.branch, account, line.currency, line.amount) for line in body.postings)
    nowhere = EntryReversed(reverses=body.reverses, reverses_hash=body.reverses_hash, postings=named)
    with pytest.raises(IntegrityFault, match="body_malformed"):
        day.bank.draft(day.teller, nowhere, approver=day.supervisor)


def test_a_reversal_undoes_exactly_what_it_names(day: BranchDay) -> None:
    small, large = (reversal_of(day.deposit(day.account(), amount)) for amount in (100_00, 700_00))
    swapped = EntryReversed(reverses=small.reverses, reverses_hash=small.reverses_hash, postings=large.postings)
    draft = day.bank.draft(day.teller, swapped, approver=day.supervisor)
    assert day.bank.findings(draft) == ["reversal_differs"]


def test_only_an_operation_of_this_chain_is_reversed(day: BranchDay) -> None:
    body = reversal_of(day.deposit(day.account(), 700_00))
    forged = EntryReversed(reverses=body.reverses, reverses_hash="A" * 43, postings=body.postings)
    unknown = EntryReversed(reverses=day.account(), reverses_hash="A" * 43, postings=body.postings)
    nowhere = EntryReversed(
        reverses="01a1f7f8-6e80-7000-8000-000000000000", reverses_hash="A" * 43, postings=body.postings
    )
    found = [
        day.bank.findings(day.bank.draft(day.teller, each, approver=day.supervisor))
        for each in (forged, unknown, nowhere)
    ]
    assert found == [["reversed_elsewhere"], ["reversed_elsewhere", "not_reversible"], ["reversed_unknown"]]
