"""How long a teller waits for the sign-in page after starting the program, and what the idle desktop holds.

The program is the real one in a process of its own, off the screen, on a desk that is enrolled. The very first start,
which fills the disk cache, is not counted.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.measuring import Quantity

STARTS = 5
READY, IDLE = "ready", "idle"
"""What the program says on its standard output."""
_CHECKOUT = Path(__file__).resolve().parents[1]
_STOP_SECONDS = 20
_BYTES_PER_MEGABYTE = 1_000_000


def _desk(folder: Path) -> dict[str, str]:
    from benchmarks.window_desk import make_desk  # brings Qt, which the other figures do without

    return make_desk(folder)


@contextmanager
def _program(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COUNTERFOIL_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.window_program"],
        cwd=_CHECKOUT,
        env={**inherited, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                ended = process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        assert ended == 0, f"the desktop ended with {ended}"


def _hear(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    said = process.stdout.readline().strip()
    assert said == word, f"the desktop said {said!r} instead of {word!r}"


def _start_once(environment: dict[str, str]) -> float:
    """Seconds from the program's start until its sign-in page is drawn."""
    started = time.perf_counter()
    with _program(environment) as process:
        _hear(process, READY)
        return time.perf_counter() - started


def take_start(folder: Path) -> float:
    """Seconds of a start: the median of a few, after one that is not counted."""
    environment = _desk(folder)
    _start_once(environment)
    return statistics.median(_start_once(environment) for _ in range(STARTS))


def take_idle(folder: Path) -> float:
    """Resident megabytes of the desktop while its sign-in page waits."""
    with _program(_desk(folder)) as process:
        _hear(process, READY)
        _hear(process, IDLE)
        return psutil.Process(process.pid).memory_info().rss / _BYTES_PER_MEGABYTE


START = Quantity(
    name="window_start_seconds",
    about="from the start of `counterfoil desktop` to its sign-in page, on an enrolled desk, in seconds",
    take=take_start,
)
IDLE_MEMORY = Quantity(
    name="desktop_idle_megabytes",
    about="resident memory of the desktop while its sign-in page waits, in megabytes",
    take=take_idle,
)
