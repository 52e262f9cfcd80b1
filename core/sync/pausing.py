"""How long the loop waits: short polls while all is well, longer and longer while it is not, never all at once."""

from __future__ import annotations

from core.ids import Randomness

BACKOFF_SECONDS_MIN = 1.0
BACKOFF_SECONDS_MAX = 15.0
STOPPED_SECONDS_MAX = 300.0
"""A stopped device has nothing to ask, and nobody waits for what it still hands over."""


def pause(poll_seconds: float, failures: int, randomness: Randomness, *, stopped: bool) -> float:
    """Seconds until the next step, after so many failures in a row.

    Between half and all of the time, so that a thousand devices do not come back in the same second.
    """
    longest = poll_seconds
    if failures:
        most = STOPPED_SECONDS_MAX if stopped else BACKOFF_SECONDS_MAX
        longest = min(most, BACKOFF_SECONDS_MIN * 2 ** min(failures - 1, 16))
    return longest * (256 + randomness(1)[0]) / 512
