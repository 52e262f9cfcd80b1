"""Each device epoch's bucket of grants, which refills with time: what keeps a desk from asking without end."""

from __future__ import annotations

from core.book.rows import DeviceEpoch
from sync_server.centre.issue import Centre
from sync_server.store.home import Home
from sync_server.store.lookups import Bucket

BUCKET = 120
"""The most grants that a device epoch has at once."""
REFILL_MS = 2_000
"""How long one grant takes to come back."""


def take_grants(home: Home, centre: Centre, device: DeviceEpoch, wanted: int, *, leaving: int = 0) -> tuple[int, int]:
    """Take up to `wanted` grants from the device's bucket, which stays locked, leaving `leaving` in it.

    Answers how many were taken and, where those are too few, in how many milliseconds there is one more.
    """
    chain, now_ms = (device.device, device.epoch), centre.clock.now_ms()
    bucket = home.lookups.lock_bucket(chain) or Bucket(BUCKET, now_ms)
    came = max(0, now_ms - bucket.filled_ms) // REFILL_MS
    tokens = min(BUCKET, bucket.tokens + came)
    filled_ms = now_ms if tokens == BUCKET or now_ms < bucket.filled_ms else bucket.filled_ms + came * REFILL_MS
    taken = max(0, min(wanted, tokens - leaving))
    if taken:
        home.lookups.put_bucket(chain, Bucket(tokens - taken, filled_ms))
    return taken, 0 if taken == wanted else filled_ms + REFILL_MS - now_ms + max(0, leaving - tokens) * REFILL_MS
