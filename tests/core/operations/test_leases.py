"""A lease says until when and up to what a device pays by itself; beyond its rights only two people may."""

from __future__ import annotations

from typing import Any

import pytest

from core.book.rows import DepositAccount, Lease, Right, Spending
from core.clock import instant
from core.envelope import Authority
from core.ledger import reversed_postings
from core.operations.cash import CashDeposited
from core.operations.leases import LeaseRenewed, check_lease_time
from core.operations.reversals import EntryReversed, lines
from core.operations.rights import payable_by
from core.operations.transfers import TransferMade
from tests.bank import BRANCH, BranchDay

_HOUR_MS = 60 * 60 * 1000


def lease(day: BranchDay, number: int, hours: int = 8, **changes: int) -> LeaseRenewed:
    """A lease that allows much, but for what is changed."""
    ceilings = {
        "per_payment": 10_000_00,
        "payments_to": 100,
        "sum_to": 100_000_00,
        "standin_per_payment": 500_00,
        "standin_payments_to": 10,
        "standin_sum_to": 1_000_00,
    }
    return LeaseRenewed(
        device=day.desk.device,
        epoch=1,
        number=number,
        ends_at=instant(day.bank.clock.now_ms() + hours * _HOUR_MS),
        currency="DKK",
        **{**ceilings, **changes},
    )


def give(day: BranchDay, number: int, **changes: int) -> None:
    day.bank.by_centre(lease(day, number, **changes), BRANCH)


def pay(day: BranchDay, account: str, amount: int, **authority: int) -> list[str]:
    """What is found when a payment is booked whatever speaks against it."""
    said: dict[str, Any] = {"authority": Authority(**{"rights": amount, **authority})}
    return day.bank.take(day.bank.draft(day.teller, day.withdrawal(account, amount), drawer=day.drawer, **said))


def test_a_device_pays_within_its_lease_and_not_after_its_end(day: BranchDay) -> None:
    account = day.account()
    day.deposit(account, 1_000_00)
    give(day, 7)
    assert pay(day, account, 100_00, lease=7) == []
    day.bank.clock.advance(8 * _HOUR_MS)
    late = day.bank.draft(day.teller, day.withdrawal(account, 100_00), drawer=day.drawer)
    now = instant(day.bank.clock.now_ms())
    assert [found.code for found in check_lease_time(late.operation, now, day.bank.book)] == ["lease_ended"]


def test_a_clock_that_ran_ahead_and_was_set_right_ends_no_lease(day: BranchDay) -> None:
    account = day.account()
    day.deposit(account, 1_000_00)
    ahead = day.bank.draft(
        day.teller, day.withdrawal(account, 1_00), drawer=day.drawer, at=instant(day.bank.clock.now_ms() + 10**9)
    )
    now = instant(day.bank.clock.now_ms())
    assert list(check_lease_time(ahead.operation, now, day.bank.book)) == []


def test_a_lease_that_is_not_known_allows_nothing(day: BranchDay) -> None:
    account = day.account()
    day.deposit(account, 1_000_00)
    give(day, 7)
    assert "lease_missing" in pay(day, account, 100_00, lease=8)


@pytest.mark.parametrize(
    ("ceiling", "found"),
    [
        ({"per_payment": 99_99}, "payment_above_lease"),
        ({"payments_to": 0}, "lease_payments_used"),
        ({"sum_to": 99_99}, "lease_sum_used"),
    ],
)
def test_each_ceiling_holds(day: BranchDay, ceiling: dict[str, int], found: str) -> None:
    account = day.account()
    day.deposit(account, 1_000_00)
    give(day, 7, **ceiling)
    assert pay(day, account, 100_00, lease=7) == [found]


def test_ceilings_count_what_the_chain_has_ever_paid_so_an_old_lease_renews_nothing(day: BranchDay) -> None:
    account = day.account()
    day.deposit(account, 1_000_00)
    give(day, 7, payments_to=2)
    old = lease(day, 6, payments_to=99)
    assert pay(day, account, 1_00, lease=7) == []
    assert day.bank.take(day.bank.draft_by_centre(old, BRANCH)) == ["lease_older"]
    assert pay(day, account, 1_00, lease=7) == []
    assert pay(day, account, 1_00, lease=7) == ["lease_payments_used"]
    row = day.bank.book.get(Lease, "odense-1", 1)
    assert row is not None
    assert row.number == 7
    spent = day.bank.book.get(Spending, "odense-1", 1)
    assert spent == Spending("odense-1", 1, 3, 3_00, 0, 0)


def stand_in(day: BranchDay, account: str, rights: int, beyond: int, *, approved: bool = True) -> list[str]:
    decoded = day.bank.draft(
        day.teller,
        day.withdrawal(account, rights + beyond),
        drawer=day.drawer,
        approver=day.supervisor if approved else None,
        authority=Authority(rights=rights, standin=beyond, lease=7),
    )
    return day.bank.take(decoded)


def test_cash_beyond_rights_is_paid_by_two_people_and_moves_no_rights(day: BranchDay) -> None:
    account = day.account()
    day.deposit(account, 300_00)
    give(day, 7)
    assert stand_in(day, account, 300_00, 200_00) == ["free_below_zero"]
    row = day.bank.book.get(DepositAccount, account)
    right = day.bank.book.get(Right, account, "odense-1", 1)
    assert row is not None
    assert right is not None
    assert (row.posted, row.rights, right.used) == (-200_00, 0, 300_00)
    assert day.bank.book.get(Spending, "odense-1", 1) == Spending("odense-1", 1, 1, 300_00, 1, 200_00)


def test_nobody_stands_in_alone(day: BranchDay) -> None:
    account = day.account()
    give(day, 7)
    assert "approval_needed" in stand_in(day, account, 0, 1_00, approved=False)


@pytest.mark.parametrize(
    ("ceiling", "found"),
    [
        ({"standin_per_payment": 99}, "standin_above_lease"),
        ({"standin_payments_to": 0}, "standin_payments_used"),
        ({"standin_sum_to": 99}, "standin_sum_used"),
    ],
)
def test_a_stand_in_has_limits_of_its_own(day: BranchDay, ceiling: dict[str, int], found: str) -> None:
    account = day.account()
    give(day, 7, **ceiling)
    assert stand_in(day, account, 0, 1_00) == [found, "free_below_zero"]


def test_only_cash_is_paid_at_the_banks_own_risk(day: BranchDay) -> None:
    payer, payee = day.account(), day.account()
    give(day, 7)
    body = TransferMade(account=payer, payee_account=payee, currency="DKK", amount=1_00)
    decoded = day.bank.draft(day.teller, body, approver=day.supervisor, authority=Authority(standin=1_00, lease=7))
    assert "standin_not_allowed" in day.bank.findings(decoded)


def test_an_older_lease_that_allowed_more_is_for_a_person_to_judge(day: BranchDay) -> None:
    account = day.account()
    day.deposit(account, 1_000_00)
    give(day, 7)
    give(day, 8, standin_per_payment=0, per_payment=50_00)
    assert pay(day, account, 100_00, lease=7) == ["paid_under_older_lease"]
    assert pay(day, account, 100_00, lease=8) == ["payment_above_lease"]


def test_undoing_a_stand_in_gives_the_desk_no_rights(day: BranchDay) -> None:
    account = day.account()
    day.deposit(account, 300_00)
    give(day, 7)
    decoded = day.bank.draft(
        day.teller,
        day.withdrawal(account, 500_00),
        drawer=day.drawer,
        approver=day.supervisor,
        authority=Authority(rights=300_00, standin=200_00, lease=7),
    )
    assert day.bank.take(decoded) == ["free_below_zero"]
    undo = EntryReversed(
        reverses=decoded.operation.id,
        reverses_hash=decoded.signed.hash,
        postings=lines(reversed_postings(decoded.postings)),
    )
    day.bank.perform(day.teller, undo, approver=day.supervisor)
    row = day.bank.book.get(DepositAccount, account)
    right = day.bank.book.get(Right, account, "odense-1", 1)
    assert row is not None
    assert right is not None
    assert (row.posted, row.rights, payable_by(right)) == (300_00, 300_00, 300_00)
    again = day.bank.draft(day.teller, undo, approver=day.supervisor)
    assert day.bank.take(again) == ["already_reversed"]
    right = day.bank.book.get(Right, account, "odense-1", 1)
    assert right is not None
    assert payable_by(right) == 300_00


def test_an_honest_deposit_on_an_account_that_is_short_is_no_exception(day: BranchDay) -> None:
    account = day.account()
    give(day, 7)
    assert stand_in(day, account, 0, 100_00) == ["free_below_zero"]
    deposit = day.bank.draft(
        day.teller,
        CashDeposited(account=account, account_branch=BRANCH, currency="DKK", amount=50_00),
        drawer=day.drawer,
    )
    assert day.bank.take(deposit) == []
    assert pay(day, account, 50_00, lease=7) == []
