"""A teller finds, registers and amends customers; a supervisor decides who they are; accounts are opened and frozen."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QScrollArea, QWidget

from core.envelope import read_operation
from core.store.queries.accounts import account_summary
from core.store.queries.customers import find_customers
from desktop.teller.lists import LiveList
from desktop.widgets import Button, ElidedText, LineState, LineStatus
from tests.desktop.teller.far_branch import far_account
from tests.desktop.teller.teller_window import TellerWindow


@pytest.fixture
def at_work(window: TellerWindow) -> TellerWindow:
    """The day and the drawer are open."""
    window.open_day()
    return window


def register(window: TellerWindow, given: str, family: str, **more: str) -> None:
    window.open("register_customer")
    fields = {"given_name": given, "family_name": family, "born_on": "28/02/1990", **more}
    for name, text in fields.items():
        window.fill(f"field_{name}", text)


def test_a_customer_is_registered_by_keyboard_and_their_name_is_in_no_operation(at_work: TellerWindow) -> None:
    at_work.key(Qt.Key.Key_F2)
    at_work.key(Qt.Key.Key_F3)
    register(at_work, "Nina", "Sandvik", country="denmark", email="nina@example.dk", telephone="+45 31 42 53 64")
    at_work.enter()
    at_work.enter()
    file = at_work.customer_named("sandvik")
    assert (file.profile["country"], file.profile["born_on"]) == ("DK", "1990-02-28")
    assert at_work.shell.current_name() == "customer"
    assert at_work.says("Nina Sandvik")
    (registered,) = at_work.journal("customer.registered")
    assert b"Sandvik" not in bytes(read_operation(registered.jws).operation.body)


@pytest.mark.parametrize(
    ("given", "family"),
    [("יעל", "כהן"), ("ليلى", "حداد"), ("Ελένη", "Παπαδοπούλου"), ("Дмитрий", "Щукин"), ("O", "'t Hooft-Ång")],
)
def test_names_of_any_script_are_taken_as_they_are(at_work: TellerWindow, given: str, family: str) -> None:
    register(at_work, given, family)
    at_work.confirm()
    assert at_work.customer_named(given).name == f"{given} {family}"


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("given_name", "", "This is needed."),
        ("family_name", "1234", "at least one letter"),
        ("family_name", "W" * 101, "At most 100 characters"),
        ("family_name", "San\u202edvik", "hidden mark"),
        ("family_name", "San\x07dvik", "control character"),
        ("born_on", "28/02/2027", "has not come yet"),
        ("born_on", "01/01/1800", "Nobody is that old"),
        ("country", "Atlantis", "no country of that name"),
        ("email", "nina@", "not an e-mail address"),
        ("telephone", "call me", "not a telephone number"),
        ("postcode", "12345678901", "At most ten"),
    ],
)
def test_bad_input_is_refused_at_its_field_and_stays_typed(
    at_work: TellerWindow, field: str, typed: str, said: str
) -> None:
    register(at_work, "Nina", "Sandvik")
    at_work.part(QLineEdit, f"field_{field}").setText(typed)
    at_work.press("review_button")
    assert at_work.says(said), at_work.words()
    assert at_work.part(QLineEdit, f"field_{field}").text() == typed
    assert at_work.part(QLineEdit, f"field_{field}").hasFocus()
    assert at_work.journal("customer.registered") == []


def test_a_search_finds_without_accents_while_one_types_and_enter_opens_the_file(at_work: TellerWindow) -> None:
    at_work.customer("Søren", "Ørsted")
    at_work.customer("Anders", "Sørensen")
    at_work.open("customers")
    at_work.fill("customer_search", "soren")
    at_work.settle()
    hits = at_work.part(LiveList, "customer_hits")
    assert hits.model_of_rows.rowCount() == 2
    at_work.key(Qt.Key.Key_Down)
    name = hits.current_row().name
    at_work.enter()
    assert at_work.shell.current_name() == "customer"
    assert at_work.says(name)


def test_a_whole_iban_in_the_windows_box_leads_to_its_account(at_work: TellerWindow) -> None:
    customer = at_work.customer()
    at_work.account(customer)
    second = at_work.account(customer)
    iban = at_work.file(customer).accounts[1].iban
    at_work.key(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    at_work.shell.top_bar.search.edit.setText(iban)
    at_work.enter()
    at_work.settle()
    assert at_work.shell.current_name() == "customer"
    assert at_work.part(LiveList, "accounts").current_row().account == second


def test_nobody_found_says_how_to_go_on(at_work: TellerWindow) -> None:
    at_work.open("customers", "zzz")
    assert at_work.says("Nobody found")
    at_work.key(Qt.Key.Key_F3)
    assert at_work.part(QLineEdit, "field_given_name").text() == ""
    at_work.open("customers", "Nina Sandvik")
    at_work.key(Qt.Key.Key_F3)
    names = [at_work.part(QLineEdit, f"field_{name}").text() for name in ("given_name", "family_name")]
    assert names == ["Nina", "Sandvik"]


def test_hits_stand_in_the_order_of_family_names(at_work: TellerWindow) -> None:
    for given, family in (
        ("S\u00f8ren", "\u00d8rsted"),
        ("Zoe", "S\u00f8rensen"),
        ("S\u00f8ren", "Bech"),
        ("Anne", "S\u00f8rensen"),
    ):
        at_work.customer(given, family)
    hits = at_work.read(lambda connection: find_customers(connection, "s\u00f8ren")).hits
    assert [hit.name for hit in hits] == [
        "S\u00f8ren Bech",
        "S\u00f8ren \u00d8rsted",
        "Anne S\u00f8rensen",
        "Zoe S\u00f8rensen",
    ]


def test_a_teller_sees_why_they_can_not_decide_on_kyc(at_work: TellerWindow) -> None:
    register(at_work, "Nina", "Sandvik")
    at_work.confirm()
    assert at_work.says("A supervisor decides on KYC.")
    assert not at_work.part(Button, "decide_kyc").isEnabled()
    assert not at_work.part(Button, "open_account").isEnabled()
    assert at_work.says("An account can be opened once KYC is approved.")


def decide(window: TellerWindow, customer: str, decision: str, remark: str = "") -> None:
    window.sign_in_supervisor()
    window.open("customer", customer)
    window.press("decide_kyc")
    window.choose("kyc_decision", decision)
    window.choose("kyc_document", "passport")
    window.fill("kyc_number", "A1234567")
    window.fill("kyc_country", "DK")
    window.fill("kyc_expires", "01/01/2030")
    window.fill("kyc_remark", remark)


def test_a_supervisor_approves_with_evidence_and_then_an_account_is_opened(at_work: TellerWindow) -> None:
    register(at_work, "Nina", "Sandvik")
    at_work.confirm()
    customer = at_work.customer_named("sandvik").customer
    decide(at_work, customer, "approved")
    at_work.confirm()
    assert at_work.file(customer).kyc == "approved"
    (decided,) = at_work.journal("customer.kyc_decided")
    assert decided.details["document_number"] == "A1234567"
    at_work.sign_in_teller()
    at_work.open("customer", customer)
    at_work.press("open_account")
    at_work.choose("product", "savings")
    at_work.confirm()
    (account,) = at_work.file(customer).accounts
    assert (account.product, account.currency) == ("savings", "DKK")
    assert at_work.says("Savings") or at_work.part(LiveList, "accounts").current_row().iban == account.iban


@pytest.mark.parametrize(
    ("field", "typed", "decision", "said"),
    [
        ("kyc_number", "", "approved", "Type the number"),
        ("kyc_country", "Nowhere", "approved", "two letters"),
        ("kyc_expires", "01/01/2020", "approved", "no longer valid"),
        ("kyc_remark", "", "refused", "Say why you refuse."),
    ],
)
def test_evidence_that_is_missing_or_expired_is_refused_at_its_field(
    at_work: TellerWindow, field: str, typed: str, decision: str, said: str
) -> None:
    register(at_work, "Nina", "Sandvik")
    at_work.confirm()
    customer = at_work.customer_named("sandvik").customer
    decide(at_work, customer, decision)
    at_work.fill(field, typed)
    at_work.press("review_button")
    assert at_work.says(said)
    assert at_work.file(customer).kyc == "pending"


def test_only_changed_fields_are_amended_and_the_old_values_stay_in_the_history(at_work: TellerWindow) -> None:
    customer = at_work.customer("Søren", "Ørsted", city="Odense")
    at_work.open("customer", customer)
    at_work.key(Qt.Key.Key_A, Qt.KeyboardModifier.AltModifier)
    assert at_work.part(QLineEdit, "field_city").text() == "Odense"
    at_work.fill("field_city", "Aarhus")
    at_work.confirm()
    (amended,) = at_work.journal("customer.amended")
    assert amended.body["fields"] == ("city",)
    assert at_work.file(customer).profile["city"] == "Aarhus"
    at_work.key(Qt.Key.Key_H, Qt.KeyboardModifier.AltModifier)
    history = at_work.part(LiveList, "field_history").model_of_rows
    rows = [history.row(number) for number in range(history.rowCount())]
    assert [(row.value, row.current) for row in rows if row and row.field == "city"] == [
        ("Aarhus", True),
        ("Odense", False),
    ]


def test_amending_nothing_is_said_and_posts_nothing(at_work: TellerWindow) -> None:
    at_work.open("amend_customer", at_work.customer())
    at_work.press("review_button")
    assert at_work.says("Nothing was changed")
    assert at_work.journal("customer.amended") == []


def test_a_freeze_is_made_by_one_and_lifted_by_two(at_work: TellerWindow) -> None:
    customer = at_work.customer()
    account = at_work.account(customer, 500_00)
    at_work.open("customer", customer)
    at_work.press("account_freezes")
    at_work.choose("freeze_reason", "lost-card")
    at_work.fill("freeze_remark", "Card lost in Odense")
    at_work.confirm()
    (frozen,) = at_work.file(customer).accounts
    assert [freeze.reason for freeze in frozen.freezes] == ["lost-card"]
    assert at_work.second.asked == []
    at_work.open("freezes", account)
    assert at_work.says("A supervisor approves the lift.")
    at_work.key(Qt.Key.Key_F9)
    at_work.enter()
    assert len(at_work.second.asked) == 1
    lifted = at_work.read(lambda connection: account_summary(connection, account))
    assert lifted is not None
    assert not lifted.frozen


def test_a_second_freeze_is_never_the_answer_to_enter(at_work: TellerWindow) -> None:
    customer = at_work.customer()
    account = at_work.account(customer)
    at_work.open("freezes", account)
    at_work.confirm()
    at_work.second.willing = False
    at_work.open("customer", customer)
    at_work.key(Qt.Key.Key_F8)
    at_work.enter()
    at_work.enter()
    assert len(at_work.file(customer).accounts[0].freezes) == 1
    at_work.open("freezes", account)
    at_work.key(Qt.Key.Key_F4)
    at_work.choose("freeze_reason", "lost-card")
    at_work.confirm()
    assert len(at_work.file(customer).accounts[0].freezes) == 2


def test_a_supervisor_is_told_that_another_one_approves_the_lift(at_work: TellerWindow) -> None:
    account = at_work.account(at_work.customer())
    at_work.open("freezes", account)
    at_work.confirm()
    at_work.sign_in_supervisor()
    at_work.open("freezes", account)
    assert at_work.says("Another supervisor than you approves the lift.")


def test_the_file_shows_money_as_it_comes_without_moving_the_choice(at_work: TellerWindow) -> None:
    customer = at_work.customer()
    at_work.account(customer)
    account = at_work.account(customer)
    at_work.open("customer", (customer, account))
    accounts = at_work.part(LiveList, "accounts")
    assert accounts.current_row().account == account
    at_work.bench.perform(at_work.teller, at_work.bench.deposited(account, 250_00), drawer="kasse-1")
    at_work.bot.waitUntil(lambda: accounts.current_row() is not None and accounts.current_row().posted == 250_00)
    at_work.settle()
    assert accounts.current_row().account == account
    activity = at_work.part(LiveList, "activity").model_of_rows
    assert activity.rowCount() == 1


def test_what_is_typed_stays_while_something_changes_elsewhere(at_work: TellerWindow) -> None:
    account = at_work.account(at_work.customer())
    register(at_work, "Nina", "Sandvik", city="Odense")
    at_work.bench.perform(at_work.teller, at_work.bench.deposited(account, 250_00), drawer="kasse-1")
    at_work.settle()
    assert at_work.part(QLineEdit, "field_city").text() == "Odense"
    assert at_work.part(QLineEdit, "field_city").hasFocus()


def test_keys_in_the_file_lead_to_the_counter_with_the_account(at_work: TellerWindow) -> None:
    customer = at_work.customer()
    at_work.account(customer, 100_00)
    at_work.open("customer", customer)
    for key, screen in ((Qt.Key.Key_F3, "deposit"), (Qt.Key.Key_F4, "withdrawal"), (Qt.Key.Key_F5, "transfer")):
        at_work.key(key)
        assert at_work.shell.current_name() == screen
        assert at_work.says("Søren Ørsted")
        at_work.open("customer", customer)


def test_escape_leads_from_a_form_to_the_file_to_the_list(at_work: TellerWindow) -> None:
    customer = at_work.customer()
    account = at_work.account(customer)
    at_work.open("freezes", account)
    at_work.press("review_button")
    assert at_work.part(QWidget, "review").isVisible()
    at_work.key(Qt.Key.Key_Escape)
    assert at_work.shell.current_name() == "freezes"
    at_work.key(Qt.Key.Key_Escape)
    assert at_work.shell.current_name() == "customer"
    at_work.key(Qt.Key.Key_Escape)
    assert at_work.shell.current_name() == "customers"


def test_a_name_as_long_as_a_name_may_be_makes_no_page_wider_than_the_window(at_work: TellerWindow) -> None:
    register(at_work, "W" * 100, "M" * 100)
    at_work.confirm()
    customer = at_work.customer_named("w" * 20).customer
    at_work.sign_in_supervisor()
    for screen in ("home", "journal", "customer", "decide_kyc", "amend_customer"):
        at_work.open(screen, customer if "_" in screen or screen == "customer" else None)
        area = at_work.screen.findChildren(QScrollArea)[0]
        assert area.horizontalScrollBar().maximum() == 0, screen
    decide(at_work, customer, "approved")
    at_work.press("review_button")
    area = at_work.screen.findChildren(QScrollArea)[0]
    assert area.horizontalScrollBar().maximum() == 0


def test_the_subtitle_gives_way_before_the_title(at_work: TellerWindow) -> None:
    at_work.open("decide_kyc", at_work.customer("Nina", "M" * 90))
    title = next(label for label in at_work.screen.findChildren(ElidedText) if label.text() == "Decide on KYC")
    assert title.width() >= title.sizeHint().width()


def test_with_the_line_up_an_allowance_is_held_for_whoever_stands_at_the_counter(at_work: TellerWindow) -> None:
    customer = at_work.customer()
    account = at_work.account(customer, 500_00)
    at_work.desk.set_line_status(LineStatus(LineState.OFFLINE))
    at_work.open("customer", customer)
    assert at_work.line.held == []
    at_work.desk.set_line_status(LineStatus(LineState.ONLINE))
    at_work.open("customer", customer)
    assert at_work.line.held == [account]


def test_a_visitors_file_says_that_the_rest_is_done_where_it_is_kept(at_work: TellerWindow, tmp_path: Path) -> None:
    with far_account(at_work.centre, at_work.clock, tmp_path) as (account, iban):
        at_work.line.ask_for_file(iban)
        with at_work.desk.device.reading() as connection:
            summary = account_summary(connection, account)
        assert summary is not None
        at_work.open("customer", (summary.customer, account))
        assert at_work.says("Another branch keeps this file")
        for name in ("account_transfer", "account_statement", "account_freezes", "open_account", "amend"):
            assert not at_work.part(Button, name).isEnabled(), name
        for name in ("account_deposit", "account_withdrawal"):
            assert at_work.part(Button, name).isEnabled(), name
