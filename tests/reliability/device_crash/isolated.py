"""Work in a process of its own that shares nothing: forked from one that is prepared, so that it starts in no time.

Fork only where a process has a single thread, as this package's command has; pytest's process is never forked.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Say = Callable[[object], None]


@dataclass(frozen=True)
class Ended:
    """What a process said before it ended, and whether it was killed; `fault` is what it raised."""

    said: tuple[Any, ...]
    killed: bool
    fault: str | None = None


def in_process(work: Callable[[Say], None]) -> Ended:
    """Run it, hear what it says, and see how it ends."""
    sys.stdout.flush()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _be_child(work, writing)
    os.close(writing)
    heard = b""
    with os.fdopen(reading, "rb") as pipe:
        heard = pipe.read()
    status = os.waitpid(child, 0)[1]
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    said = _messages(heard)
    fault = next((words for name, words in said if name == "fault"), None)
    if not killed and status and fault is None:
        fault = f"ended with status {status}"
    return Ended(tuple(words for name, words in said if name == "said"), killed, fault)


def _be_child(work: Callable[[Say], None], writing: int) -> None:
    status = 1
    # It ends too soon to be worth tidying, and tidying would copy what it shares with its parent.
    gc.disable()
    try:
        work(lambda words: _write(writing, ("said", words)))
        status = 0
    except BaseException:  # noqa: BLE001 - a child that went on would run its parent's program a second time
        _write(writing, ("fault", traceback.format_exc()))
    finally:
        # Nothing is closed in good order: the next process finds the file as this one left it.
        os._exit(status)


def _write(pipe: int, message: object) -> None:
    data = pickle.dumps(message)
    data = len(data).to_bytes(8, "big") + data
    while data:
        data = data[os.write(pipe, data) :]


def _messages(heard: bytes) -> list[tuple[str, Any]]:
    """Whole messages only: the last may have been cut off by the kill."""
    found, place = [], 0
    while len(heard) - place >= 8:
        length = int.from_bytes(heard[place : place + 8], "big")
        place += 8
        if len(heard) - place < length:
            break
        found.append(pickle.loads(heard[place : place + length]))  # noqa: S301 - from a child of this very process
        place += length
    return found
