"""A teller opens the day and the drawer, counts and closes them; what is over or short takes two people."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QWidget

from core.ledger import OVER_SHORT
from core.money import Money
from core.operations.drawers import DayOpened, VaultFunded
from core.store.queries.books import ledger_balance, vault_balance
from desktop.widgets import Button, LineStatus
from tests.bank import DATE
from tests.desktop.teller.teller_window import TellerWindow


def fund_vault(window: TellerWindow) -> None:
    window.bench.perform(window.teller, DayOpened(), business_date=DATE)
    window.bench.perform(window.supervisor, VaultFunded(currency="DKK", amount=50_000_00))
    window.desk.set_business_date(window.bench.device.open_day())
    window.settle()


def in_vault(window: TellerWindow) -> int:
    return window.read(lambda connection: vault_balance(connection, "odense", "DKK"))


def test_home_leads_to_opening_the_day(window: TellerWindow) -> None:
    assert window.says("The business day is not open")
    window.press("todo_open_day")
    assert window.shell.current_name() == "open_day"
    window.confirm()
    assert window.desk.business_date == DATE
    assert window.shell.current_name() == "drawer"
    assert not window.part(Button, "open_day").isEnabled()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Type the date"),
        ("31/02/2026", "not a date"),
        ("tomorrow", "not a date"),
        ("20/12/2026", "30 days ahead"),
        ("20/11/2098", "Check the year"),
    ],
)
def test_a_date_that_is_none_or_far_off_is_refused_at_the_field(window: TellerWindow, typed: str, said: str) -> None:
    window.open("open_day")
    window.fill("business_date", typed)
    window.enter()
    assert window.says(said)
    assert window.part(QLineEdit, "business_date").text() == typed
    assert window.journal("day.opened") == []


def test_a_drawer_is_opened_with_a_counted_float_from_the_vault(window: TellerWindow) -> None:
    fund_vault(window)
    window.open("drawer")
    window.key(Qt.Key.Key_F4)
    window.fill("amount", "10,000.00")
    window.count(5, 6, 10)
    window.part(QLineEdit, "amount").setFocus()
    window.enter()
    assert window.says("Vault")
    assert window.says("40,000.00")
    window.enter()
    assert window.drawer().expected == 10_000_00
    assert in_vault(window) == 40_000_00
    (opened,) = window.journal("drawer.opened")
    assert opened.body["counts"] == {1000_00: 5, 500_00: 6, 200_00: 10}


def test_a_float_beyond_the_vault_is_refused_and_stays_typed(window: TellerWindow) -> None:
    fund_vault(window)
    window.open("open_drawer")
    window.fill("amount", "50,000.01")
    window.enter()
    assert window.says("The vault holds 50,000.00")
    assert window.part(QLineEdit, "amount").text() == "50,000.01"


def test_notes_that_do_not_come_to_the_float_are_refused(window: TellerWindow) -> None:
    fund_vault(window)
    window.open("open_drawer")
    window.fill("amount", "1,000.00")
    window.count(2)
    window.part(QLineEdit, "amount").setFocus()
    window.enter()
    assert window.says("do not come to this amount")
    assert window.journal("drawer.opened") == []


def test_a_blind_count_shows_what_is_expected_only_in_the_review(window: TellerWindow) -> None:
    window.open_day()
    window.open("count_drawer")
    assert window.says("hidden until the review")
    assert not window.says("10,000.00")
    window.count(9)
    window.press("review_button")
    assert window.says("1,000.00\u00a0DKK short")
    window.enter()
    assert window.drawer().counted == 9_000_00
    assert window.drawer().state == "open"


def test_while_a_count_is_blind_the_strip_keeps_silent_about_the_drawer(window: TellerWindow) -> None:
    window.open_day()
    window.shell.show_status(LineStatus(drawer=Money(10_000_00, "DKK")))
    assert "10,000.00" in window.shell.strip.text()
    window.open("count_drawer")
    assert "10,000.00" not in window.shell.strip.text()
    window.shell.show_status(LineStatus(drawer=Money(10_000_00, "DKK"), unsent=1))
    assert "10,000.00" not in window.shell.strip.text()
    window.tick("blind")
    assert "10,000.00" in window.shell.strip.text()
    window.tick("blind")
    window.open("home")
    assert "10,000.00" in window.shell.strip.text()


def test_nothing_typed_is_no_count(window: TellerWindow) -> None:
    window.open_day()
    window.open("count_drawer")
    window.press("review_button")
    assert window.says("Count the drawer first.")
    window.count(0)
    window.press("review_button")
    assert window.part(QWidget, "review").isVisible()


def test_a_drawer_that_agrees_is_closed_by_one_person(window: TellerWindow) -> None:
    window.open_day()
    window.open("drawer")
    window.key(Qt.Key.Key_F6)
    window.count(10)
    window.confirm()
    assert window.drawer().state == "closed"
    assert window.second.asked == []
    assert in_vault(window) == 50_000_00


def test_a_short_drawer_is_closed_by_two_and_the_difference_is_posted(window: TellerWindow) -> None:
    window.open_day()
    window.open("close_drawer")
    window.count(9, 1, 2)
    window.confirm()
    assert [request.reason for request in window.second.asked] != [""]
    assert window.drawer().state == "closed"
    assert in_vault(window) == 49_900_00
    over_short = window.read(lambda connection: ledger_balance(connection, "odense", OVER_SHORT, "DKK"))
    assert over_short == 100_00


def test_a_supervisor_who_says_no_leaves_the_drawer_open_and_the_count_typed(window: TellerWindow) -> None:
    window.open_day()
    window.second.willing = False
    window.open("close_drawer")
    window.count(9)
    window.confirm()
    assert window.drawer().state == "open"
    assert window.says("Not approved.")
    window.key(Qt.Key.Key_Escape)
    first = window.part(QWidget, "counts").findChildren(QLineEdit)[0]
    assert first.isVisible()
    assert first.text() == "9"


def test_the_day_is_closed_after_its_drawer_and_not_before(window: TellerWindow) -> None:
    window.open_day()
    window.open("drawer")
    assert not window.part(Button, "close_day").isEnabled()
    assert window.says("The drawer is closed first.")
    window.open("close_day")
    window.press("review_button")
    assert window.says("is still open")
    window.open("close_drawer")
    window.count(10)
    window.confirm()
    window.press("close_day")
    window.press("review_button")
    window.enter()
    assert window.desk.business_date is None
    assert len(window.journal("day.closed")) == 1


def test_the_next_day_is_offered_once_todays_is_closed(window: TellerWindow) -> None:
    test_the_day_is_closed_after_its_drawer_and_not_before(window)
    window.open("open_day")
    assert window.part(QLineEdit, "business_date").text() == "21/11/2026"


def test_a_teller_sees_the_vault_and_why_they_can_do_no_more(window: TellerWindow) -> None:
    window.open_day()
    window.open("vault")
    assert window.says("40,000.00")
    assert window.says("A supervisor books what comes into the vault")
    assert not window.part(Button, "review_button").isEnabled()


@pytest.mark.parametrize(("way", "held"), [("funded", 42_500_00), ("returned", 37_500_00)])
def test_a_supervisor_books_cash_into_the_vault_and_out_of_it(window: TellerWindow, way: str, held: int) -> None:
    window.open_day()
    window.sign_in_supervisor()
    window.open("vault")
    window.choose("vault_way", way)
    window.fill("amount", "2,500.00")
    window.confirm()
    assert in_vault(window) == held
    assert window.says("Posted.")


@pytest.mark.parametrize("typed", ["-5", "1,23", "0", "1.005", "99999999999999", "\u0661\u0660"])
def test_what_is_no_amount_is_refused_at_the_field_and_stays_typed(window: TellerWindow, typed: str) -> None:
    window.open_day()
    window.sign_in_supervisor()
    window.open("vault")
    window.fill("amount", typed)
    window.enter()
    assert window.part(QLineEdit, "amount").text() == typed
    assert not window.part(QWidget, "review").isVisible()
    assert len(window.journal("vault.funded")) == 1


def test_enter_on_the_page_never_closes_what_was_just_opened(window: TellerWindow) -> None:
    window.open_day()
    window.open("drawer")
    assert window.part(Button, "count_drawer").hasFocus()
    window.screen.primary()
    window.settle()
    assert window.shell.current_name() == "drawer"
