"""Holding back what came with an exception: whatever was credited by it may be promised to nobody until it is clear."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.ledger import Posting, deposit_id
from core.operations.bank import centre_chain
from core.operations.holds import HoldPlaced
from sync_server.centre.issue import Centre, issue
from sync_server.ingest.settle import Settled
from sync_server.store.home import CentreBook, Home

REASON = "exception"
_NO_DOUBT = frozenset({"free_below_zero"})
"""Findings about the account, not about what was credited to it."""


def doubtful_credits(settled: Iterable[Settled]) -> list[tuple[Settled, Posting]]:
    """The credits of customers' accounts by operations that were booked with an exception."""
    return [
        (item, posting)
        for item in settled
        if any(found.code not in _NO_DOUBT for found in item.verdict.exceptions)
        for posting in item.decoded.postings
        if posting.amount < 0 and deposit_id(posting.account) is not None
    ]


def lock_chains_for(home: Home, doubtful: Sequence[tuple[Settled, Posting]]) -> None:
    """Lock the centre's own chains that the holds go on: before the feeds, as everybody does."""
    for branch in sorted({posting.branch for _, posting in doubtful}):
        home.begin_chain((centre_chain(branch), home.incarnations.hold()))


def hold_back(home: Home, centre: Centre, book: CentreBook, doubtful: Sequence[tuple[Settled, Posting]]) -> None:
    """Place a hold for each, in the transaction that booked it."""
    for item, posting in doubtful:
        hold(home, centre, book, posting, item.decoded.operation.id)


def hold(home: Home, centre: Centre, book: CentreBook, posting: Posting, cause: str) -> None:
    """Hold back what an operation (`cause`) credited."""
    body = HoldPlaced(
        account=deposit_id(posting.account) or "",
        currency=posting.currency,
        amount=-posting.amount,
        reason=REASON,
        cause=cause,
    )
    issue(home, centre, posting.branch, body, book=book)
