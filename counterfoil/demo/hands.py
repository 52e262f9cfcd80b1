"""A person's hands at a window of the demo: keys go to what has the focus, eyes wait until something is to be seen."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QEvent, QEventLoop, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

PATIENCE_SECONDS = 30.0
_MOMENT_MS = 20

Found = TypeVar("Found", bound=QWidget)


class NothingHappened(Exception):
    """What a person waited for did not come."""


def look() -> None:
    """Let every window do what it has to."""
    QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, _MOMENT_MS)


def wait(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until the condition holds. Raises `NothingHappened`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise NothingHappened(what)
        QApplication.processEvents(
            QEventLoop.ProcessEventsFlag.AllEvents | QEventLoop.ProcessEventsFlag.WaitForMoreEvents, _MOMENT_MS
        )


class Hands:
    """Works one top-level window by keyboard. Controls are found by their object names, among those that are shown."""

    def __init__(self, window: QWidget) -> None:
        self.window = window

    def shown(self, kind: type[Found], name: str) -> Found | None:
        """The control of that name, if it is to be seen."""
        controls = self.window.findChildren(kind, name)
        return next((control for control in controls if control.isVisible()), None)

    def find(self, kind: type[Found], name: str) -> Found:
        """Wait for the control to be shown."""
        wait(lambda: self.shown(kind, name) is not None, f"no {name} on the screen")
        control = self.shown(kind, name)
        if control is None:
            raise NothingHappened(name)
        return control

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press one key."""
        QTest.keyClick(self._focused(), key, modifier)
        look()

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        QTest.keyClicks(self._focused(), text)

    def attend(self) -> None:
        """Turn to this window: keys and shortcuts go to the active one."""
        if not self.window.isActiveWindow():
            self.window.activateWindow()
            wait(self.window.isActiveWindow, "the window can't be made the active one")

    def _focused(self) -> QWidget:
        self.attend()
        focused: QWidget | None = self.window.focusWidget()
        return self.window if focused is None else focused

    def fill(self, name: str, text: str) -> None:
        """Go to a field and type in place of what it holds."""
        self.attend()
        field = self.find(QWidget, name)
        wait(field.isEnabled, f"{name} can't be typed into")
        field.setFocus()
        QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(field, text)
        look()

    def push(self, name: str) -> None:
        """Go to a button and press it with the space bar."""
        self.attend()
        button = self.find(QAbstractButton, name)
        wait(button.isEnabled, f"{name} stays disabled")
        button.setFocus()
        QTest.keyClick(button, Qt.Key.Key_Space)
        look()

    def picture(self, path: Path) -> None:
        """Keep what the window shows."""
        look()
        # What was said a moment ago may not have been given its room yet.
        QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = self.window.grab()
        picture.save(str(path))
