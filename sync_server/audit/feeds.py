"""The feeds: positions without gaps, chains in their own order, running hashes, heads where the items end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from core.errors import IntegrityFault
from core.operations.checkpoints import NOTHING_READ, FeedMark, running_hash
from sync_server.audit.faults import Faults
from sync_server.audit.reading import stream
from sync_server.audit.replay import ChainName
from sync_server.database import Connection

_ITEMS = (
    b"SELECT i.feed, i.position, o.device, o.epoch, o.seq, o.hash FROM feed_items i "
    b"LEFT JOIN operations o ON o.no = i.operation_no ORDER BY i.feed, i.position"
)
_HEADS = b"SELECT feed, position, hash FROM feed_heads ORDER BY feed"


@dataclass(slots=True)
class _Feed:
    """How far one feed has been read."""

    name: str
    position: int = 0
    hash: str = NOTHING_READ
    last: dict[ChainName, int] = field(default_factory=dict)


def compare_feed_order(connection: Connection, marks: Iterable[tuple[FeedMark, str]], faults: Faults) -> int:
    """Read every feed from its beginning; answers how many items there are.

    `marks` are what checkpoints say of each feed, with the operation that says it.
    """
    said: dict[tuple[str, int], list[tuple[str, str]]] = {}
    for mark, where in marks:
        said.setdefault((mark.feed, mark.position), []).append((mark.hash, where))
    heads: dict[str, _Feed] = {}
    count = 0
    for name, position, device, epoch, seq, hash_ in stream(connection, "feed_order", _ITEMS):
        count += 1
        feed = heads.setdefault(name, _Feed(name))
        if position != feed.position + 1:
            faults.add("feed_items", f"{name}/{position}", "feed_gap", f"after {feed.position}")
        feed.position = position
        if device is None:
            continue  # named where the operations are gone through
        if seq <= feed.last.get((device, epoch), 0):
            faults.add("feed_items", f"{name}/{position}", "feed_order_differs", f"{device}/{epoch}/{seq}")
        feed.last[device, epoch] = seq
        _advance(feed, hash_, faults)
        for said_hash, where in said.pop((name, position), ()):
            if said_hash != feed.hash:
                faults.add("operations", where, "checkpoint_differs", f"{name}/{position}")
    for (name, position), marks_there in sorted(said.items()):
        faults.add("operations", marks_there[0][1], "checkpoint_differs", f"{name}/{position} is not there")
    _compare_heads(connection, heads, faults)
    return count


def _advance(feed: _Feed, hash_: str, faults: Faults) -> None:
    try:
        feed.hash = running_hash(feed.hash, hash_)
    except IntegrityFault as fault:
        faults.add("feed_items", f"{feed.name}/{feed.position}", fault.code)


def _compare_heads(connection: Connection, heads: dict[str, _Feed], faults: Faults) -> None:
    for name, position, hash_ in connection.execute(_HEADS).fetchall():
        feed = heads.pop(name, _Feed(name))
        if feed.position != position:
            faults.add("feed_heads", name, "feed_head_differs", str(position))
        elif feed.hash != hash_:
            faults.add("feed_heads", name, "feed_hash_differs")
    for name in sorted(heads):
        faults.add("feed_heads", name, "row_missing")
