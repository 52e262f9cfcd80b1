"""Home says what needs doing, how the day goes, and leads on by code, name and key."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit

from core.operations.bank import StaffSuspended
from core.operations.customers import CustomerRegistered
from core.operations.transfers import TransferReturned, TransferSent
from core.records import make_record
from core.store.queries.day import day_totals
from desktop.teller.lists import LiveList
from desktop.widgets import Button
from tests.desktop.teller.teller_window import TellerWindow


@pytest.fixture
def at_work(window: TellerWindow) -> TellerWindow:
    """The day and the drawer are open."""
    window.open_day()
    return window


def deposit(window: TellerWindow, account: str, amount: int) -> None:
    window.bench.perform(window.teller, window.bench.deposited(account, amount), drawer="kasse-1")
    window.settle()


def send(window: TellerWindow, account: str, amount: int) -> str:
    payee = {"payee_name": "Nordlys A/S", "payee_iban": "DK5000400440116243"}
    digest, data = make_record(payee, window.bench.randomness)
    body = TransferSent(account=account, route="partner", currency="DKK", amount=amount, details=digest)
    sent = window.bench.perform(window.teller, body, records={digest: data}).id
    window.settle()
    return sent


def test_an_empty_desk_says_how_to_begin(window: TellerWindow) -> None:
    assert window.says("No day is open")
    assert window.says("Nothing can be booked at this desk before.")
    assert window.says("Begin with opening the day (9001).")
    assert window.part(QLineEdit, "home_search").hasFocus()


def test_home_counts_the_day_and_lists_what_was_done_last(at_work: TellerWindow) -> None:
    account = at_work.account(at_work.customer())
    deposit(at_work, account, 700_00)
    at_work.bench.perform(at_work.teller, at_work.bench.withdrawn(account, 200_00), drawer="kasse-1")
    at_work.settle()
    assert at_work.shell.current_name() == "home"
    assert at_work.says("700.00\u00a0DKK")
    assert at_work.says("200.00\u00a0DKK")
    assert at_work.says("10,500.00\u00a0DKK")
    newest = at_work.part(LiveList, "recent").model_of_rows.row(0)
    assert newest is not None
    assert newest.kind == "cash.withdrawn"


def test_a_code_typed_at_home_opens_its_screen_and_a_name_is_looked_up(at_work: TellerWindow) -> None:
    at_work.open("home")
    at_work.fill("home_search", "9002")
    at_work.enter()
    assert at_work.shell.current_name() == "vault"
    at_work.key(Qt.Key.Key_Escape)
    at_work.fill("home_search", "orsted")
    at_work.enter()
    assert at_work.shell.current_name() == "customers"
    assert at_work.part(QLineEdit, "customer_search").text() == "orsted"


def test_a_transfer_on_its_way_and_one_that_came_back_are_told(at_work: TellerWindow) -> None:
    account = at_work.account(at_work.customer(), 1_000_00)
    sent = send(at_work, account, 300_00)
    assert at_work.says("1 transfer is on its way")
    at_work.bench.sync()
    body = TransferReturned(
        account=account, route="partner", transfer=sent, currency="DKK", amount=300_00, reason="AC04"
    )
    at_work.centre.issue(body, "odense")
    at_work.bench.read()
    at_work.settle()
    assert at_work.says("300.00\u00a0DKK came back to S\u00f8ren \u00d8rsted")
    assert at_work.says("Nordlys A/S")
    assert not at_work.says("on its way")
    at_work.press("todo_journal")
    assert at_work.shell.current_name() == "journal"
    assert at_work.says("Transfer sent")


def test_what_the_centre_looks_at_is_told_with_its_reason(at_work: TellerWindow) -> None:
    account = at_work.account(at_work.customer(), 1_000_00)
    at_work.bench.sync()
    at_work.centre.issue(StaffSuspended(person="jens"))
    deposit(at_work, account, 50_00)
    at_work.bench.sync()
    at_work.settle()
    assert at_work.says("Exception")
    assert at_work.says("suspended")


def test_the_days_totals_forget_the_day_before(at_work: TellerWindow) -> None:
    account = at_work.account(at_work.customer())
    deposit(at_work, account, 700_00)
    before = at_work.read(lambda connection: day_totals(connection, "kasse-1", "DKK"))
    assert (before.cash_in, before.counts["cash.deposited"]) == (700_00, 1)
    at_work.open("close_drawer")
    at_work.count(10, 1, 1)
    at_work.confirm()
    at_work.open("close_day")
    at_work.confirm()
    at_work.open("open_day")
    at_work.confirm()
    after = at_work.read(lambda connection: day_totals(connection, "kasse-1", "DKK"))
    assert (after.cash_in, dict(after.counts)) == (0, {})


def test_what_is_done_first_takes_the_primary_button(at_work: TellerWindow) -> None:
    at_work.open("close_drawer")
    at_work.count(10)
    at_work.confirm()
    at_work.open("home")
    assert at_work.part(Button, "todo_open_drawer").property("kind") == "primary"


def test_a_customer_whose_kyc_waits_at_this_desk_is_told_to_a_supervisor_alone(at_work: TellerWindow) -> None:
    fields = {"given_name": "Nina", "family_name": "Sandvik", "born_on": "1990-02-28"}
    digest, data = make_record(fields, at_work.bench.randomness)
    body = CustomerRegistered(fields=tuple(fields), stamp=at_work.bench.device.next_stamp(), record=digest)  # type: ignore[arg-type]
    at_work.bench.perform(at_work.teller, body, records={digest: data})
    at_work.open("home")
    assert not at_work.says("KYC of Nina Sandvik")
    at_work.sign_in_supervisor()
    assert at_work.says("KYC of Nina Sandvik is not decided")
    at_work.key(Qt.Key.Key_F3)
    assert at_work.shell.current_name() == "decide_kyc"
    assert at_work.says("Nina Sandvik")


def test_what_somebody_elses_drawer_holds_is_not_shown(at_work: TellerWindow) -> None:
    at_work.open("home")
    assert at_work.says("10,000.00\u00a0DKK")
    at_work.sign_in_supervisor()
    assert not at_work.says("10,000.00")
    assert at_work.says("open with ")
    at_work.open("drawer")
    assert not at_work.says("10,000.00")
    assert at_work.says("open with ")


def test_the_newest_is_chosen_until_somebody_chooses(at_work: TellerWindow) -> None:
    account = at_work.account(at_work.customer())
    at_work.open("home")
    recent = at_work.part(LiveList, "recent")
    for amount in (100_00, 200_00):
        deposit(at_work, account, amount)
        assert recent.current_row().amount == amount
    recent.setFocus()
    at_work.key(Qt.Key.Key_Down)
    deposit(at_work, account, 300_00)
    assert recent.current_row().amount == 100_00
