"""The running hashes of feeds that are read from a snapshot, held against what checkpoints in them say.

They go into the new device's file as if it had read the feeds by pages, so that the next page is compared with them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from core.canonical import base64url, from_base64url
from core.device.feed_hashes import KEPT_MAX, CheckpointSeen, FeedHashes, kept_settings
from core.errors import IntegrityFault
from core.operations.checkpoints import CheckpointMade
from core.operations.kind import Decoded


class SnapshotHashes:
    """Of the feeds that are named, in one life of the centre's database."""

    def __init__(self, feeds: tuple[str, str], incarnation: int) -> None:
        self._incarnation = incarnation
        self._running = dict.fromkeys(feeds, b"")
        self._positions = dict.fromkeys(feeds, 0)
        self._last: dict[str, deque[str]] = {feed: deque(("",), maxlen=KEPT_MAX) for feed in feeds}
        self._expected: dict[tuple[str, int], str] = {}
        self._newest: CheckpointSeen | None = None

    def read_on(self, feed: str, position: int, decoded: Decoded[Any]) -> None:
        """The operation at the next position. Raises `IntegrityFault("snapshot_differs")`."""
        running = sha256(self._running[feed] + from_base64url(decoded.signed.hash)).digest()
        self._running[feed], self._positions[feed] = running, position
        text = base64url(running)
        self._last[feed].append(text)
        if self._expected.pop((feed, position), text) != text:
            raise IntegrityFault("snapshot_differs", f"checkpoint at {feed}/{position}")
        if isinstance(decoded.body, CheckpointMade) and decoded.body.incarnation == self._incarnation:
            self._expect(decoded, decoded.body)

    def _expect(self, decoded: Decoded[Any], body: CheckpointMade) -> None:
        for mark in body.feeds:
            here = self._positions.get(mark.feed)
            if here is None:
                continue
            if mark.position > here:
                self._expected[mark.feed, mark.position] = mark.hash
            elif FeedHashes(here, tuple(self._last[mark.feed])).at(mark.position) not in (None, mark.hash):
                raise IntegrityFault("snapshot_differs", f"checkpoint at {mark.feed}/{mark.position}")
        self._newest = CheckpointSeen(decoded.operation.id, decoded.signed.hash, decoded.operation.at)

    def conclude(self, feed: str, stated: str | None) -> None:
        """At a feed's end, of which the centre states its running hash. Raises `IntegrityFault("snapshot_differs")`."""
        if stated is not None and stated != self._last[feed][-1]:
            raise IntegrityFault("snapshot_differs", f"running hash of {feed}")

    def settings(self) -> Iterator[tuple[str, str]]:
        """Name and text of what a device keeps of it."""
        feeds = {feed: FeedHashes(here, tuple(self._last[feed])) for feed, here in self._positions.items()}
        return kept_settings(feeds, self._newest)
