"""Fields say what is wrong at the field, and leave what was typed."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from core.money import Money
from desktop.widgets import AmountField, CodeField, PasswordField, TextField, column_of
from desktop.wording import amount_in_words


@pytest.fixture
def amount(look: QApplication, qtbot: QtBot) -> AmountField:
    field = AmountField("&Amount", "DKK", "en", hint="What the customer asks for")
    qtbot.addWidget(field)
    field.show()
    return field


def test_an_amount_is_read_while_it_is_typed_and_said_in_words(amount: AmountField, qtbot: QtBot) -> None:
    QTest.keyClicks(amount.edit, "2400.5")
    assert amount.money() == Money(2_400_50, "DKK")
    assert amount.message() == "Two thousand four hundred Danish kroner, 50/100"


def test_a_wrong_amount_stays_as_typed_and_the_error_stands_at_the_field(amount: AmountField, qtbot: QtBot) -> None:
    QTest.keyClicks(amount.edit, "12.345")
    assert amount.check() is None
    assert amount.edit.text() == "12.345"
    assert "2 decimals" in amount.error()
    assert amount.edit.accessibleDescription() == amount.error()


@pytest.mark.parametrize("typed", ["", "0", "-5", "abc", "1e9", "9" * 39, "١٢٣", "12,34", "\u202e12"])
def test_what_is_no_amount_gives_no_money_and_a_reason(amount: AmountField, typed: str) -> None:
    amount.edit.setText(typed)
    assert amount.check() is None
    assert amount.money() is None
    assert amount.error()


def test_leaving_the_field_groups_the_amount(amount: AmountField, qtbot: QtBot) -> None:
    QTest.keyClicks(amount.edit, "2400")
    amount.edit.left.emit()
    assert amount.edit.text() == "2,400.00"
    assert amount.money() == Money(2_400_00, "DKK")


def test_an_error_goes_as_soon_as_its_cause_is_mended(amount: AmountField, qtbot: QtBot) -> None:
    amount.check()
    assert amount.error()
    QTest.keyClicks(amount.edit, "5")
    assert not amount.error()


def test_a_currency_without_decimals_is_read_without(amount: AmountField) -> None:
    amount.set_currency("JPY")
    amount.edit.setText("1500")
    assert amount.money() == Money(1500, "JPY")
    amount.edit.setText("1500.50")
    assert amount.money() is None


def test_a_language_whose_numbers_are_unknown_says_no_words_rather_than_wrong_ones() -> None:
    assert amount_in_words(Money(1_00, "DKK"), "sq_AL") == ""
    assert amount_in_words(Money(2_400_00, "DKK"), "da_DK").startswith("Totusinde")


def test_an_error_does_not_move_what_stands_below(look: QApplication, qtbot: QtBot) -> None:
    box = QWidget()
    first, second = TextField("Name", hint="As in the passport"), TextField("IBAN")
    box.setLayout(column_of(first, second))
    qtbot.addWidget(box)
    box.show()
    before = second.mapTo(box, second.rect().topLeft()).y(), box.sizeHint().height()
    first.set_error("Type the name.")
    second.set_error("Type the IBAN.")
    QApplication.processEvents()
    assert (second.mapTo(box, second.rect().topLeft()).y(), box.sizeHint().height()) == before


def test_a_password_is_hidden_until_asked_for_and_forgotten_when_cleared(look: QApplication, qtbot: QtBot) -> None:
    field = PasswordField("&Password")
    qtbot.addWidget(field)
    QTest.keyClicks(field.edit, " with blanks ")
    assert field.text() == " with blanks "
    assert field.edit.echoMode() == QLineEdit.EchoMode.Password
    field._reveal.click()
    assert field.edit.echoMode() == QLineEdit.EchoMode.Normal
    field.clear()
    assert field.text() == ""
    assert field.edit.echoMode() == QLineEdit.EchoMode.Password


def test_a_code_is_six_digits_and_completes_itself(look: QApplication, qtbot: QtBot) -> None:
    field = CodeField("&One-time code")
    qtbot.addWidget(field)
    with qtbot.waitSignal(field.completed) as signal:
        QTest.keyClicks(field.edit, "48a2 9137")
    assert signal.args == ["482913"]
    assert field.code() == "482913"


def test_the_letter_of_a_label_leads_to_its_field(look: QApplication, qtbot: QtBot) -> None:
    box = QWidget()
    name, narrative = TextField("&Name"), TextField("Na&rrative")
    box.setLayout(column_of(name, narrative))
    qtbot.addWidget(box)
    box.show()
    qtbot.waitUntil(box.isActiveWindow)
    name.setFocus()
    QTest.keyClick(name.edit, Qt.Key.Key_R, Qt.KeyboardModifier.AltModifier)
    assert narrative.edit.hasFocus()
