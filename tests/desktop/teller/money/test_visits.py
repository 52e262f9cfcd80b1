"""A customer of another branch at the counter: their file asked for, cash in and out, and the file given back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt

from core.book.rows import DepositAccount
from desktop.teller.money.visiting import VisitCard, VisitOffer
from desktop.widgets import LineState, LineStatus
from tests.desktop.hands import press
from tests.desktop.teller.far_branch import far_account
from tests.desktop.teller.money.counter import Counter, texts


@pytest.fixture
def far(counter: Counter) -> Iterator[tuple[str, str]]:
    """An account in Aarhus with 900.00 that no desk holds rights on, and its IBAN."""
    counter.desk.set_line_status(LineStatus(LineState.ONLINE))
    with far_account(counter.centre, counter.clock, counter.papers.parent) as found:
        yield found


def look_up(counter: Counter, iban: str, screen: str = "withdrawal") -> VisitOffer:
    """Type the IBAN into the search of a money screen; what is offered."""
    shown = counter.open(screen)
    counter.fill("account_search", iban)
    counter.bot.waitUntil(lambda: not shown.picker._pause.isActive())
    counter.settle()
    return shown.picker.offer


def test_a_visitors_file_is_asked_for_and_their_cash_paid_out(counter: Counter, far: tuple[str, str]) -> None:
    account, iban = far
    offer = look_up(counter, iban)
    counter.bot.waitUntil(offer.isVisible)
    assert "Another branch keeps this account." in texts(offer)
    counter.press("ask_for_file")
    screen = counter.open_screen()
    counter.bot.waitUntil(screen.form_card.isVisible)
    assert "Ida Krogh" in screen.accessibleName()
    said = texts(screen.visit_card)
    assert "Aarhus" in said
    assert "Balance as of" in said
    counter.fill("amount", "250")
    counter.enter()
    counter.enter()
    assert counter.posted(account) == 650_00
    assert counter.in_drawer() == 9_750_00
    counter.bench.sync()
    row = counter.centre.book.get(DepositAccount, account)
    assert row is not None
    assert row.posted == 650_00


def test_a_visitor_pays_in_and_their_file_goes_back(counter: Counter, far: tuple[str, str]) -> None:
    account, iban = far
    look_up(counter, iban, "deposit")
    counter.press("ask_for_file")
    counter.fill("amount", "100")
    counter.enter()
    counter.enter()
    assert counter.posted(account) == 1_000_00
    screen = counter.open("deposit", {"account": account})
    counter.bot.waitUntil(screen.visit_card.isVisible)
    press(Qt.Key.Key_F8)
    counter.bot.waitUntil(lambda: counter.desk.device.loan(account) is None)
    counter.settle()
    assert counter.desk.device.loan(account) is None
    screen = counter.open("deposit", {"account": account})
    assert not screen.form_card.isVisible()
    assert screen.picker.offer.isVisible(), "what is done next needs the file again"


def test_only_cash_is_done_here_for_a_visitor(counter: Counter, far: tuple[str, str]) -> None:
    account, iban = far
    counter.line.ask_for_file(iban)
    screen = counter.open("transfer", {"account": account})
    assert "Aarhus keeps this account." in texts(screen.form_card)
    assert not counter.button("review").isEnabled()


def test_without_the_line_a_file_is_offered_and_can_not_be_asked_for(counter: Counter, far: tuple[str, str]) -> None:
    _, iban = far
    counter.desk.set_line_status(LineStatus(LineState.OFFLINE))
    offer = look_up(counter, iban)
    counter.bot.waitUntil(offer.isVisible)
    assert not offer.ask.isEnabled()
    assert "once the line is up" in texts(offer)
    counter.desk.set_line_status(LineStatus(LineState.ONLINE))
    assert offer.ask.isEnabled()


def test_a_file_that_does_not_come_says_why(counter: Counter, far: tuple[str, str]) -> None:
    _, iban = far
    counter.line.refuses = True
    offer = look_up(counter, iban)
    counter.press("ask_for_file")
    assert "closed, being closed or frozen" in texts(offer)
    counter.line.refuses, counter.line.down = False, True
    counter.press("ask_for_file")
    assert "can't be reached" in texts(offer)
    assert counter.line.asked_for == [iban, iban]
    assert offer.ask.hasFocus(), "the next try is one key away"
    assert "Not an account of this branch" in texts(counter.open_screen())


def test_nothing_is_offered_for_what_is_no_account_of_this_bank(counter: Counter, far: tuple[str, str]) -> None:
    assert far
    for typed in ("DK5000400440116243", "nobody", "DK12"):
        assert not look_up(counter, typed).isVisible(), typed
    own = counter.customer_account(amount=10_00)
    screen = counter.open("deposit", {"account": own})
    assert not screen.findChild(VisitCard, "visit").isVisible()  # type: ignore[union-attr]
