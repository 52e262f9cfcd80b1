"""Whether the centre's past is still the one that this device has read: running hashes, compared at checkpoints.

For each feed the device keeps the running hash at its last positions, and what checkpoints say of positions that it
has not reached yet. Hashes are cumulative: one that is equal vouches for everything before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from core.device.workings import Workings
from core.errors import IntegrityFault
from core.operations.checkpoints import NOTHING_READ, CheckpointMade, FeedMark, running_hashes
from core.operations.kind import Decoded

KEPT_MAX = 128
"""How many positions are kept: more than arrive while the centre makes a checkpoint. A later one covers them anyhow."""

_NEWEST = "checkpoint"
_FEED = "feed_hashes:"


class CheckpointSeen(msgspec.Struct, frozen=True):
    """The newest checkpoint that this device has seen: its operation's id and hash, and when the centre made it."""

    id: str
    hash: str
    at: str


class FeedHashes(msgspec.Struct, frozen=True):
    """A feed up to `position`. `hashes` are those at the last positions, the newest last; none where none is known.

    `expected` is what checkpoints say of later positions.
    """

    position: int
    hashes: tuple[str, ...]
    expected: tuple[FeedMark, ...] = ()

    def at(self, position: int) -> str | None:
        """The running hash at a position, if it is known."""
        back = self.position - position
        return self.hashes[-1 - back] if 0 <= back < len(self.hashes) else None


def newest_checkpoint(workings: Workings) -> CheckpointSeen | None:
    """The newest checkpoint that was read and found to agree."""
    text = workings.store.setting(_NEWEST)
    return msgspec.json.decode(text, type=CheckpointSeen) if text is not None else None


def known_at(workings: Workings, feed: str, position: int) -> str | None:
    """This device's own running hash at the position that it has reached, if it has one."""
    return _load(workings, feed, position).at(position)


def read_on(workings: Workings, feed: str, operation_hashes: Sequence[str], position: int, stated: str | None) -> None:
    """Note what a page brought, up to `position`, inside the open transaction.

    `stated` is the centre's running hash there, where it says one: a file from before there were any takes it over.
    Raises `IntegrityFault("checkpoint_differs")` where it, or a checkpoint, says another.
    """
    before = _load(workings, feed, position - len(operation_hashes))
    known = before.hashes[-1:] + tuple(running_hashes(before.hashes[-1], operation_hashes)) if before.hashes else ()
    hashes = (before.hashes[:-1] + known)[-KEPT_MAX:]
    if stated is not None:
        hashes = hashes or (stated,)
        if hashes[-1] != stated:
            raise IntegrityFault("checkpoint_differs", f"{feed}:{position}")
    after = _compare(FeedHashes(position, hashes, before.expected), feed)
    if after != before:
        _save(workings, feed, after)


def take_checkpoints(workings: Workings, applied: Iterable[Decoded[Any]], feeds: Sequence[str]) -> None:
    """Hold this device's feeds against checkpoints that have just been read, inside the open transaction.

    Raises `IntegrityFault("checkpoint_differs")`.
    """
    for decoded in applied:
        body = decoded.body
        if not isinstance(body, CheckpointMade) or body.incarnation != workings.head.incarnation:
            continue
        for mark in body.feeds:
            if mark.feed in feeds:
                now = _load(workings, mark.feed, _position(workings, mark.feed))
                expecting = msgspec.structs.replace(now, expected=(*now.expected, mark))
                _save(workings, mark.feed, _compare(expecting, mark.feed))
        seen = CheckpointSeen(decoded.operation.id, decoded.signed.hash, decoded.operation.at)
        workings.store.put_setting(_NEWEST, msgspec.json.encode(seen).decode())


def kept_settings(feeds: Mapping[str, FeedHashes], newest: CheckpointSeen | None) -> Iterator[tuple[str, str]]:
    """Name and text of the settings by which a file that is made anew knows these feeds by name."""
    for feed, hashes in feeds.items():
        yield _FEED + feed, msgspec.json.encode(hashes).decode()
    if newest is not None:
        yield _NEWEST, msgspec.json.encode(newest).decode()


def step_back(workings: Workings, feed: str, position: int, restored: int, hash_: str) -> None:
    """A new life of the centre's database, in which this feed goes on after `restored`; inside the open transaction.

    What an older life's checkpoints say of later positions is about what was lost. Raises
    `IntegrityFault("checkpoint_differs")` where what was read here up to there is not what was restored.
    """
    kept = _load(workings, feed, position)
    if kept.at(restored) not in (None, hash_):
        raise IntegrityFault("checkpoint_differs", f"{feed}:{restored}")
    if position < restored:
        ahead = tuple(mark for mark in kept.expected if mark.position <= restored)
        _save(workings, feed, FeedHashes(position, kept.hashes, (*ahead, FeedMark(feed, restored, hash_))))
    else:
        _save(workings, feed, FeedHashes(restored, (hash_,)))


def _compare(feed: FeedHashes, name: str) -> FeedHashes:
    """Without the marks that have been reached, which agree."""
    for mark in feed.expected:
        known = feed.at(mark.position)
        if known is not None and known != mark.hash:
            raise IntegrityFault("checkpoint_differs", f"{name}:{mark.position}")
    ahead = tuple(mark for mark in feed.expected if mark.position > feed.position)
    return msgspec.structs.replace(feed, expected=ahead)


def _load(workings: Workings, feed: str, position: int) -> FeedHashes:
    text = workings.store.setting(_FEED + feed)
    kept = _decoded(text) if text is not None else None
    if kept is not None and kept.position == position:
        return kept
    if kept is not None and position < kept.position:
        raise IntegrityFault("feed_gap", f"{feed}:{position}")
    return FeedHashes(position, (NOTHING_READ,) if position == 0 else (), kept.expected if kept is not None else ())


@lru_cache(maxsize=32)
def _decoded(text: str) -> FeedHashes:
    """What a setting says: read with each page, changed only by one that brings something."""
    return msgspec.json.decode(text, type=FeedHashes)


def _save(workings: Workings, feed: str, hashes: FeedHashes) -> None:
    workings.store.put_setting(_FEED + feed, msgspec.json.encode(hashes).decode())


def _position(workings: Workings, feed: str) -> int:
    return workings.head.branch_position if feed == workings.head.branch else workings.head.bank_position
