"""Every entry balances in each branch and currency by itself, and what undoes an entry is its mirror."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.ledger import (
    CLEARING_BRANCHES,
    VAULT,
    Posting,
    deposit,
    deposit_id,
    drawer,
    imbalances,
    moved_across_branches,
    reversed_postings,
)

branches = st.sampled_from(("odense", "aarhus", "ribe"))
amounts = st.integers(-(10**12), 10**12)
postings = st.builds(
    Posting, branches, st.sampled_from((VAULT, drawer("kasse-1"))), st.sampled_from(("DKK", "EUR")), amounts
)
entries = st.lists(postings, max_size=12)


@given(here=branches, there=branches, amount=amounts)
def test_money_moved_between_branches_leaves_both_in_balance(here: str, there: str, amount: int) -> None:
    moved = moved_across_branches(here, there, "DKK", amount, debit_here=VAULT, credit_there=deposit("a"))
    assert imbalances(moved) == {}
    assert Posting(here, VAULT, "DKK", amount) in moved
    assert Posting(there, deposit("a"), "DKK", -amount) in moved
    assert len(moved) == (2 if here == there else 4)
    assert sum(line.amount for line in moved if line.account == CLEARING_BRANCHES) == 0


@given(entry=entries)
def test_what_is_left_over_is_named_by_branch_and_currency(entry: list[Posting]) -> None:
    left = imbalances(entry)
    for branch in ("odense", "aarhus", "ribe"):
        for currency in ("DKK", "EUR"):
            total = sum(line.amount for line in entry if (line.branch, line.currency) == (branch, currency))
            assert left.get((branch, currency), 0) == total
    assert 0 not in left.values()


def test_one_branch_does_not_make_up_for_another_nor_one_currency_for_another() -> None:
    across = (Posting("odense", VAULT, "DKK", 100), Posting("aarhus", VAULT, "DKK", -100))
    assert imbalances(across) == {("odense", "DKK"): 100, ("aarhus", "DKK"): -100}
    exchanged = (Posting("odense", VAULT, "DKK", 100), Posting("odense", VAULT, "EUR", -100))
    assert imbalances(exchanged) == {("odense", "DKK"): 100, ("odense", "EUR"): -100}


@given(entry=entries)
def test_an_entry_and_its_reversal_come_to_nothing(entry: list[Posting]) -> None:
    assert reversed_postings(reversed_postings(entry)) == tuple(entry)
    assert imbalances((*entry, *reversed_postings(entry))) == {}


def test_a_deposit_account_is_told_from_the_banks_own() -> None:
    assert deposit_id(deposit("01a2")) == "01a2"
    assert deposit_id(drawer("kasse-1")) is None
    assert deposit_id(VAULT) is None
