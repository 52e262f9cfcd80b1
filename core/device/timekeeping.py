"""How far a device may believe its clock: held against its own last operation, passing time, and the centre's clock.

A right that is spent counts from a time on, and a lease ends at one, so a clock that went back or stands still stops
spending until the centre has confirmed the time. What is done meanwhile takes the time of the operation before it.
"""

from __future__ import annotations

from core.clock import Clock, instant, steady_of
from core.errors import Refusal
from core.store.home import DeviceHome

CLOCK_BACK_MS_MAX = 2 * 60 * 1000
"""Clocks are set right by seconds every day; what goes back further was set by somebody."""

AGREES_MS_MAX = 2 * 60 * 1000
"""Nearer than this to the centre's time, the clock is confirmed."""

WRONG_MS_MAX = 5 * 60 * 1000
"""Further than this from the centre's time, the clock is wrong; the centre's own measure for requests is the same."""

BEHIND_MS_MAX = 15 * 60 * 1000
"""By so much the clock may fall behind the time that passes before it is taken to stand still."""

_FLOOR, _OFFSET = "clock_floor", "clock_offset"
_FLOOR_STEP_MS = 60 * 1000
_OFFSET_STEP_MS = 30 * 1000
_MINUTE_MS = 60 * 1000


class Timekeeper:
    """Used under the device's lock. `last_at_ms` is the time of the own chain's last operation.

    The floor is the latest that the clock has shown at an operation since it was last confirmed: what it may not fall
    below. It stays under `last_at_ms` where that was written by a clock that ran ahead and was then set right.
    """

    def __init__(self, home: DeviceHome, clock: Clock, last_at_ms: int) -> None:
        self._home = home
        self._clock = clock
        self._steady = steady_of(clock)
        self.last_at_ms = last_at_ms
        self._floor_ms = self._kept_floor = _floor_of(home.setting(_FLOOR), last_at_ms)
        self._offset_ms = self._kept_offset = int(home.setting(_OFFSET) or 0)
        self._heard: tuple[int, int] | None = None
        self._base = (clock.now_ms(), self._steady()) if self._steady else None

    def now_ms(self) -> int:
        """The time by which things are done here: the clock's, but never before what was done last."""
        return max(self._clock.now_ms(), self.last_at_ms)

    def latest_ms(self) -> int:
        """The latest that it may be by anything that is known here: by it the end of a lease is judged."""
        shown = self._clock.now_ms()
        latest = shown + max(0, self._offset_ms)
        if self._heard is not None and self._steady is not None:
            at_centre, steady = self._heard
            latest = max(latest, at_centre + self._steady() - steady)
        return latest

    @property
    def wrong_by_minutes(self) -> int:
        """How far the clock was ahead of the centre's (behind: negative) when that was last heard; 0 if not wrong."""
        if abs(self._offset_ms) <= WRONG_MS_MAX:
            return 0
        minutes = abs(self._offset_ms) // _MINUTE_MS
        return minutes if self._offset_ms < 0 else -minutes

    def doubt(self) -> Refusal | None:
        """What speaks against spending by this clock: `clock_went_back`, `clock_stands_still`."""
        shown = self._clock.now_ms()
        if shown < self._floor_ms - CLOCK_BACK_MS_MAX:
            return Refusal("clock_went_back", detail={"last": instant(self._floor_ms)})
        if self._behind_ms(shown) > BEHIND_MS_MAX:
            return Refusal("clock_stands_still", detail={"shows": instant(shown)})
        return None

    def _behind_ms(self, shown: int) -> int:
        """By how much the clock has gone on less than time has passed, since it was started or confirmed."""
        if self._steady is None or self._base is None:
            return 0
        steady = self._steady()
        behind = (steady - self._base[1]) - (shown - self._base[0])
        if behind < 0:
            # The machine slept, or was set forward: from here on it is watched again.
            self._base = (shown, steady)
        return max(0, behind)

    def keep(self, at_ms: int) -> None:
        """Inside the transaction of an operation of that time: keep the floor, where the chain is ahead of it."""
        floor = max(self._floor_ms, min(at_ms, self._clock.now_ms()))
        if floor < at_ms - CLOCK_BACK_MS_MAX and abs(floor - self._kept_floor) >= _FLOOR_STEP_MS:
            self._home.put_setting(_FLOOR, f"{at_ms} {floor}")
            self._kept_floor = floor

    def done(self, at_ms: int) -> None:
        """An operation of that time is kept."""
        self.last_at_ms = at_ms
        self._floor_ms = max(self._floor_ms, min(at_ms, self._clock.now_ms()))

    def hear(self, centre_ms: int) -> None:
        """The centre has just said what time it is. Raises `StoreProblem`."""
        shown = self._clock.now_ms()
        self._offset_ms = centre_ms - shown
        steady = self._steady() if self._steady is not None else 0
        self._heard = (centre_ms, steady)
        agrees = abs(self._offset_ms) <= AGREES_MS_MAX
        if agrees:
            self._base = (shown, steady)
        lowered = agrees and self._floor_ms > shown + CLOCK_BACK_MS_MAX
        if lowered or abs(self._offset_ms - self._kept_offset) >= _OFFSET_STEP_MS:
            self._confirm(shown if lowered else None)

    def _confirm(self, floor_ms: int | None) -> None:
        with self._home.transaction():
            self._home.put_setting(_OFFSET, str(self._offset_ms))
            if floor_ms is not None:
                self._home.put_setting(_FLOOR, f"{self.last_at_ms} {floor_ms}")
        self._kept_offset = self._offset_ms
        if floor_ms is not None:
            self._floor_ms = self._kept_floor = floor_ms


def _floor_of(kept: str | None, last_at_ms: int) -> int:
    """The floor that was kept, if the chain's time is still the one that it was kept for."""
    at, _, floor = (kept or "0 0").partition(" ")
    return int(floor) if int(at) == last_at_ms else last_at_ms
