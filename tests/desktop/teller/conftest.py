"""A teller's window at a desk where no day is open yet."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.tasks import Tasks
from tests.desktop.teller.teller_window import TellerWindow, open_teller_window


@pytest.fixture
def window(qtbot: QtBot, tasks: Tasks, tmp_path: Path) -> Iterator[TellerWindow]:
    """Jens is signed in."""
    bugs: list[str] = []
    tasks.bug_found.connect(bugs.append)
    made = open_teller_window(qtbot, tasks, tmp_path)
    yield made
    made.settle()
    tasks.shutdown()
    made.desk.close()
    made.bench.device.close()
    assert bugs == []
