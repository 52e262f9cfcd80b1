"""Windows without a screen, in the product's own look."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from desktop.tasks import Tasks
from desktop.theme import Theme, apply_theme

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


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
