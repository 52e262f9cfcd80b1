"""Windows without a screen, in the product's own look."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.tasks import Tasks
from desktop.theme import Theme, apply_theme

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

PATIENCE_MS = 60_000
"""How long a test waits before it says that something did not come: a busy machine is no failure."""


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """Waiting is on conditions, so being patient costs nothing where they come true."""
    with pytest.MonkeyPatch.context() as patch:
        for waiting in (QtBot.waitUntil, QtBot.waitSignal):
            patch.setattr(waiting, "__kwdefaults__", {**(waiting.__kwdefaults__ or {}), "timeout": PATIENCE_MS})
        yield


@pytest.fixture
def look(qapp: QApplication) -> Iterator[QApplication]:
    """The application in the light theme at the plain text size, whatever a test makes of it."""
    apply_theme(qapp, Theme())
    yield qapp
    apply_theme(qapp, Theme())


@pytest.fixture
def tasks(look: QApplication) -> Iterator[Tasks]:
    """Background work that is ended with the test."""
    made = Tasks()
    yield made
    made.shutdown()
