"""Reading a feed: pages of operations exactly as they were signed, with verdicts and the records that still exist."""

from __future__ import annotations

from core.canonical import base64url
from core.sync.messages import FeedItem, FeedPage
from sync_server.ingest.settle import BANK_FEED
from sync_server.store.home import Home
from sync_server.store.incarnations import is_recovering


def read_page(home: Home, feed: str, after: int, limit: int, now: str | None = None) -> FeedPage:
    """Up to `limit` items after a position. The bank-wide head is read last, so it covers what the items need."""
    rows = home.feed_rows(feed, after, limit)
    records = home.records(sorted({digest for row in rows for digest in row.records}))
    items = tuple(
        FeedItem(
            position=row.position,
            jws=row.jws,
            verdict=row.verdict,
            records={digest: base64url(records[digest]) for digest in row.records if digest in records},
        )
        for row in rows
    )
    head, hash_ = home.feed_end(feed)
    reached = (rows[-1].position if rows else after) == head
    return FeedPage(
        feed=feed,
        items=items,
        head=head,
        read_bank_to=home.feed_head(BANK_FEED),
        incarnation=home.incarnations.number(),
        now=now,
        hash=hash_ if reached else None,
        recovering=feed != BANK_FEED and is_recovering(home.incarnations),
    )
