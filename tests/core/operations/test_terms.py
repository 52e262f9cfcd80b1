"""What the centre says of an account: holds, limits, fees, recalls; and closing it only when nothing is left."""

from __future__ import annotations

import itertools

import pytest

from core.book import Book
from core.book.rows import DepositAccount, Hold, Recall, Request
from core.operations import rules
from core.operations.cash import CashDeposited
from core.operations.holds import HoldPlaced, HoldReleased
from core.operations.kind import Body
from core.operations.requests import RequestDeclined
from core.operations.rights import RightsGranted, RightsRecalled, RightsReturned, right_of, still_recalled
from core.operations.terms import AccountClosed, AccountClosureRequested, FeeCharged, OverdraftLimitSet
from core.operations.transfers import TransferCarriedOut, TransferRequested
from tests.bank import BRANCH, BranchDay


def said(day: BranchDay, body: Body) -> list[str]:
    """What speaks against an operation of the centre."""
    return day.bank.findings(day.bank.draft_by_centre(body, BRANCH))


def row_of(day: BranchDay, account: str) -> DepositAccount:
    row = day.bank.book.get(DepositAccount, account)
    assert row is not None
    return row


def hand_back(day: BranchDay, account: str, amount: int) -> None:
    day.bank.by_device(day.desk, RightsReturned(account=account, currency="DKK", returned=amount))


@pytest.fixture
def account(day: BranchDay) -> str:
    """An account with 1,000.00 that no device holds."""
    made = day.account()
    day.deposit(made, 1_000_00)
    hand_back(day, made, 1_000_00)
    return made


def fee(account: str, amount: int) -> FeeCharged:
    return FeeCharged(account=account, currency="DKK", amount=amount, reason="monthly")


def grant(account: str, granted: int) -> RightsGranted:
    return RightsGranted(account=account, device="odense-1", epoch=1, currency="DKK", granted=granted)


def test_what_is_held_is_neither_granted_nor_drawn_until_its_hold_is_released(day: BranchDay, account: str) -> None:
    hold = HoldPlaced(account=account, currency="DKK", amount=900_00, reason="exception", cause=None)
    held = day.bank.by_centre(hold, BRANCH).operation.id
    assert said(day, fee(account, 100_01)) == ["not_available"]
    assert said(day, grant(account, 100_01)) == ["not_available"]
    assert said(day, fee(account, 100_00)) == []
    day.bank.by_centre(HoldReleased(account=account, hold=held), BRANCH)
    assert said(day, fee(account, 1_000_00)) == []
    assert said(day, HoldReleased(account=account, hold=held)) == ["hold_already_released"]
    assert day.bank.book.get(Hold, held) is not None


def test_a_hold_may_exceed_what_is_there_and_bites_on_what_comes_back(day: BranchDay) -> None:
    account = day.account()
    day.deposit(account, 500_00)
    hold = HoldPlaced(account=account, currency="DKK", amount=600_00, reason="exception", cause=None)
    day.bank.by_centre(hold, BRANCH)
    hand_back(day, account, 500_00)
    assert said(day, grant(account, 1)) == ["not_available"]


def test_a_fee_takes_nothing_that_a_device_holds(day: BranchDay) -> None:
    account = day.account()
    day.deposit(account, 500_00)
    assert said(day, fee(account, 1)) == ["not_available"]
    hand_back(day, account, 30_00)
    day.bank.by_centre(fee(account, 30_00), BRANCH)
    assert row_of(day, account).posted == 470_00


def test_a_limit_is_lowered_only_as_far_as_nothing_is_promised(day: BranchDay, account: str) -> None:
    limit = OverdraftLimitSet(account=account, currency="DKK", limit=500_00, target=500_00)
    day.bank.by_centre(limit, BRANCH)
    day.bank.by_centre(grant(account, 1_200_00), BRANCH)
    assert said(day, OverdraftLimitSet(account=account, currency="DKK", limit=199_99, target=0)) == ["limit_below_free"]
    day.bank.by_centre(OverdraftLimitSet(account=account, currency="DKK", limit=200_00, target=0), BRANCH)
    assert (row_of(day, account).overdraft_limit, row_of(day, account).limit_target) == (200_00, 0)
    day.by_teller(day.withdrawal(account, 1_200_00))
    assert row_of(day, account).posted == -200_00


def recalled(account: str, gone_to: int) -> RightsRecalled:
    return RightsRecalled(account=account, device="odense-1", epoch=1, currency="DKK", gone_to=gone_to)


def wanted_back(day: BranchDay, account: str) -> int:
    right = right_of(account, "odense-1", 1, day.bank.book)
    return still_recalled(day.bank.book.get(Recall, account, "odense-1", 1), right)


def test_a_recall_stands_until_it_is_answered_whatever_is_granted_or_taken_in_meanwhile(
    day: BranchDay, account: str
) -> None:
    day.bank.by_centre(grant(account, 500_00), BRANCH)
    day.bank.by_centre(recalled(account, 1_450_00), BRANCH)
    day.bank.by_centre(grant(account, 600_00), BRANCH)
    day.deposit(account, 80_00)
    assert wanted_back(day, account) == 450_00
    day.by_teller(day.withdrawal(account, 100_00))
    assert wanted_back(day, account) == 350_00, "what is paid out can't come back, and is gone as well"
    day.bank.by_device(day.desk, RightsReturned(account=account, currency="DKK", returned=1_350_00))
    assert wanted_back(day, account) == 0
    day.bank.by_centre(grant(account, 700_00), BRANCH)
    assert wanted_back(day, account) == 0, "what is granted after it was answered stays"


def test_recalls_in_another_order_or_again_come_to_the_same(day: BranchDay, account: str) -> None:
    day.bank.by_centre(grant(account, 500_00), BRANCH)
    asked = [day.bank.draft_by_centre(recalled(account, gone_to), BRANCH) for gone_to in (1_100_00, 1_400_00, 1_250_00)]
    ends = set()
    for order in itertools.permutations([*asked, asked[0]]):
        book = Book(day.bank.store)
        for decoded in order:
            rules.apply(decoded, book)
        ends.add(book.get(Recall, account, "odense-1", 1))
    (row,) = ends
    assert row is not None
    assert (row.gone_to, row.recalled_by) == (1_400_00, asked[1].operation.id)


def close(day: BranchDay, account: str) -> str:
    return day.bank.perform(day.teller, AccountClosureRequested(account=account)).operation.id


def test_while_an_account_is_being_closed_nothing_goes_in_or_out(day: BranchDay) -> None:
    account = day.account()
    request = close(day, account)
    deposit = day.bank.draft(day.teller, _deposit(account), drawer=day.drawer)
    assert day.bank.findings(deposit) == ["account_closing"]
    assert said(day, AccountClosed(account=account, request=request)) == []
    day.bank.by_centre(AccountClosed(account=account, request=request), BRANCH)
    assert row_of(day, account).state == "closed"
    again = day.bank.draft(day.teller, _deposit(account), drawer=day.drawer)
    assert day.bank.findings(again) == ["account_closed"]


def _deposit(account: str) -> Body:
    return CashDeposited(account=account, account_branch=BRANCH, currency="DKK", amount=1_00)


def test_a_closing_waits_for_what_is_left_and_may_be_declined(day: BranchDay, account: str) -> None:
    asked = day.bank.draft(day.teller, AccountClosureRequested(account=account))
    assert day.bank.findings(asked) == ["balance_left"]
    empty = day.account()
    request = close(day, empty)
    late = day.bank.take(day.bank.draft(day.teller, _deposit(empty), drawer=day.drawer))
    assert late == ["account_closing"]
    assert said(day, AccountClosed(account=empty, request=request)) == ["balance_left"]
    day.bank.by_centre(RequestDeclined(request=request, reason="balance_left"), BRANCH)
    assert row_of(day, empty).closings == 0
    day.by_teller(day.withdrawal(empty, 1_00))


def test_a_request_moves_nothing_until_the_centre_carries_it_out_once(day: BranchDay, account: str) -> None:
    payee = day.account()
    asked = TransferRequested(
        account=account, route="own", payee_account=payee, currency="DKK", amount=400_00, details=None
    )
    request = day.bank.perform(day.teller, asked).operation.id
    assert row_of(day, account).posted == 1_000_00
    done = TransferCarriedOut(
        request=request, account=account, route="own", payee_account=payee, currency="DKK", amount=400_00, details=None
    )
    day.bank.by_centre(done, BRANCH)
    assert (row_of(day, account).posted, row_of(day, payee).posted) == (600_00, 400_00)
    assert said(day, done) == ["request_already_decided"]
    row = day.bank.book.get(Request, request)
    assert row is not None
    assert row.state == "done"


def test_what_is_carried_out_is_what_was_asked(day: BranchDay, account: str) -> None:
    payee = day.account()
    asked = TransferRequested(
        account=account, route="own", payee_account=payee, currency="DKK", amount=400_00, details=None
    )
    request = day.bank.perform(day.teller, asked).operation.id
    more = TransferCarriedOut(
        request=request, account=account, route="own", payee_account=payee, currency="DKK", amount=400_01, details=None
    )
    assert said(day, more) == ["transfer_differs"]
