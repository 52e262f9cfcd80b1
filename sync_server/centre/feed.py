"""Reading a feed: pages of operations exactly as they were signed, with verdicts and the records that still exist."""

from __future__ import annotations

from core.canonical import base64url
from core.sync.messages import FeedItem, FeedPage
from sync_server.centre.issue import INCARNATION
from sync_server.database import Connection
from sync_server.ingest.push import stored_verdict
from sync_server.ingest.settle import BANK_FEED

_ITEMS = (
    b"SELECT i.position, o.jws, o.records, o.seq, o.hash, o.verdict, o.accounting_date::text, o.received_at, "
    b"o.exceptions, o.stamp FROM feed_items i JOIN operations o ON o.no = i.operation_no "
    b"WHERE i.feed = %s AND i.position > %s ORDER BY i.position LIMIT %s"
)


def read_page(connection: Connection, feed: str, after: int, limit: int) -> FeedPage:
    """Up to `limit` items after a position. The bank-wide head is read last, so it covers what the items need."""
    rows = connection.execute(_ITEMS, (feed, after, limit), prepare=True).fetchall()
    named = {digest for row in rows for digest in row[2] or ()}
    records = _records(connection, sorted(named))
    items = tuple(
        FeedItem(
            position=row[0],
            jws=row[1],
            verdict=stored_verdict(*row[3:]),
            records={digest: records[digest] for digest in row[2] or () if digest in records},
        )
        for row in rows
    )
    head = _head(connection, feed)
    return FeedPage(feed, items, head, _head(connection, BANK_FEED), INCARNATION)


def _head(connection: Connection, feed: str) -> int:
    row = connection.execute(b"SELECT position FROM feed_heads WHERE feed = %s", (feed,), prepare=True).fetchone()
    return int(row[0]) if row else 0


def _records(connection: Connection, digests: list[str]) -> dict[str, str]:
    if not digests:
        return {}
    rows = connection.execute(b"SELECT digest, data FROM records WHERE digest = ANY(%s)", (digests,))
    return {digest: base64url(data) for digest, data in rows}
