"""Notes and coins are counted by keyboard and their sum is checked against the amount."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from core.money import Money
from desktop.widgets import Denomination, DenominationTable
from tests.desktop.hands import press, type_text


def kroner(minor: int) -> Money:
    return Money(minor, "DKK")


@pytest.fixture
def table(look: QApplication, qtbot: QtBot) -> DenominationTable:
    notes = [Denomination(kroner(1_000_00), 3), Denomination(kroner(100_00), 10), Denomination(kroner(50), 4)]
    made = DenominationTable(notes, "Pay out", "en")
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(made.isActiveWindow)
    return made


def test_counting_goes_down_the_column_by_enter_and_ends_at_the_last(table: DenominationTable, qtbot: QtBot) -> None:
    table.setFocus()
    type_text("2")
    press(Qt.Key.Key_Return)
    type_text("4")
    press(Qt.Key.Key_Down)
    type_text("1")
    with qtbot.waitSignal(table.finished):
        press(Qt.Key.Key_Return)
    assert table.counts() == {1_000_00: 2, 100_00: 4, 50: 1}
    assert table.total() == kroner(2_400_50)


def test_the_sum_is_checked_only_once_something_is_counted(table: DenominationTable) -> None:
    table.set_expected(kroner(2_400_00))
    assert table.agrees()
    table.set_counts({1_000_00: 2})
    assert not table.agrees()
    assert "400.00 still to count" in table._verdict.text()
    table.set_counts({1_000_00: 2, 100_00: 5})
    assert "100.00 more" in table._verdict.text()
    table.set_counts({1_000_00: 2, 100_00: 4})
    assert table.agrees()
    assert "agrees" in table._verdict.text()


def test_more_than_lies_in_the_drawer_is_noticed(table: DenominationTable) -> None:
    table.set_counts({1_000_00: 4})
    assert [each.value for each in table.short_in_drawer()] == [kroner(1_000_00)]
    assert "fewer of 1,000" in table._verdict.text()


@pytest.mark.parametrize("typed", ["-3", "abc", "1.5", "999999999999", "100000", "²", "٣"])
def test_what_is_no_count_stays_as_it_was_typed_is_said_and_is_not_counted(
    table: DenominationTable, typed: str
) -> None:
    table.set_counts({100_00: 2})
    first = table._edits[0]
    first.insert(typed)
    assert first.text() == typed
    assert f"1,000: \u201c{typed}\u201d is no count" in table._verdict.text()
    assert table.counts() == {100_00: 2}
    assert not table.agrees()
    assert not table.check()
    assert first.hasFocus(), "where it is put right"
    first.setText("3")
    assert table.check()
    assert table.counts() == {1_000_00: 3, 100_00: 2}


def test_a_column_in_which_nothing_is_known_is_left_out(table: DenominationTable) -> None:
    assert "In drawer" in said(table)
    table.show_in_drawer({})
    assert "In drawer" not in said(table)
    table.show_in_drawer({1_000_00: 5})
    assert {"In drawer", "5"} <= said(table)


def said(table: DenominationTable) -> set[str]:
    return {label.text() for label in table.findChildren(QLabel) if label.isVisible()}
