"""Time, passed in: the system's clock, a simulated one shared by processes through a file, and RFC 3339 text."""

from __future__ import annotations

import os
import re
import struct
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Protocol, runtime_checkable

SIMULATED_CLOCK_VARIABLE = "COUNTERFOIL_SIMULATED_CLOCK"
PURPOSE_VARIABLE = "COUNTERFOIL_PURPOSE"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_PURPOSES_THAT_MAY_SIMULATE = frozenset({"demo", "test"})


class Clock(Protocol):
    """Where the time comes from."""

    simulated: bool

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        ...


@runtime_checkable
class SteadyClock(Protocol):
    """A clock that can also say how much time has passed, whatever anybody sets its hands to."""

    def steady_ms(self) -> int:
        """Milliseconds since some moment; they only go forward."""
        ...


def steady_of(clock: Clock) -> Callable[[], int] | None:
    """What tells how much time passes beside that clock, where anything does."""
    return clock.steady_ms if isinstance(clock, SteadyClock) else None


class SystemClock:
    """The machine's own clock."""

    simulated = False

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1_000_000

    def steady_ms(self) -> int:
        """Milliseconds since the machine was started, or thereabouts."""
        return time.monotonic_ns() // 1_000_000


class FixedClock:
    """A clock for tests and replays that stands still until it is moved."""

    simulated = True

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms
        self._steady_ms = 0

    def steady_ms(self) -> int:
        """How much time has passed by `advance` and `pass_unseen`, in milliseconds."""
        return self._steady_ms

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return self._now_ms

    def advance(self, milliseconds: int) -> None:
        """Move the clock on, as time passes; a negative number sets it back, and no time passes."""
        self._now_ms += milliseconds
        self._steady_ms += max(0, milliseconds)

    def set(self, now_ms: int) -> None:
        """Set the clock, while no time passes."""
        self._now_ms = now_ms

    def pass_unseen(self, milliseconds: int) -> None:
        """Let time pass while the clock stands still."""
        self._steady_ms += milliseconds


class SharedClock:
    """A simulated clock that several processes read from one small file of eight bytes (demo and tests only)."""

    simulated = True

    def __init__(self, path: Path) -> None:
        self.path = path

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return int(struct.unpack(">q", self.path.read_bytes())[0])

    def set(self, now_ms: int) -> None:
        """Set the time for every process that shares the file; the file is replaced whole."""
        beside = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        beside.write_bytes(struct.pack(">q", now_ms))
        beside.replace(self.path)

    def advance(self, milliseconds: int) -> None:
        """Move the clock on for every process."""
        self.set(self.now_ms() + milliseconds)


class SimulatedClockRefused(Exception):
    """A simulated clock was asked for outside the demo and the tests."""


def clock_from_environment(environment: dict[str, str] | None = None) -> Clock:
    """The clock that the environment asks for.

    Raises `SimulatedClockRefused` if a simulated clock is named while the purpose is neither `demo` nor `test`.
    """
    values = os.environ if environment is None else environment
    path = values.get(SIMULATED_CLOCK_VARIABLE)
    if not path:
        return SystemClock()
    if values.get(PURPOSE_VARIABLE) not in _PURPOSES_THAT_MAY_SIMULATE:
        raise SimulatedClockRefused(
            f"{SIMULATED_CLOCK_VARIABLE} is set, but a simulated clock is for the demo and the tests only. "
            "Remove the variable."
        )
    return SharedClock(Path(path))


def instant(now_ms: int) -> str:
    """RFC 3339 text in UTC with milliseconds, e.g. `2026-11-20T09:42:00.000Z`; sorts as the time does."""
    return f"{_second(now_ms // 1000)}.{now_ms % 1000:03d}Z"


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    # Not strftime: on some systems it writes years before 1000 with fewer than four digits.
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]


def instant_ms(text: str) -> int:
    """Milliseconds since 1970 of a text made by `instant`. Raises ValueError for any other form."""
    if _INSTANT.fullmatch(text) is None:
        raise ValueError(f"not a canonical instant: {text!r}")
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def is_instant(text: str) -> bool:
    """Whether the text is a canonical instant."""
    try:
        instant_ms(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1024)
def is_business_date(text: str) -> bool:
    """Whether the text is a date of ISO 8601 in the extended form."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
