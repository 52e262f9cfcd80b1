"""Write what was settled: operations with verdicts, postings in one statement, state, balances and feed positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from core.operations import rules
from core.operations.checkpoints import running_hashes
from sync_server.ingest.cases import Case, open_cases
from sync_server.ingest.settle import Settled
from sync_server.store.home import CentreBook, Home
from sync_server.store.values import HELD_MS, NewPayment, Placed

_LEAVING = frozenset({"transfer.sent", "transfer.carried_out"})


def write_settled(
    home: Home, settled: Sequence[Settled], book: CentreBook, records: Mapping[str, bytes]
) -> dict[str, int]:
    """Write everything in this transaction; answers the position that each feed has reached.

    Feeds are locked last, in the order of their names, so positions are given without gaps and in commit order.
    """
    numbers = home.keep_operations(settled)
    cases = _write_records(home, settled, records) + _exceptions(settled)
    home.payments.queue(_payments(settled, home.incarnations.number()))
    open_cases(home, cases, settled[0].verdict.received_at)
    home.write_rows(book)
    heads = _enter_feeds(home, numbers, settled)
    home.write_balances(book)
    book.written()
    return heads


def _write_records(home: Home, settled: Sequence[Settled], records: Mapping[str, bytes]) -> list[Case]:
    """Keep the records that were named; a case for each that is neither here nor came with its operation."""
    named = {digest: item.decoded for item in settled for digest in rules.records_named(item.decoded)}
    kept = {digest: records[digest] for digest in named if digest in records}
    home.keep_records(kept)
    missing = home.records_missing(named.keys() - kept.keys())
    return [Case("record_missing", named[digest], {"digest": digest}) for digest in sorted(missing)]


def _payments(settled: Sequence[Settled], incarnation: int) -> list[NewPayment]:
    """Transfers that left their branch become work for the payment jobs.

    One that was made before this incarnation may have been sent to its partner already: that is asked first.

    One that was booked with an exception waits until a person lets it go: money that should not have left an account
    does not leave the bank.
    """
    return [
        NewPayment(
            item.decoded.operation.id,
            item.decoded.operation.branch or "",
            item.decoded.body.account,
            item.decoded.body.route,
            item.decoded.body.currency,
            item.decoded.body.amount,
            item.decoded.body.details,
            item.verdict.received_at,
            HELD_MS if item.verdict.exceptions else 0,
            "unknown" if _may_have_been_sent(item, incarnation) else "queued",
        )
        for item in settled
        if item.decoded.kind.name in _LEAVING and item.decoded.body.route != "own"
    ]


def _may_have_been_sent(item: Settled, incarnation: int) -> bool:
    seen = item.decoded.operation.seen.incarnation
    return item.decoded.body.route == "partner" and 1 < incarnation != seen


def _exceptions(settled: Sequence[Settled]) -> list[Case]:
    return [
        Case(exception.code, item.decoded, exception.detail)
        for item in settled
        for exception in item.verdict.exceptions
    ]


def _enter_feeds(home: Home, numbers: Sequence[int], settled: Sequence[Settled]) -> dict[str, int]:
    """Give every operation its position in the feeds it enters: the only place where a feed's head moves."""
    entering = sorted((feed, number) for number, item in zip(numbers, settled, strict=True) for feed in item.feeds)
    hashes = {number: item.verdict.hash for number, item in zip(numbers, settled, strict=True)}
    heads: dict[str, int] = {}
    running: dict[str, str] = {}
    placed: list[Placed] = []
    for feed, items in groupby(entering, key=itemgetter(0)):
        members = [number for _, number in items]
        heads[feed] = home.advance_feed(feed, len(members))
        running[feed] = running_hashes(home.feed_hash(feed), (hashes[number] for number in members))[-1]
        first = heads[feed] - len(members) + 1
        placed.extend(Placed(feed, first + offset, number) for offset, number in enumerate(members))
    home.enter_feeds(placed)
    home.put_feed_hashes(running)
    return heads
