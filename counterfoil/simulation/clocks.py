"""Simulated time: one true time, and clocks on desks that may be wrong."""

from __future__ import annotations


class TrueTime:
    """The time as it is, in milliseconds since 1970 UTC. It only goes forward. The centre's clock shows it."""

    simulated = True

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return self._now_ms

    def advance(self, milliseconds: int) -> None:
        """Let time pass."""
        self._now_ms += milliseconds


class DeskClock:
    """A desk's clock: right, `offset_ms` off, or standing still at `stopped_at_ms`."""

    simulated = True

    def __init__(self, time: TrueTime) -> None:
        self._time = time
        self.offset_ms = 0
        self.stopped_at_ms: int | None = None

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC, as this clock believes."""
        if self.stopped_at_ms is not None:
            return self.stopped_at_ms
        return self._time.now_ms() + self.offset_ms

    def steady_ms(self) -> int:
        """How much time has passed, whatever the hands show."""
        return self._time.now_ms()

    def stop(self) -> None:
        """Stand still from here on."""
        self.stopped_at_ms = self.now_ms()

    def set_right(self) -> None:
        """Show the true time again."""
        self.offset_ms = 0
        self.stopped_at_ms = None

    @property
    def right(self) -> bool:
        """Whether it shows the true time."""
        return self.offset_ms == 0 and self.stopped_at_ms is None
