"""Since when nothing was heard of the centre: what it decided about people since then is not known here."""

from __future__ import annotations

from core.clock import instant, instant_ms
from core.device.workings import Workings

KEPT_EVERY_MS = 5 * 60_000
"""How often it is written down, lest every look at the feeds cost a write."""

_HEARD_AT = "heard-at"


def note(workings: Workings) -> None:
    """Both feeds were read to their ends just now."""
    now_ms = workings.time.latest_ms()
    kept = workings.store.setting(_HEARD_AT)
    if kept is None or abs(now_ms - instant_ms(kept)) >= KEPT_EVERY_MS:
        with workings.store.transaction():
            workings.store.put_setting(_HEARD_AT, instant(now_ms))


def silent_ms(workings: Workings) -> int:
    """For how many milliseconds nothing was heard, to a few minutes; counted from the first question if never was.

    By the latest time that it may be: a clock that went back makes no silence shorter.
    """
    kept = workings.store.setting(_HEARD_AT)
    if kept is None:
        note(workings)
        return 0
    latest = workings.time.latest_ms()
    if workings.time.doubt() is not None:
        latest = max(latest, workings.now_ms())
    return max(0, latest - instant_ms(kept))
