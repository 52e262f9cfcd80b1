"""Write what was settled: operations with verdicts, postings in one statement, state, balances and feed positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter

import msgspec

from core.operations import rules
from sync_server.database import Connection
from sync_server.ingest.cases import Case, open_cases
from sync_server.ingest.settle import Settled
from sync_server.payments.queue import HELD_MS
from sync_server.store.rows import CentreBook, write_balances, write_rows

_encode = msgspec.json.Encoder().encode
_OPERATIONS = (
    b"COPY operations (no, id, device, epoch, seq, hash, kind, business_date, accounting_date, received_at, verdict, "
    b"exceptions, stamp, records, jws) FROM STDIN"
)
_POSTINGS = b"COPY postings (operation_no, line, branch, account, currency, amount) FROM STDIN"
_PAYMENTS = (
    b"INSERT INTO payments (transfer_id, branch, account, route, currency, amount, details, updated_at, state, "
    b"next_attempt_ms) SELECT transfer_id, branch, account, route, currency, amount, details, updated_at, 'queued', "
    b"due FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], "
    b"%s::text[], %s::bigint[]) "
    b"AS sent (transfer_id, branch, account, route, currency, amount, details, updated_at, due)"
)
_FEED_ITEMS = b"COPY feed_items (feed, position, operation_no) FROM STDIN"


def write_settled(
    connection: Connection, settled: Sequence[Settled], book: CentreBook, records: Mapping[str, bytes]
) -> dict[str, int]:
    """Write everything in this transaction; answers the position that each feed has reached.

    Feeds are locked last, in the order of their names, so positions are given without gaps and in commit order.
    """
    numbers = _numbers(connection, len(settled))
    _copy_operations(connection, numbers, settled)
    _copy_postings(connection, numbers, settled)
    cases = _write_records(connection, settled, records) + _exceptions(settled)
    _write_payments(connection, settled)
    open_cases(connection, cases, settled[0].verdict.received_at)
    write_rows(connection, book, book.absent)
    heads = _copy_feed_items(connection, numbers, settled)
    write_balances(connection, book.differences.items())
    book.written()
    return heads


def _numbers(connection: Connection, count: int) -> list[int]:
    rows = connection.execute(
        b"SELECT nextval('operation_numbers') FROM generate_series(1, %s)", (count,), prepare=True
    )
    return [number for (number,) in rows]


def _copy_operations(connection: Connection, numbers: Sequence[int], settled: Sequence[Settled]) -> None:
    with connection.cursor().copy(_OPERATIONS) as copy:
        for number, item in zip(numbers, settled, strict=True):
            operation, verdict = item.decoded.operation, item.verdict
            named = rules.records_named(item.decoded)
            copy.write_row(
                (
                    number,
                    operation.id,
                    operation.device,
                    operation.epoch,
                    operation.seq,
                    verdict.hash,
                    operation.kind,
                    operation.business_date,
                    verdict.accounting_date,
                    verdict.received_at,
                    verdict.verdict,
                    _encode(verdict.exceptions).decode() if verdict.exceptions else None,
                    verdict.stamp,
                    list(named) or None,
                    item.decoded.signed.jws,
                )
            )


def _copy_postings(connection: Connection, numbers: Sequence[int], settled: Sequence[Settled]) -> None:
    if not any(item.decoded.postings for item in settled):
        return
    with connection.cursor().copy(_POSTINGS) as copy:
        for number, item in zip(numbers, settled, strict=True):
            for line, posting in enumerate(item.decoded.postings):
                copy.write_row((number, line, *posting))


def _write_records(connection: Connection, settled: Sequence[Settled], records: Mapping[str, bytes]) -> list[Case]:
    """Keep the records that were named; a case for each that is neither here nor came with its operation."""
    named = {digest: item.decoded for item in settled for digest in rules.records_named(item.decoded)}
    kept = {digest: records[digest] for digest in named if digest in records}
    if kept:
        connection.execute(
            b"INSERT INTO records (digest, data) SELECT * FROM unnest(%s::text[], %s::bytea[]) "
            b"ON CONFLICT (digest) DO NOTHING",
            (list(kept), list(kept.values())),
        )
    missing = named.keys() - kept.keys()
    if not missing:
        return []
    rows = connection.execute(b"SELECT digest FROM records WHERE digest = ANY(%s)", (sorted(missing),))
    missing -= {digest for (digest,) in rows}
    return [Case("record_missing", named[digest], {"digest": digest}) for digest in sorted(missing)]


def _write_payments(connection: Connection, settled: Sequence[Settled]) -> None:
    """Transfers that left their branch become work for the payment jobs.

    One that was booked with an exception waits until a person lets it go: money that should not have left an account
    does not leave the bank.
    """
    rows = [
        (
            item.decoded.operation.id,
            item.decoded.operation.branch,
            item.decoded.body.account,
            item.decoded.body.route,
            item.decoded.body.currency,
            item.decoded.body.amount,
            item.decoded.body.details,
            item.verdict.received_at,
            HELD_MS if item.verdict.exceptions else 0,
        )
        for item in settled
        if item.decoded.kind.name == "transfer.sent"
    ]
    if rows:
        connection.execute(_PAYMENTS, [list(column) for column in zip(*rows, strict=True)])


def _exceptions(settled: Sequence[Settled]) -> list[Case]:
    return [
        Case(exception.code, item.decoded, exception.detail)
        for item in settled
        for exception in item.verdict.exceptions
    ]


def _copy_feed_items(connection: Connection, numbers: Sequence[int], settled: Sequence[Settled]) -> dict[str, int]:
    entering = sorted((feed, number) for number, item in zip(numbers, settled, strict=True) for feed in item.feeds)
    heads: dict[str, int] = {}
    placed: list[tuple[str, int, int]] = []
    for feed, items in groupby(entering, key=itemgetter(0)):
        members = [number for _, number in items]
        heads[feed] = _advance_feed(connection, feed, len(members))
        first = heads[feed] - len(members) + 1
        placed.extend((feed, first + offset, number) for offset, number in enumerate(members))
    with connection.cursor().copy(_FEED_ITEMS) as copy:
        for row in placed:
            copy.write_row(row)
    return heads


def _advance_feed(connection: Connection, feed: str, count: int) -> int:
    row = connection.execute(
        b"INSERT INTO feed_heads AS old (feed, position) VALUES (%s, %s) "
        b"ON CONFLICT (feed) DO UPDATE SET position = old.position + excluded.position RETURNING position",
        (feed, count),
        prepare=True,
    ).fetchone()
    if row is None:
        raise AssertionError("an upsert that returns gives a row")
    return int(row[0])
