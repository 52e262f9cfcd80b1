"""How long a person waits after failed sign-ins: longer each time, whatever the clock does."""

from __future__ import annotations

FREE_FAILURES = 3
_WAITS_MS = (5_000, 15_000, 60_000, 5 * 60_000, 15 * 60_000)


def wait_ms(failures: int, last_failure_ms: int, now_ms: int) -> int:
    """Milliseconds still to wait before the next try: none for three failures, then 5, 15, 60 s, 5, 15 min.

    The caller keeps both numbers on disk. A clock that stands before the last failure shortens nothing.
    """
    if failures <= FREE_FAILURES:
        return 0
    full = _WAITS_MS[min(failures - FREE_FAILURES, len(_WAITS_MS)) - 1]
    return max(0, full - max(0, now_ms - last_failure_ms))


def last_failure_anchor(last_failure_ms: int, now_ms: int) -> int:
    """The time of the last failure to keep from here on.

    A clock that was set back (it had been wrong) starts the wait afresh from here, instead of making the
    person wait until the wrong time comes round again.
    """
    return min(last_failure_ms, now_ms)
