"""Cash over the counter: never more than the device's rights, and above a limit never by one person."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.book.rows import DepositAccount, Right
from core.envelope import Authority
from core.errors import IntegrityFault
from core.operations import cash, drawers
from core.operations.bank import StaffSuspended
from core.operations.rights import RightsGranted
from tests.bank import BRANCH, BranchDay, open_branch


def posted(day: BranchDay, account: str) -> int:
    row = day.bank.book.get(DepositAccount, account)
    assert row is not None
    return row.posted


def findings(day: BranchDay, body: Any, **more: Any) -> list[str]:
    return day.bank.findings(day.bank.draft(day.teller, body, drawer=day.drawer, **more))


def test_a_deposit_can_be_paid_out_again_by_the_device_that_took_it(day: BranchDay) -> None:
    account = day.account()
    day.deposit(account, 1_000_00)
    day.by_teller(day.withdrawal(account, 1_000_00))
    assert posted(day, account) == 0
    assert findings(day, day.withdrawal(account, 1)) == ["rights_exceeded"]


@settings(max_examples=25, deadline=None, derandomize=True)
@given(steps=st.lists(st.tuples(st.booleans(), st.integers(1, 3_000_00)), max_size=12))
def test_whatever_comes_no_more_is_paid_out_than_the_account_holds(steps: list[tuple[bool, int]]) -> None:
    day = open_branch()
    account = day.account()
    held = 0
    for is_deposit, amount in steps:
        if is_deposit:
            day.deposit(account, amount)
            held += amount
        elif findings(day, day.withdrawal(account, amount)) == []:
            day.by_teller(day.withdrawal(account, amount))
            held -= amount
        else:
            assert amount > held
    assert posted(day, account) == held >= 0
    right = day.bank.book.get(Right, account, "odense-1", 1)
    assert held == (right.minted - right.used if right else 0)


def test_money_of_another_device_is_not_paid_out_without_a_grant(day: BranchDay) -> None:
    account = day.account()
    day.deposit(account, 500_00)
    desk = day.bank.enrol("odense-2")
    day.bank.admit("freja")
    day.bank.admit("karen", "supervisor")
    day.bank.found_desk(desk, "freja", "karen")
    freja = day.bank.sign_in(desk, "freja")
    day.bank.perform(freja, drawers.DayOpened())
    day.bank.perform(freja, drawers.DrawerOpened(currency="DKK", amount=1_000_00), drawer="kasse-2")
    draft = day.bank.draft(freja, day.withdrawal(account, 100_00), drawer="kasse-2")
    assert day.bank.findings(draft) == ["rights_exceeded"]
    grant = RightsGranted(account=account, device="odense-2", epoch=1, currency="DKK", granted=100_00)
    assert day.bank.findings(day.bank.draft_by_centre(grant, BRANCH)) == ["not_available"]


def test_cash_above_the_tellers_limit_needs_a_supervisor(day: BranchDay) -> None:
    account = day.account()
    day.deposit(account, 8_000_00)
    large = day.withdrawal(account, 5_000_01)
    assert findings(day, large) == ["approval_needed"]
    assert findings(day, day.withdrawal(account, 5_000_00)) == []
    assert findings(day, large, approver=day.supervisor) == []


def test_a_teller_does_not_approve(day: BranchDay) -> None:
    account = day.account()
    day.deposit(account, 8_000_00)
    day.bank.admit("freja")
    day.bank.join_desk(day.desk, "freja", "mette")
    freja = day.bank.sign_in(day.desk, "freja")
    assert findings(day, day.withdrawal(account, 6_000_00), approver=freja) == ["approver_not_supervisor"]


def test_the_drawer_pays_out_no_more_than_it_holds(day: BranchDay) -> None:
    account = day.account()
    body = day.withdrawal(account, 10_000_01)
    assert "drawer_short" in findings(day, body, approver=day.supervisor)


def test_a_count_that_is_not_the_amount_is_refused(day: BranchDay) -> None:
    body = cash.CashDeposited(
        account=day.account(), account_branch=BRANCH, currency="DKK", amount=100_00, counts={5_000: 3}
    )
    assert findings(day, body) == ["counts_differ"]


def test_cash_is_booked_where_the_account_is_kept(day: BranchDay) -> None:
    day.bank.found_branch("aarhus")
    body = cash.CashDeposited(account=day.account(), account_branch="aarhus", currency="DKK", amount=100)
    with pytest.raises(IntegrityFault, match="branch_differs"):
        findings(day, body)


def test_nobody_honest_posts_to_an_account_in_another_currency(day: BranchDay) -> None:
    body = cash.CashDeposited(account=day.account(), account_branch=BRANCH, currency="EUR", amount=100)
    with pytest.raises(IntegrityFault, match="account_differs"):
        findings(day, body)


@pytest.mark.parametrize(
    ("authority", "found"),
    [
        (Authority(), "authority_differs"),
        (Authority(rights=99), "authority_differs"),
        (Authority(centre=100), "authority_not_ones_own"),
        (Authority(standin=100), "approval_needed"),
    ],
)
def test_money_leaves_by_no_other_authority(day: BranchDay, authority: Authority, found: str) -> None:
    account = day.account()
    day.deposit(account, 100)
    assert found in findings(day, day.withdrawal(account, 100), authority=authority)


def test_a_fact_beyond_rights_is_booked_and_leaves_a_case(day: BranchDay) -> None:
    account = day.account()
    day.deposit(account, 100)
    beyond = day.bank.draft(day.teller, day.withdrawal(account, 150), drawer=day.drawer)
    assert day.bank.take(beyond) == ["rights_exceeded", "free_below_zero"]
    assert posted(day, account) == -50


def test_a_suspended_teller_is_refused(day: BranchDay) -> None:
    account = day.account()
    day.bank.by_centre(StaffSuspended(person="jens"))
    body = cash.CashDeposited(account=account, account_branch=BRANCH, currency="DKK", amount=100)
    assert findings(day, body) == ["staff_suspended"]
