"""The parts that others made are the ones that were tried: builds with known faults are noticed here."""

import subprocess
import sys

import sqlcipher3
import sqlcipher3.dbapi2

WAL_RESET_FIXED = (3, 51, 3)
REFERENCE_DRIFT_MAX = 50

WATCH_NONE = """
import sys
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget

application = QApplication([])
window = QWidget()
layout = QVBoxLayout(window)
label = QLabel("0")
layout.addWidget(label)
window.show()

def work(rounds):
    for number in range(rounds):
        label.setText(str(number))
        label.repaint()
        window.update()
        application.processEvents()

work(50)
before = sys.getrefcount(None)
work(400)
print(sys.getrefcount(None) - before)
"""


def test_sqlite_does_not_lose_commits_when_the_log_restarts() -> None:
    # https://sqlite.org/wal.html, "the WAL-reset bug": fixed in 3.51.3
    version = tuple(int(part) for part in sqlcipher3.dbapi2.sqlite_version.split("."))
    assert version >= WAL_RESET_FIXED


def test_the_local_database_is_encrypted_by_this_build() -> None:
    connection = sqlcipher3.dbapi2.connect(":memory:")
    try:
        assert connection.execute("PRAGMA cipher_version").fetchone()[0]
    finally:
        connection.close()


def test_qt_does_not_lose_references_to_none() -> None:
    # PySide6 6.12.0 does, on Python 3.11, and aborts: a process of its own keeps the other tests alive.
    ended = subprocess.run([sys.executable, "-c", WATCH_NONE], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    assert abs(int(ended.stdout)) <= REFERENCE_DRIFT_MAX
