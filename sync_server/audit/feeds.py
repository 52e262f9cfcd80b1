"""The feeds: positions without gaps, each operation once, chains in their own order, heads where the items end."""

from __future__ import annotations

from sync_server.audit.faults import Faults
from sync_server.audit.reading import stream
from sync_server.audit.replay import ChainName
from sync_server.database import Connection

_ITEMS = (
    b"SELECT i.feed, i.position, o.device, o.epoch, o.seq, o.hash FROM feed_items i "
    b"LEFT JOIN operations o ON o.no = i.operation_no ORDER BY i.feed, i.position"
)


def compare_feed_order(connection: Connection, faults: Faults) -> int:
    """Read every feed from its beginning; answers how many items there are."""
    heads: dict[str, int] = {}
    count, place, last = 0, ("", 0), dict[ChainName, int]()
    for feed, position, device, epoch, seq, _hash in stream(connection, "feed_order", _ITEMS):
        count += 1
        if feed != place[0]:
            place, last = (feed, 0), {}
        if position != place[1] + 1:
            faults.add("feed_items", f"{feed}/{position}", "feed_gap", f"after {place[1]}")
        place = (feed, position)
        heads[feed] = position
        if device is None:
            continue  # named where the operations are gone through
        if seq <= last.get((device, epoch), 0):
            faults.add("feed_items", f"{feed}/{position}", "feed_order_differs", f"{device}/{epoch}/{seq}")
        last[device, epoch] = seq
    _compare_heads(connection, heads, faults)
    return count


def _compare_heads(connection: Connection, heads: dict[str, int], faults: Faults) -> None:
    for feed, position in connection.execute(b"SELECT feed, position FROM feed_heads ORDER BY feed").fetchall():
        if heads.pop(feed, 0) != position:
            faults.add("feed_heads", feed, "feed_head_differs", str(position))
    for feed in sorted(heads):
        faults.add("feed_heads", feed, "row_missing")
