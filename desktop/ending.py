"""Ctrl+C and SIGTERM end the program as closing its window does, though Qt's own loop knows nothing of signals."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable, Iterator

from PySide6.QtCore import QSocketNotifier

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def end_on_signals(end: Callable[[], object]) -> Iterator[None]:
    """Call `end` on the UI thread when the process is asked to end. Only from the main thread.

    The interpreter writes a byte for each signal; Qt wakes for the byte, and only then may Python's handler run.
    """
    reading, writing = socket.socketpair()
    reading.setblocking(False)
    writing.setblocking(False)
    notifier = QSocketNotifier(reading.fileno(), QSocketNotifier.Type.Read)

    def woken() -> None:
        with contextlib.suppress(BlockingIOError):
            reading.recv(64)
        end()

    notifier.activated.connect(woken)
    before = {number: signal.signal(number, lambda _number, _frame: None) for number in _SIGNALS}
    wakeup = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        notifier.setEnabled(False)
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        reading.close()
        writing.close()
