"""Paying out cash: what is looked at is what is posted, once, and never beyond what this desk may pay."""

import threading

import pytest
from PySide6.QtCore import Qt

from core.sync.fetched import FetchedRights
from desktop.widgets import DenominationTable, LineState, LineStatus
from tests.desktop.hands import press, type_text
from tests.desktop.teller.money.counter import Counter, texts


def test_a_withdrawal_is_reviewed_confirmed_and_posted_by_keyboard(counter: Counter) -> None:
    account = counter.customer_account(amount=8_000_00)
    screen = counter.open("withdrawal", {"account": account})
    counter.fill("amount", "2400.50")
    counter.fill("narrative", "Cash at counter")
    counter.enter()
    assert screen.review.isVisible()
    assert counter.posted(account) == 8_000_00, "nothing is posted by looking at it"
    counter.enter()
    assert screen.posted_panel.isVisible()
    assert counter.posted(account) == 5_599_50
    assert counter.in_drawer() == 10_000_00 + 8_000_00 - 2_400_50
    (made,) = counter.journal("cash.withdrawn")
    assert made.details == {"narrative": "Cash at counter"}
    counter.enter()
    assert screen.picker.isVisible()


def test_enter_twice_posts_once(counter: Counter) -> None:
    account = counter.customer_account(amount=8_000_00)
    screen = counter.open("withdrawal", {"account": account})
    counter.fill("amount", "100")
    counter.enter()
    screen.review.confirm_button.setFocus()
    screen.review.confirm_button.click()
    screen.review.confirm_button.click()
    screen.primary()
    counter.settle()
    assert len(counter.journal("cash.withdrawn")) == 1
    assert counter.posted(account) == 7_900_00


def test_enter_pressed_twice_in_the_amount_asks_for_one_review(counter: Counter) -> None:
    account = counter.customer_account(amount=8_000_00)
    screen = counter.open("withdrawal", {"account": account})
    counter.fill("amount", "100")
    press(Qt.Key.Key_Return)
    screen.begin_review()
    counter.settle()
    assert screen.review.isVisible()
    assert counter.journal("cash.withdrawn") == []


def test_beyond_what_this_desk_may_pay_nothing_is_posted_while_the_line_is_down(counter: Counter) -> None:
    account = counter.customer_account(amount=1_250_00)
    counter.money_from_elsewhere(account, 9_000_00)
    counter.line.down = True
    screen = counter.open("withdrawal", {"account": account})
    counter.fill("amount", "2000")
    counter.enter()
    assert not screen.review.isVisible()
    assert screen.form.amount.error() == (
        "Only 1,250.00 can be paid out here while the line is down. Choose from what is offered or wait for the line."
    )
    assert counter.edit("amount").text() == "2,000.00", "what was typed stays"
    assert counter.edit("amount").hasFocus()
    assert counter.posted(account) == 10_250_00


def test_with_the_line_up_the_missing_rights_are_fetched_before_the_review(counter: Counter) -> None:
    account = counter.customer_account(amount=1_250_00)
    counter.money_from_elsewhere(account, 9_000_00)
    screen = counter.open("withdrawal", {"account": account})
    counter.fill("amount", "2000")
    counter.enter()
    assert counter.line.asked == [(account, 750_00, 750_00)]
    assert screen.review.isVisible()
    counter.enter()
    assert counter.posted(account) == 8_250_00


def test_what_the_centre_does_not_grant_is_not_paid_out(counter: Counter) -> None:
    account = counter.customer_account(amount=1_250_00)
    screen = counter.open("withdrawal", {"account": account})
    counter.fill("amount", "2000")
    counter.enter()
    assert "1,250.00 in all can be paid out" in screen.form.amount.error()
    counter.line.refuses = True
    counter.enter()
    assert "1,250.00 in all can be paid out" in screen.form.amount.error()
    assert counter.journal("cash.withdrawn") == []


def test_what_the_account_holds_elsewhere_counts_to_what_can_be_paid_in_all(counter: Counter) -> None:
    account = counter.customer_account(amount=1_250_00)
    counter.money_from_elsewhere(account, 900_00)
    screen = counter.open("withdrawal", {"account": account})
    counter.fill("amount", "3000")
    counter.enter()
    assert screen.form.amount.error() == ("2,150.00 in all can be paid out from this account. Choose a smaller amount.")


def test_where_nothing_can_be_paid_out_that_is_what_is_said(counter: Counter) -> None:
    account = counter.customer_account()
    screen = counter.open("withdrawal", {"account": account})
    counter.fill("amount", "10")
    counter.enter()
    assert "Nothing can be paid out from this account now." in screen.form.amount.error()
    counter.line.down = True
    counter.enter()
    assert "Nothing can be paid out from this account here while the line is down." in screen.form.amount.error()


def test_a_centre_that_does_not_answer_in_time_counts_as_a_line_that_is_down(counter: Counter) -> None:
    account = counter.customer_account(amount=1_250_00)
    screen = counter.open("withdrawal", {"account": account})
    screen.ordering.drafting.patience.setInterval(200)
    release = threading.Event()

    def answers_late() -> FetchedRights:
        release.wait(10)
        return FetchedRights(0, 0, 0)

    counter.line.answers = answers_late
    counter.fill("amount", "2000")
    press(Qt.Key.Key_Return)
    counter.bot.waitUntil(lambda: "Asking the centre" in counter.button("review").label())
    assert not counter.button("review").isEnabled()
    counter.bot.waitUntil(lambda: bool(screen.form.amount.error()))
    release.set()
    counter.settle()
    assert "while the line is down" in screen.form.amount.error()
    assert counter.button("review").isEnabled()
    assert not screen.review.isVisible()


def test_above_the_tellers_limit_a_second_person_decides(counter: Counter) -> None:
    account = counter.customer_account(amount=9_000_00)
    screen = counter.open("withdrawal", {"account": account})
    counter.second.willing = False
    counter.fill("amount", "6000")
    counter.enter()
    counter.enter()
    assert screen.review.isVisible(), "declined: the review stays"
    assert counter.posted(account) == 9_000_00
    (request,) = counter.second.asked
    assert "5,000.00" in request.reason
    assert ("Amount", "6,000.00\u00a0DKK") in request.pairs
    counter.second.willing = True
    counter.enter()
    assert counter.posted(account) == 3_000_00
    assert counter.journal("cash.withdrawn")[0].line.approver == "mette"


def test_an_approval_that_is_called_off_leaves_the_review_as_it_was(counter: Counter) -> None:
    account = counter.customer_account(amount=9_000_00)
    screen = counter.open("withdrawal", {"account": account})
    counter.second.called_off = True
    counter.fill("amount", "6000")
    counter.enter()
    counter.enter()
    assert screen.review.isVisible()
    assert "Not approved" not in texts(screen.review), "nobody said no"
    assert screen.review.confirm_button.isEnabled()
    counter.second.called_off = False
    counter.enter()
    assert counter.posted(account) == 3_000_00


def test_more_than_the_drawer_holds_is_refused_at_the_amount(counter: Counter) -> None:
    account = counter.customer_account(amount=1_000_00)
    counter.money_from_elsewhere(account, 90_000_00)
    screen = counter.open("withdrawal", {"account": account})
    counter.fill("amount", "50000")
    counter.enter()
    assert "The drawer holds 11,000.00" in screen.form.amount.error()
    assert counter.line.asked == [], "the centre is not asked for what could not be paid anyway"


@pytest.mark.parametrize("typed", ["", "0", "-5", "1.234", "1,2,3", "99999999999999999999", "12\u202e34", "abc"])
def test_what_is_no_amount_is_refused_where_it_was_typed(counter: Counter, typed: str) -> None:
    account = counter.customer_account(amount=1_000_00)
    screen = counter.open("withdrawal", {"account": account})
    counter.edit("amount").setText(typed)
    counter.edit("amount").setFocus()
    counter.enter()
    assert screen.form.amount.error()
    assert counter.edit("amount").text() == typed
    assert not screen.review.isVisible()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("x" * 141, "At most 140 characters; this has 141"),
        ("a\u202eb", "turns text round"),
        ("a\u0007b", "control character"),
    ],
)
def test_a_narrative_that_can_not_be_kept_is_refused_and_left_as_it_is(counter: Counter, typed: str, said: str) -> None:
    account = counter.customer_account(amount=1_000_00)
    screen = counter.open("withdrawal", {"account": account})
    counter.fill("amount", "10")
    counter.edit("narrative").setText(typed)
    counter.enter()
    field = screen.form.field_of("narrative")
    assert field is not None
    assert said in field.error()
    assert counter.edit("narrative").text() == typed
    assert counter.journal("cash.withdrawn") == []


def test_a_hebrew_narrative_is_text_like_any_other(counter: Counter) -> None:
    account = counter.customer_account("יעל", "כהן", amount=1_000_00)
    counter.open("withdrawal", {"account": account})
    counter.fill("amount", "10")
    counter.edit("narrative").setText("משיכה במזומן")
    counter.enter()
    counter.enter()
    assert counter.journal("cash.withdrawn")[0].details == {"narrative": "משיכה במזומן"}


def test_figures_follow_what_happens_elsewhere_and_nothing_typed_is_lost(counter: Counter) -> None:
    account = counter.customer_account(amount=1_000_00)
    screen = counter.open("withdrawal", {"account": account})
    counter.fill("amount", "10")
    counter.fill("narrative", "half a sent")
    counter.money_from_elsewhere(account, 500_00)
    counter.settle()
    counter.bot.waitUntil(lambda: "1,500.00" in texts(screen.effects_card))
    assert counter.edit("narrative").text() == "half a sent"
    assert counter.edit("narrative").hasFocus()
    counter.enter()
    screen.review.back_button.setFocus()
    counter.money_from_elsewhere(account, 500_00)
    counter.settle()
    counter.bot.waitUntil(lambda: "2,000.00" in texts(screen.effects_card))
    assert screen.review.back_button.hasFocus()


def test_offline_it_says_how_much_is_reserved_for_this_desk(counter: Counter) -> None:
    account = counter.customer_account(amount=3_250_00)
    counter.desk.set_line_status(LineStatus(LineState.OFFLINE))
    screen = counter.open("withdrawal", {"account": account})
    assert "Up to 3,250.00\u00a0DKK can be paid out here" in texts(screen.form_card)
    assert "Payable here" in texts(screen.effects_card)
    counter.desk.set_line_status(LineStatus(LineState.ONLINE))
    assert "Working offline" not in texts(screen.form_card)
    assert "can be paid out here" not in texts(screen.form_card)
    assert "Payable here" not in texts(screen.effects_card), "rights are no daily matter while the line is up"


def test_an_account_opened_with_the_line_up_can_be_paid_from_when_the_line_is_cut(counter: Counter) -> None:
    account = counter.customer_account()
    counter.money_from_elsewhere(account, 3_000_00)
    counter.desk.set_line_status(LineStatus(LineState.ONLINE))
    screen = counter.open("withdrawal", {"account": account})
    assert counter.line.held == [account], "once, and without anybody asking for it"
    counter.desk.set_line_status(LineStatus(LineState.OFFLINE))
    counter.line.down = True
    counter.fill("amount", "2500")
    counter.enter()
    assert screen.review.isVisible()
    counter.enter()
    assert counter.posted(account) == 500_00


def test_without_the_line_nothing_is_asked_when_an_account_is_opened(counter: Counter) -> None:
    account = counter.customer_account()
    counter.desk.set_line_status(LineStatus(LineState.OFFLINE))
    counter.open("withdrawal", {"account": account})
    assert counter.line.held == []


def test_an_allowance_that_can_not_be_had_disturbs_nobody(counter: Counter) -> None:
    account = counter.customer_account(amount=1_000_00)
    problems: list[object] = []
    counter.desk.tasks.problem_found.connect(problems.append)
    counter.line.down = True
    counter.desk.set_line_status(LineStatus(LineState.ONLINE))
    screen = counter.open("withdrawal", {"account": account})
    assert (counter.line.held, problems) == ([account], [])
    assert screen.form_card.may_review()


def test_escape_goes_back_one_step_at_a_time_and_keeps_what_was_typed(counter: Counter) -> None:
    account = counter.customer_account(amount=1_000_00)
    screen = counter.open("withdrawal", {"account": account})
    counter.fill("amount", "10")
    counter.enter()
    press(Qt.Key.Key_Escape)
    assert screen.form_card.isVisible()
    assert counter.edit("amount").text() == "10.00"
    assert not screen.may_leave()
    counter.edit("amount").clear()
    press(Qt.Key.Key_Escape)
    assert screen.picker.isVisible()


def test_a_review_does_not_pass_to_the_next_person(counter: Counter) -> None:
    account = counter.customer_account(amount=1_000_00)
    screen = counter.open("withdrawal", {"account": account})
    counter.fill("amount", "10")
    counter.enter()
    counter.desk.set_session(counter.supervisor, "Mette")
    assert not screen.review.isVisible()
    assert screen.form_card.isVisible()


def test_notes_and_coins_are_checked_against_the_amount(counter: Counter) -> None:
    account = counter.customer_account(amount=5_000_00)
    screen = counter.open("withdrawal", {"account": account})
    table = screen.findChild(DenominationTable, "denominations")
    assert isinstance(table, DenominationTable)
    counter.fill("amount", "2400")
    table.set_counts({1_000_00: 2, 200_00: 1})
    counter.edit("amount").setFocus()
    counter.enter()
    assert not screen.review.isVisible()
    table.set_counts({1_000_00: 2, 200_00: 2})
    counter.edit("amount").setFocus()
    counter.enter()
    counter.enter()
    assert counter.journal("cash.withdrawn")[0].body["counts"] == {1_000_00: 2, 200_00: 2}


def test_a_count_that_is_none_is_not_reviewed_and_ctrl_enter_reviews_from_the_counts(counter: Counter) -> None:
    account = counter.customer_account(amount=5_000_00)
    screen = counter.open("withdrawal", {"account": account})
    table = screen.findChild(DenominationTable, "denominations")
    assert isinstance(table, DenominationTable)
    counter.fill("amount", "1000")
    table.setFocus()
    type_text("-1")
    press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    counter.settle()
    assert not screen.review.isVisible()
    assert "is no count" in texts(table)
    assert "Ctrl Enter" in texts(counter.button("review")), "Enter goes to the next count"
    table.set_counts({1_000_00: 1})
    press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    counter.bot.waitUntil(screen.review.isVisible)
    assert counter.journal("cash.withdrawn") == []


def test_a_right_to_left_name_turns_nothing_round(counter: Counter) -> None:
    given, family = "יעל", "כהן"
    account = counter.customer_account(given, family, amount=1_000_00)
    screen = counter.open("withdrawal", {"account": account})
    assert f"\u2068{given} {family}\u2069 \u00b7 DK" in screen.accessibleName()
