"""The program as it is started: it says what is in its way in a window, and ends when it is asked to."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.people.stretching import CHEAPEST
from core.secrets.vault import FileVault

CHECKOUT = Path(__file__).parents[3]
PROGRAM = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QLabel
application = QApplication([])
def say():
    shown = [label.text() for label in application.allWidgets() if isinstance(label, QLabel) and label.isVisible()]
    if not any(sys.argv[1] in text for text in shown):
        QTimer.singleShot(50, say)
        return
    print("shown", flush=True)
QTimer.singleShot(0, say)
from desktop.app import run
sys.exit(run())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("changes", "words", "code"),
    [
        ({}, "Set up this desk", 0),
        ({"COUNTERFOIL_VAULT_PASSPHRASE": "another passphrase"}, "This desk can't begin", 0),
        ({"COUNTERFOIL_THEME": "pink"}, "COUNTERFOIL_THEME", 1),
        ({"COUNTERFOIL_SIMULATED_CLOCK": "/nowhere"}, "simulated clock", 1),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals to send")
def test_the_program_shows_how_it_stands_and_ends_on_a_signal(
    number: signal.Signals, changes: dict[str, str], words: str, code: int, tmp_path: Path
) -> None:
    FileVault.create(tmp_path / "secrets.vault", "a passphrase for the tests", cost=CHEAPEST)
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "COUNTERFOIL_DATA": str(tmp_path),
        "COUNTERFOIL_SECRETS": "vault",
        "COUNTERFOIL_VAULT_PASSPHRASE": "a passphrase for the tests",
        **changes,
    }
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, words],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "shown\n"
        process.send_signal(number)
        _out, errors = process.communicate(timeout=20)
    assert process.returncode == code, errors
    assert "Traceback" not in errors
