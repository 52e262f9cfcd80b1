"""A desk that was stopped says why, what becomes of its work, and is left by keyboard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.stopped_page import StoppedPage
from desktop.window import Window
from tests.desktop.hands import press


@pytest.fixture
def page(look: QApplication, qtbot: QtBot) -> Iterator[StoppedPage]:
    window, made = Window(), StoppedPage()
    qtbot.addWidget(window)
    window.show_page(made)
    window.show()
    qtbot.waitUntil(window.isActiveWindow)
    made.enrol_button.setFocus()
    yield made
    window.close()


def test_enter_enrols_it_anew_and_f4_lets_somebody_look(page: StoppedPage, qtbot: QtBot) -> None:
    page.show_stop("device_revoked", 3)
    with qtbot.waitSignal(page.enrol_wanted):
        press(Qt.Key.Key_Return)
    with qtbot.waitSignal(page.look_wanted):
        press(Qt.Key.Key_F4)
    press(Qt.Key.Key_Tab)
    assert page.look_button.hasFocus()


@pytest.mark.parametrize(("why", "stays_on"), [("device_revoked", True), ("rolled_back", False)])
def test_nobody_is_told_to_leave_a_desk_on_that_is_to_be_closed(page: StoppedPage, why: str, stays_on: bool) -> None:
    page.show_stop(why, 3)
    assert "handed over as they were signed" in page.handed.text()
    assert ("Leave this desk on." in page.handed.text()) is stays_on
    assert page.look_button.isVisibleTo(page) is stays_on
