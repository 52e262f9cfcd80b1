"""What a new device starts from: its branch's rows and operations in one consistent view, signed at the end.

Read in pieces inside one transaction that sees nothing of what is written meanwhile; the whole is never in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import psycopg

from core.book.columns import columns_of
from core.book.rows import (
    Bank,
    Branch,
    DeskKeys,
    DeviceEpoch,
    IbanBlock,
    LentFile,
    PersonKeys,
    Row,
    Session,
    Staff,
    StaffKey,
)
from core.canonical import base64url
from core.clock import instant
from core.snapshot import (
    ROWS_PER_LINE,
    SNAPSHOT_VERSION,
    TABLES,
    Line,
    RunningDigest,
    SnapshotHead,
    SnapshotOperation,
    SnapshotRows,
    SnapshotStatement,
    SnapshotVerdict,
    encode_line,
    encode_rows,
    sign_end,
)
from sync_server.centre.issue import Centre
from sync_server.database import Connection
from sync_server.environment import Secret
from sync_server.ingest.settle import BANK_FEED

_AT_ONCE = 1000
_SESSION = (b"SET statement_timeout = '120s'", b"SET idle_in_transaction_session_timeout = '60s'")
_VIEW = b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
_HEAD = b"SELECT position, hash FROM feed_heads WHERE feed = %s"
_ITEMS = (
    b"SELECT i.position, o.jws, o.records, o.verdict, o.business_date::text, o.accounting_date::text, o.received_at, "
    b"o.exceptions FROM feed_items i JOIN operations o ON o.no = i.operation_no "
    b"WHERE i.feed = %s AND i.position > %s AND i.position <= %s ORDER BY i.position LIMIT %s"
)
_WORKED = (
    b"SELECT EXISTS (SELECT 1 FROM chains WHERE device = %(device)s AND epoch = %(epoch)s AND seq > 0) "
    b"OR EXISTS (SELECT 1 FROM rights WHERE device = %(device)s AND epoch = %(epoch)s AND NOT released AND granted > 0)"
)

BANK_WIDE: frozenset[type[Row]] = frozenset(
    {Bank, Branch, Staff, StaffKey, PersonKeys, DeskKeys, DeviceEpoch, IbanBlock}
)
"""Rows that follow from the bank-wide feed: every branch has all of them."""

_BY_OPERATION = (
    "EXISTS (SELECT 1 FROM operations o JOIN devices d ON d.device = o.device AND d.epoch = o.epoch "
    "WHERE o.id = t.{field}::uuid AND d.branch = %s)"
)
_BY_FIELD: Mapping[str, str] = {
    "branch": "t.branch = %s",
    "account": "t.account IN (SELECT id FROM deposit_accounts WHERE branch = %s)",
    "customer": "t.customer IN (SELECT id FROM customers WHERE branch = %s)",
    "epoch": "(t.device, t.epoch) IN (SELECT device, epoch FROM devices WHERE branch = %s)",
    "reversed_by": _BY_OPERATION.format(field="reversed_by"),
    "answered_by": _BY_OPERATION.format(field="answered_by"),
}
"""Whose a row is, by the first of these fields that it has."""

_BY_TABLE: Mapping[type[Row], str] = {
    LentFile: "%s IN (t.branch, t.visited)",
    Session: (
        "(t.device, t.epoch) IN (WITH here AS (SELECT %s::text AS branch) "
        "SELECT d.device, d.epoch FROM devices d JOIN here USING (branch) "
        "UNION SELECT f.device, f.epoch FROM lent_files f JOIN here USING (branch))"
    ),
}
"""Where two branches have a row: a loan, and who signs on a device that was ever lent a file of the branch."""


@contextmanager
def one_view(database_url: Secret) -> Iterator[Connection]:
    """A connection of its own, outside the pool (a slow line holds it for long), in one consistent view."""
    with psycopg.connect(database_url.reveal(), application_name="counterfoil-snapshot") as connection:
        for statement in _SESSION:
            connection.execute(statement)
        connection.commit()
        connection.execute(_VIEW)
        yield connection


def has_worked(connection: Connection, device: str, epoch: int) -> bool:
    """Whether the centre knows of work or rights of that epoch: what such a device still holds, nobody else knows."""
    row = connection.execute(_WORKED, {"device": device, "epoch": epoch}).fetchone()
    return row is None or bool(row[0])


def snapshot_lines(connection: Connection, centre: Centre, device: DeviceEpoch) -> Iterator[bytes]:
    """The lines for a device of a branch, without their line feeds. `connection` is in `one_view`."""
    branch = device.branch or ""
    bank_position, bank_hash = _feed_head(connection, BANK_FEED)
    branch_position, branch_hash = _feed_head(connection, branch)
    head = SnapshotHead(
        v=SNAPSHOT_VERSION,
        device=device.device,
        epoch=device.epoch,
        branch=branch,
        bank_position=bank_position,
        branch_position=branch_position,
        incarnation=_incarnation(connection),
        bank_hash=bank_hash,
        branch_hash=branch_hash,
    )
    digest = RunningDigest()
    counts: dict[str, int] = {}
    for line in _lines(connection, head, counts):
        text = encode_line(line)
        digest.add(text)
        yield text
    at = instant(centre.clock.now_ms())
    statement = SnapshotStatement(head, at, counts, digest.lines, digest.value())
    yield encode_line(sign_end(statement, centre.keys.signing, centre.keys.kid))


def scope_of(table: type[Row]) -> str | None:
    """The condition on `t` that a row of the table belongs to a branch (one parameter); None for bank-wide rows."""
    if table in BANK_WIDE:
        return None
    if table in _BY_TABLE:
        return _BY_TABLE[table]
    field = next((name for name in _BY_FIELD if name in table.__struct_fields__), None)
    if field is None:
        raise LookupError(f"{table.TABLE}: nothing says to which branch a row belongs")
    return _BY_FIELD[field]


def _lines(connection: Connection, head: SnapshotHead, counts: dict[str, int]) -> Iterator[Line]:
    yield head
    for name, table in TABLES.items():
        counts[name] = 0
        for rows in _rows(connection, table, head.branch):
            counts[name] += len(rows)
            yield SnapshotRows(name, encode_rows(rows))
    yield from _operations(connection, BANK_FEED, head.bank_position)
    yield from _operations(connection, head.branch, head.branch_position)


def _incarnation(connection: Connection) -> int:
    row = connection.execute(b"SELECT max(number) FROM incarnations").fetchone()
    return int(row[0]) if row else 1


def _feed_head(connection: Connection, feed: str) -> tuple[int, str]:
    """The last position of a feed and its running hash there; 0 and nothing for a feed that has nothing in it."""
    row = connection.execute(_HEAD, (feed,)).fetchone()
    return (int(row[0]), str(row[1])) if row else (0, "")


def _rows(connection: Connection, table: type[Row], branch: str) -> Iterator[list[tuple[Any, ...]]]:
    """As many as go into a line, in the order of their keys, so that whoever writes them down writes one by one."""
    scope = scope_of(table)
    with connection.cursor(name="rows") as cursor:
        cursor.execute(_select(table), (branch,) if scope is not None else ())
        while rows := cursor.fetchmany(ROWS_PER_LINE):
            yield rows


@lru_cache(maxsize=128)
def _select(table: type[Row]) -> bytes:
    names = ", ".join(f"t.{column.name}" for column in columns_of(table))
    keys = ", ".join(f"t.{name}" for name in table.KEY)
    scope = scope_of(table)
    where = f" WHERE {scope}" if scope is not None else ""
    return f"SELECT {names} FROM {table.TABLE} t{where} ORDER BY {keys}".encode()  # noqa: S608 - names from the structs


def _operations(connection: Connection, feed: str, head: int) -> Iterator[SnapshotOperation]:
    """By pages of positions: a plan for the whole would sort all texts before it gives the first."""
    after = 0
    while after < head:
        items = connection.execute(_ITEMS, (feed, after, head, _AT_ONCE), prepare=True).fetchall()
        records = _records(connection, {digest for item in items for digest in item[2] or ()})
        for position, jws, named, *verdict in items:
            found = {digest: records[digest] for digest in named or () if digest in records}
            yield SnapshotOperation(feed, position, jws, _verdict(*verdict), found)
        after = items[-1][0]


def _records(connection: Connection, digests: set[str]) -> dict[str, str]:
    if not digests:
        return {}
    rows = connection.execute(
        b"SELECT digest, data FROM records WHERE digest = ANY(%s)", (sorted(digests),), prepare=True
    )
    return {digest: base64url(data) for digest, data in rows}


def _verdict(
    verdict: str, business_date: str | None, accounting_date: str | None, received_at: str, exceptions: str | None
) -> SnapshotVerdict | None:
    """None where it says no more than that the operation was applied on its own date."""
    if verdict == "applied" and accounting_date in (None, business_date):
        return None
    return SnapshotVerdict(verdict, accounting_date, received_at, exceptions or "[]")
