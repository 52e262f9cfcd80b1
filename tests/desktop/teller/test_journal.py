"""The journal shows what was signed; a reprint says that it is one; an entry is reversed once, by two people."""

from __future__ import annotations

from datetime import date

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLineEdit, QScrollArea

from core.operations.transfers import TransferMade, TransferSent
from core.records import make_record
from core.store.queries.accounts import account_activity, account_summary
from desktop.teller.customers.columns import activity_text
from desktop.teller.journal import JournalScreen
from desktop.teller.lists import LiveList
from desktop.teller.papers import reprinted_receipt, statement_of
from desktop.teller.statement import StatementScreen
from desktop.widgets import Button
from tests.bank import DATE
from tests.desktop.teller.money.counter import PLACE
from tests.desktop.teller.teller_window import TellerWindow


@pytest.fixture
def at_work(window: TellerWindow) -> TellerWindow:
    """The day and the drawer are open."""
    window.open_day()
    return window


def deposit(window: TellerWindow, account: str, amount: int) -> str:
    made = window.bench.perform(window.teller, window.bench.deposited(account, amount), drawer="kasse-1")
    window.settle()
    return made.id


def posted(window: TellerWindow, account: str) -> int:
    found = window.read(lambda connection: account_summary(connection, account))
    assert found is not None
    return found.posted


def test_the_newest_stands_first_and_says_that_it_is_queued_until_it_was_sent(at_work: TellerWindow) -> None:
    account = at_work.account(at_work.customer())
    operation = deposit(at_work, account, 700_00)
    at_work.key(Qt.Key.Key_F7)
    first = at_work.part(LiveList, "journal").current_row()
    assert (first.operation, first.state) == (operation, "queued")
    assert at_work.says("not yet sent to the centre")
    at_work.bench.sync()
    at_work.settle()
    assert at_work.part(LiveList, "journal").current_row().state == "applied"
    assert at_work.says("booked at the centre")


def test_the_signed_facts_are_those_of_the_operation(at_work: TellerWindow) -> None:
    account = at_work.account(at_work.customer())
    operation = deposit(at_work, account, 700_00)
    at_work.open("journal", operation)
    (detail,) = at_work.journal("cash.deposited")
    shown = [edit.text() for edit in at_work.screen.findChildren(QLineEdit) if edit.isReadOnly()]
    assert shown == [detail.hash, detail.kid]
    assert at_work.says(str(detail.line.note.seq))


def test_new_work_elsewhere_leaves_the_chosen_operation_chosen(at_work: TellerWindow) -> None:
    account = at_work.account(at_work.customer())
    operation = deposit(at_work, account, 700_00)
    at_work.open("journal", operation)
    deposit(at_work, account, 10_00)
    journal = at_work.part(LiveList, "journal")
    assert journal.current_row().operation == operation
    newest = journal.model_of_rows.row(0)
    assert newest is not None
    assert newest.amount == 10_00


def test_a_receipt_is_printed_again_with_the_figures_of_then_and_says_so(at_work: TellerWindow) -> None:
    account = at_work.account(at_work.customer())
    operation = deposit(at_work, account, 700_00)
    deposit(at_work, account, 55_00)
    receipt = at_work.read(lambda connection: reprinted_receipt(connection, PLACE, operation))
    assert receipt is not None
    assert receipt.reprint
    assert (receipt.amount_minor, receipt.balance_minor) == (700_00, 700_00)
    at_work.open("journal", operation)
    at_work.key(Qt.Key.Key_F8)
    screen = at_work.screen
    assert isinstance(screen, JournalScreen)
    assert screen.printed is not None
    assert screen.printed.read_bytes().startswith(b"%PDF")
    assert at_work.opened_files == [screen.printed]


def test_a_reversal_needs_a_reason_and_a_supervisor_and_happens_once(at_work: TellerWindow) -> None:
    account = at_work.account(at_work.customer())
    operation = deposit(at_work, account, 700_00)
    at_work.open("journal", operation)
    at_work.press("reverse")
    at_work.enter()
    assert at_work.says("Say why it is reversed.")
    at_work.fill("reversal_reason", "Wrong account")
    at_work.confirm()
    assert len(at_work.second.asked) == 1
    assert posted(at_work, account) == 0
    (reversal,) = at_work.journal("entry.reversed")
    assert reversal.body["reverses"] == operation
    assert reversal.details == {"narrative": "Wrong account"}
    at_work.open("journal", operation)
    assert not at_work.part(Button, "reverse").isEnabled()
    assert at_work.says("reversed already")


def test_a_declined_reversal_leaves_the_money_where_it_is(at_work: TellerWindow) -> None:
    account = at_work.account(at_work.customer())
    operation = deposit(at_work, account, 700_00)
    at_work.second.willing = False
    at_work.open("reverse", operation)
    at_work.fill("reversal_reason", "Wrong account")
    at_work.confirm()
    assert at_work.says("Not approved.")
    assert posted(at_work, account) == 700_00


def test_a_deposit_whose_rights_went_back_to_the_centre_is_reversed_by_asking_for_them(at_work: TellerWindow) -> None:
    account = at_work.account(at_work.customer())
    operation = deposit(at_work, account, 9_000_00)
    at_work.bench.sync()
    at_work.bench.device.hand_back_surplus(0)
    at_work.bench.sync()
    at_work.line.down = True
    at_work.open("reverse", operation)
    at_work.fill("reversal_reason", "Wrong account")
    at_work.enter()
    assert at_work.says("must give 9,000.00 back")
    assert at_work.says("while the line is down")
    at_work.line.down = False
    at_work.confirm()
    assert at_work.line.asked[-1] == (account, 9_000_00, 9_000_00)
    assert posted(at_work, account) == 0


def test_what_the_customer_has_spent_is_not_taken_back_and_the_line_is_not_blamed(at_work: TellerWindow) -> None:
    account = at_work.account(at_work.customer())
    operation = deposit(at_work, account, 900_00)
    at_work.bench.perform(at_work.teller, at_work.bench.withdrawn(account, 500_00), drawer="kasse-1")
    at_work.open("reverse", operation)
    at_work.fill("reversal_reason", "Wrong account")
    at_work.enter()
    assert at_work.says("must give 900.00 back, and only 400.00 can be taken from it now")
    assert not at_work.says("the line is down")
    assert posted(at_work, account) == 400_00


def test_what_is_no_money_is_not_reversed_and_says_why(at_work: TellerWindow) -> None:
    at_work.customer()
    at_work.open("journal", at_work.journal("customer.registered")[0].line.operation)
    assert not at_work.part(Button, "reverse").isEnabled()
    assert at_work.says("Only cash and transfers within the branch")


def test_a_statement_is_made_saved_and_adds_up(at_work: TellerWindow) -> None:
    customer = at_work.customer("יעל", "כהן")
    account = at_work.account(customer)
    deposit(at_work, account, 700_00)
    at_work.open("customer", customer)
    at_work.press("account_statement")
    at_work.press("make_statement")
    screen = at_work.screen
    assert isinstance(screen, StatementScreen)
    assert screen.made is not None
    statement = screen.made.statement
    assert (statement.opening_balance_minor, statement.closing_balance_minor) == (0, 700_00)
    assert [line.amount_minor for line in statement.lines] == [700_00]
    assert "odense-1" in {head.device for head in statement.heads}
    assert screen.made.missing == ()
    assert screen.made.path.read_bytes().startswith(b"%PDF")
    at_work.press("open_statement")
    assert at_work.opened_files == [screen.made.path]


def test_papers_and_lists_name_the_other_party_of_money_that_came_and_of_money_that_went(
    at_work: TellerWindow,
) -> None:
    payer = at_work.account(at_work.customer("S\u00f8ren", "\u00d8rsted"), 500_00)
    payee = at_work.account(at_work.customer("Nina", "Sandvik"))
    names = {"payer_name": "S\u00f8ren \u00d8rsted", "payee_name": "Nina Sandvik"}
    digest, data = make_record(names, at_work.bench.randomness)
    body = TransferMade(account=payer, payee_account=payee, currency="DKK", amount=200_00, details=digest)
    at_work.bench.perform(at_work.teller, body, records={digest: data})
    at_work.settle()

    def counterparty(account: str) -> str:
        day = date.fromisoformat(DATE)
        made = at_work.read(
            lambda c: statement_of(c, PLACE, account, day, day, made_at=f"{DATE}T09:00:00.000Z", made_by="Jens Dahl")
        )
        assert made is not None
        return made.lines[-1].counterparty

    def text(account: str) -> str:
        return activity_text(at_work.read(lambda c: account_activity(c, account)).lines[0])

    assert (counterparty(payee), counterparty(payer)) == ("S\u00f8ren \u00d8rsted", "Nina Sandvik")
    assert (text(payee), text(payer)) == ("Transfer \u00b7 S\u00f8ren \u00d8rsted", "Transfer \u00b7 Nina Sandvik")


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("x", "20/11/2026", "not a date"),
        ("20/11/2026", "19/11/2026", "ends before it begins"),
        ("01/01/1990", "20/11/2026", "At most 10 years"),
    ],
)
def test_a_period_that_is_none_is_refused_at_its_field(at_work: TellerWindow, first: str, last: str, said: str) -> None:
    at_work.open("statement", at_work.account(at_work.customer()))
    at_work.fill("period_from", first)
    at_work.fill("period_to", last)
    at_work.press("make_statement")
    assert at_work.says(said)
    assert not list(at_work.papers.glob("*"))


def test_what_moves_no_money_and_many_details_fit_a_low_screen(at_work: TellerWindow) -> None:
    at_work.shell.resize(1366, 768)
    account = at_work.account(at_work.customer(), 5_000_00)
    names = {
        "payer_name": "Søren Ørsted",
        "payee_name": "Nordlys Energi- og Varmeforsyning",
        "payee_iban": "DK5000400440116243",
        "remittance": "Invoice 2026-11-4711, customer 889 1234 5678, November, with fee",
    }
    digest, data = make_record(names, at_work.bench.randomness)
    sent = TransferSent(account=account, route="partner", currency="DKK", amount=100_00, details=digest)
    done = at_work.bench.perform(at_work.teller, sent, records={digest: data})
    at_work.open("journal", done.id)
    card = at_work.part(QLineEdit, "operation_key")
    area = at_work.screen.findChild(QScrollArea)
    assert area is not None
    assert card.mapTo(area, QPoint(0, card.height())).y() <= area.height(), "nothing has to be scrolled for"
    assert at_work.says("Nordlys Energi- og Varmeforsyning")
    assert sum("Søren Ørsted" in words for words in at_work.words()) == 1, "the payer is the customer, said once"


def test_a_statement_is_made_of_no_account_before_that_is_here(at_work: TellerWindow) -> None:
    first, second = (at_work.account(at_work.customer()) for _ in range(2))
    at_work.open("statement", first)
    screen = at_work.screen
    assert isinstance(screen, StatementScreen)
    screen.opened(second)
    assert not screen.make_button.isEnabled()
    at_work.settle()
    assert screen.make_button.isEnabled()
