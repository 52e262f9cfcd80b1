"""What a desk says of itself: its state and what to do, what it may still pay out, requests and closures."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from core.book.rows import DepositAccount, Lease, Spending
from core.clock import instant
from core.operations.bank import StaffSuspended
from core.operations.requests import RequestDeclined
from core.operations.terms import AccountClosed
from core.store.queries.requests import requests
from desktop.desk_watch import DeskWatch
from desktop.line_reporting import LineReporter
from desktop.teller.limits import limits_line, limits_of
from desktop.widgets import LineState, LineStatus, Notice
from tests.desktop.teller.teller_window import TellerWindow

NOW = 1_795_000_000_000
HOUR = 60 * 60_000


@pytest.fixture
def at_work(window: TellerWindow) -> TellerWindow:
    window.open_day()
    return window


def lease(**changes: object) -> Lease:
    fields: dict[str, object] = {
        "device": "odense-1",
        "epoch": 1,
        "number": 3,
        "ends_at": instant(NOW + 3 * HOUR),
        "currency": "DKK",
        "per_payment": 10_000_00,
        "payments_to": 50,
        "sum_to": 100_000_00,
        "standin_per_payment": 1_000_00,
        "standin_payments_to": 5,
        "standin_sum_to": 3_000_00,
        "last_end": instant(NOW + 3 * HOUR),
    }
    return Lease(**{**fields, **changes})  # type: ignore[arg-type]


def test_what_is_left_of_a_lease_is_its_ceilings_less_what_was_paid() -> None:
    left = limits_of(lease(), Spending("odense-1", 1, 9, 30_000_00, 5, 2_500_00), NOW)
    assert left is not None
    assert (left.payments_left, left.sum_left.minor, left.standins_left, left.standin_sum_left.minor) == (
        41,
        70_000_00,
        0,
        500_00,
    )
    assert not left.may_stand_in
    assert left.state == "plain"
    assert "70,000.00\u00a0DKK in 41 payments" in limits_line(left, "en_GB")
    assert limits_of(None, Spending("odense-1", 1, 0, 0, 0, 0), NOW) is None


def test_more_paid_than_a_lowered_ceiling_leaves_nothing_and_never_less() -> None:
    left = limits_of(lease(sum_to=10_00, payments_to=1), Spending("odense-1", 1, 9, 30_00, 0, 0), NOW + 4 * HOUR)
    assert left is not None
    assert (left.payments_left, left.sum_left.minor, left.state) == (0, 0, "ended")
    assert "ended" in limits_line(left, "en_GB")


def test_the_desks_page_says_the_state_what_to_do_and_what_is_left(at_work: TellerWindow) -> None:
    at_work.open("this_desk")
    at_work.desk.set_line_status(LineStatus(LineState.OVERDUE, unsent=3))
    at_work.settle()
    assert at_work.says("Overdue: 3 not sent")
    assert at_work.says("Leave this computer running")
    assert at_work.says("1,000,000,000,000.00\u00a0DKK")
    at_work.open("drawer")
    assert at_work.says("Without the line this desk pays out until")


def test_a_click_on_the_state_of_the_line_opens_the_page(at_work: TellerWindow) -> None:
    at_work.shell.strip.state_clicked.emit()
    assert at_work.shell.current_name() == "this_desk"


def test_home_says_what_to_do_about_the_line_and_a_lease_that_ends(at_work: TellerWindow) -> None:
    at_work.open("home")
    at_work.desk.set_line_status(LineStatus(LineState.REFUSED, code="protocol_unsupported"))
    at_work.settle()
    assert at_work.says("Update this desk")
    at_work.desk.set_line_status(LineStatus(LineState.OFFLINE, paying_out="ended"))
    at_work.settle()
    assert at_work.says("Pays nothing out before the line is back")
    at_work.desk.set_line_status(LineStatus(LineState.ONLINE))
    at_work.settle()
    assert not at_work.says("Update this desk")


def test_an_exception_is_counted_until_somebody_has_looked_at_it(at_work: TellerWindow) -> None:
    account = at_work.account(at_work.customer(), 1_000_00)
    at_work.bench.sync()
    at_work.centre.issue(StaffSuspended(person="jens"))
    at_work.bench.perform(at_work.teller, at_work.bench.deposited(account, 200_00), drawer="kasse-1")
    at_work.bench.sync()
    reporter = LineReporter(at_work.clock)
    watch = DeskWatch(at_work.desk, reporter, reporter)
    at_work.settle()
    assert reporter._at_desk.exceptions == 1, watch
    (made, _before) = at_work.journal("cash.deposited")
    at_work.open("journal", made.line.operation)
    assert at_work.says("suspended"), "what was done afterwards is shown with its exception"
    at_work.settle()
    assert reporter._at_desk.exceptions == 0
    reporter.stop()


def test_closing_an_account_is_asked_for_waits_and_is_answered(at_work: TellerWindow) -> None:
    customer = at_work.customer()
    account = at_work.account(customer)
    at_work.open("customer", (customer, account))
    at_work.press("account_close_account")
    at_work.confirm()
    assert at_work.shell.current_name() == "customer"
    assert at_work.says("Account to be closed")
    assert at_work.says("Waiting")
    (asked,) = at_work.read(requests)
    at_work.bench.sync()
    held = at_work.centre.book.get(DepositAccount, account)
    assert held is not None
    at_work.centre.issue(AccountClosed(account=account, request=asked.request), "odense")
    at_work.bench.read()
    at_work.settle()
    assert at_work.says("The account is closed.")


def test_a_closure_that_is_declined_says_why_here_and_at_home(at_work: TellerWindow) -> None:
    customer = at_work.customer()
    account = at_work.account(customer)
    at_work.open("close_account", account)
    at_work.confirm()
    (asked,) = at_work.read(requests)
    at_work.bench.sync()
    at_work.centre.issue(RequestDeclined(request=asked.request, reason="balance_left"), "odense")
    at_work.bench.read()
    at_work.settle()
    assert at_work.says("Declined")
    assert at_work.says("The centre said no:")
    at_work.open("home")
    assert at_work.says("Declined")


def test_an_account_with_money_on_it_is_not_closed_and_the_reason_is_said(at_work: TellerWindow) -> None:
    account = at_work.account(at_work.customer(), 125_00)
    at_work.open("close_account", account)
    notices = [label.accessibleName() for label in at_work.screen.findChildren(type(at_work.screen.problem))]  # type: ignore[attr-defined]
    assert any("125.00\u00a0DKK is on it" in said for said in notices)
    assert not at_work.screen.review_button.isEnabled()  # type: ignore[attr-defined]


def test_the_line_is_tried_at_once_by_keyboard_and_what_came_of_it_is_said(at_work: TellerWindow) -> None:
    at_work.line.down = True
    at_work.desk.set_line_status(LineStatus(LineState.OFFLINE))
    at_work.key(Qt.Key.Key_F10)
    assert at_work.focused() == "try_now"
    at_work.enter()
    assert at_work.says("The centre can't be reached.")
    at_work.line.down = False
    at_work.key(Qt.Key.Key_F5)
    assert at_work.says("The centre answers.")
    assert at_work.line.tried == 2
    assert at_work.focused() == "try_now"


@pytest.mark.parametrize("state", [LineState.STOPPED, LineState.CLOCK])
def test_a_desk_that_may_pay_nothing_out_shows_no_figures_of_what_it_might(
    at_work: TellerWindow, state: LineState
) -> None:
    at_work.open("this_desk")
    assert at_work.says("Sum left")
    at_work.desk.set_line_status(LineStatus(state, code="device_revoked", detail="The bank has ended this desk."))
    at_work.settle()
    assert not at_work.says("Sum left")
    notices = [notice.text() for notice in at_work.screen.findChildren(Notice) if notice.isVisible()]
    assert any("Nothing is paid out." in said for said in notices)
    assert "Reason. The bank has ended this desk (device_revoked)." in notices


def test_closing_an_account_that_holds_money_leads_back_to_its_file(at_work: TellerWindow) -> None:
    account = at_work.account(at_work.customer(), 125_00)
    at_work.open("close_account", account)
    assert at_work.focused() == "to_file"
    at_work.enter()
    assert at_work.shell.current_name() == "customer"
