"""PySide6 6.12.0 loses references to None on Python 3.11 and ends the program: the version in use must not."""

from __future__ import annotations

import sys

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.widgets import Text


def test_references_to_none_stay_level_while_the_window_is_drawn(look: QApplication, qtbot: QtBot) -> None:
    label = Text("", "title")
    qtbot.addWidget(label)
    label.show()

    def draw(times: int) -> None:
        for number in range(times):
            label.setText(str(number))
            label.repaint()

    draw(50)
    before = sys.getrefcount(None)
    draw(500)
    assert abs(sys.getrefcount(None) - before) < 100
