"""Taking in cash, what stands in the way of it, and what follows it."""

from PySide6.QtCore import Qt

from core.operations.accounts import AccountFrozen
from core.operations.drawers import DrawerClosed
from desktop.widgets import LineState, LineStatus
from tests.desktop.hands import press
from tests.desktop.teller.money.counter import Counter, texts


def deposit(counter: Counter, account: str, amount: str) -> None:
    """A deposit from the first key to the last."""
    counter.open("deposit", {"account": account})
    counter.fill("amount", amount)
    counter.enter()
    counter.enter()


def test_a_deposit_is_in_the_account_and_in_the_drawer(counter: Counter) -> None:
    account = counter.customer_account()
    deposit(counter, account, "1,500.25")
    assert counter.posted(account) == 1_500_25
    assert counter.in_drawer() == 11_500_25


def test_what_was_posted_says_how_far_it_has_come(counter: Counter) -> None:
    account = counter.customer_account()
    counter.line.down = True
    deposit(counter, account, "100")
    panel = counter.open_screen().posted_panel
    assert "Queued" in texts(panel)
    counter.bench.sync()
    counter.settle()
    counter.desk.set_line_status(LineStatus(LineState.ONLINE))
    counter.settle()
    assert "Queued" not in texts(panel)
    assert "At the centre" in texts(panel)


def test_a_receipt_is_made_and_a_second_one_is_a_copy(counter: Counter) -> None:
    account = counter.customer_account()
    deposit(counter, account, "100")
    counter.press("receipt")
    counter.press("receipt")
    (made,) = counter.journal("cash.deposited")
    names = sorted(path.name for path in counter.papers.iterdir())
    assert names == [f"receipt-{made.line.operation}-copy.pdf", f"receipt-{made.line.operation}.pdf"]
    assert all(path.read_bytes().startswith(b"%PDF") for path in counter.papers.iterdir())


def test_a_deposit_is_undone_once_with_a_second_person(counter: Counter) -> None:
    account = counter.customer_account()
    deposit(counter, account, "100")
    counter.second.willing = False
    counter.press("undo")
    assert counter.posted(account) == 100_00, "the second person said no"
    counter.second.willing = True
    counter.press("undo")
    assert counter.posted(account) == 0
    assert counter.in_drawer() == 10_000_00
    assert not counter.button("undo").isEnabled()
    screen = counter.open_screen()
    assert "10,000.00" in texts(screen.standing_card), "the drawer as it is now"
    assert not screen.effects_card.isVisible(), "nothing says what it was before the undoing"
    (reversal,) = counter.journal("entry.reversed")
    (made,) = counter.journal("cash.deposited")
    assert reversal.body["reverses"] == made.line.operation
    assert reversal.line.approver == "mette"


def test_the_next_customer_begins_with_nothing_of_the_last(counter: Counter) -> None:
    first, second = counter.customer_account(), counter.customer_account("Ane", "Holm")
    deposit(counter, first, "100")
    counter.enter()
    screen = counter.open("deposit", {"account": second})
    assert counter.edit("amount").text() == ""
    assert "Ane Holm" in screen.accessibleName()
    assert "Ørsted" not in texts(screen.holder_card)


def test_without_an_open_drawer_no_cash_is_taken_and_it_says_where_to_open_one(counter: Counter) -> None:
    account = counter.customer_account()
    held = counter.in_drawer()
    closing = DrawerClosed(currency="DKK", counts={100_00: held // 100_00}, counted=held, expected=held)
    screen = counter.open("deposit", {"account": account})
    counter.fill("amount", "100")
    counter.bench.perform(counter.teller, closing, drawer="kasse-1")
    counter.settle()
    assert not counter.button("review").isEnabled()
    assert "No drawer is open" in texts(screen.form_card)
    counter.enter()
    assert not screen.review.isVisible()
    assert counter.edit("amount").text(), "what was typed stays"
    counter.edit("amount").clear()
    counter.press("go_there")
    assert counter.shell.current_name() == "drawer"


def test_a_frozen_account_takes_money_in_and_gives_none_out(counter: Counter) -> None:
    account = counter.customer_account(amount=500_00)
    counter.bench.perform(
        counter.teller, AccountFrozen(account=account, reason="fraud-suspected"), approver=counter.supervisor
    )
    screen = counter.open("withdrawal", {"account": account})
    assert "This account is frozen" in texts(screen.form_card)
    assert "Fraud suspected" in texts(screen.form_card)
    assert not counter.button("review").isEnabled()
    deposit(counter, account, "100")
    assert counter.posted(account) == 600_00


def test_the_side_says_what_waits_and_what_the_centre_made(counter: Counter) -> None:
    account = counter.customer_account()
    counter.money_from_elsewhere(account, 700_00)
    counter.bench.perform(counter.teller, counter.bench.deposited(account, 100_00), drawer="kasse-1")
    screen = counter.open("deposit", {"account": account})
    said = texts(screen.latest_card)
    assert "Queued" in said
    assert "Centre" in said
    assert "+700.00" in said
    assert "+100.00" in said


def test_the_account_is_chosen_by_name_or_iban_without_a_mouse(counter: Counter) -> None:
    account = counter.customer_account("Søren", "Ørsted")
    other = counter.customer_account("Sofie", "Lund")
    screen = counter.open("deposit")
    counter.fill("account_search", "orsted")
    counter.enter()
    counter.bot.waitUntil(screen.form_card.isVisible)
    assert "Søren Ørsted" in screen.accessibleName()
    press(Qt.Key.Key_Escape)
    counter.fill("account_search", counter.iban(other))
    counter.enter()
    counter.bot.waitUntil(screen.form_card.isVisible)
    assert "Sofie Lund" in screen.accessibleName()
    press(Qt.Key.Key_Escape)
    counter.fill("account_search", "so")
    counter.enter()
    counter.bot.waitUntil(screen.picker.table.hasFocus)
    press(Qt.Key.Key_Down)
    press(Qt.Key.Key_Return)
    counter.bot.waitUntil(screen.form_card.isVisible)
    assert account


def test_a_customer_with_one_account_needs_no_choice_and_one_with_two_has_it(counter: Counter) -> None:
    customer = counter.bench.customer(counter.teller, counter.supervisor)
    account = counter.bench.account(counter.teller, customer)
    screen = counter.open("deposit", {"customer": customer})
    counter.bot.waitUntil(screen.form_card.isVisible)
    assert counter.iban(account)[-4:] in screen.accessibleName().replace("\u00a0", "")
    counter.bench.account(counter.teller, customer)
    counter.open("deposit", {"customer": customer})
    counter.bot.waitUntil(lambda: screen.picker.table.model().rowCount() == 2)
    assert screen.picker.isVisible()


def test_the_wrong_account_can_be_changed_without_typing_anew(counter: Counter) -> None:
    counter.customer_account("Søren", "Ørsted")
    right = counter.customer_account("Ane", "Holm")
    screen = counter.open("deposit")
    counter.fill("account_search", "orsted")
    counter.enter()
    counter.bot.waitUntil(screen.form_card.isVisible)
    counter.fill("amount", "75")
    counter.press("other_account")
    counter.fill("account_search", "holm")
    counter.enter()
    counter.bot.waitUntil(screen.form_card.isVisible)
    assert counter.edit("amount").text() == "75.00"
    counter.edit("amount").setFocus()
    counter.enter()
    counter.enter()
    assert counter.posted(right) == 75_00


def test_an_account_that_is_not_known_here_is_said_to_be_so(counter: Counter) -> None:
    screen = counter.open("deposit", {"account": "01a1f7f8-4770-7000-850e-f0b3a56ec843"})
    counter.bot.waitUntil(lambda: "not known here" in texts(screen.picker))
