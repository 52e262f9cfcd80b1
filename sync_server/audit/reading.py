"""The centre's books as streams from one consistent view: nothing is held but what is being looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

import msgspec
from psycopg import IsolationLevel

from core.sync.messages import Exceptional, Verdict, VerdictName
from sync_server.database import Connection

_FETCHED_AT_ONCE = 2000
_OPERATIONS = (
    b"SELECT no, id::text, device, epoch, seq, hash, kind, business_date::text, accounting_date::text, received_at, "
    b"verdict, exceptions, stamp, records, jws FROM operations ORDER BY no"
)


class StoredOperation(NamedTuple):
    """An operation as its row has it."""

    no: int
    id: str
    device: str
    epoch: int
    seq: int
    hash: str
    kind: str
    business_date: str | None
    accounting_date: str | None
    received_at: str
    verdict_name: str
    exceptions: str | None
    stamp: str | None
    record_digests: list[str] | None
    jws: str

    @property
    def named(self) -> str:
        """The row in words."""
        return f"no {self.no} ({self.device}/{self.epoch}/{self.seq})"

    @property
    def records(self) -> tuple[str, ...]:
        """The digests of the records that the row names."""
        return tuple(self.record_digests or ())

    def verdict(self, hash_: str) -> Verdict:
        """The verdict that the row keeps, on an operation of that hash."""
        found = msgspec.json.decode(self.exceptions, type=tuple[Exceptional, ...]) if self.exceptions else ()
        name = cast("VerdictName", self.verdict_name)
        return Verdict(self.seq, hash_, name, self.accounting_date, self.received_at, found, self.stamp)


@contextmanager
def one_view(connection: Connection) -> Iterator[None]:
    """Everything inside sees the database as it is at its first statement, and can't write to it."""
    connection.rollback()
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    try:
        # Hours of reading are allowed here; a server's requests have limits of their own.
        connection.execute(b"SET LOCAL statement_timeout = 0")
        connection.execute(b"SET LOCAL idle_in_transaction_session_timeout = 0")
        connection.execute(b"SET LOCAL TIME ZONE 'UTC'")
        yield
    finally:
        connection.rollback()


def stream(
    connection: Connection, name: str, query: bytes, values: tuple[object, ...] = ()
) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, a few thousand at once, by a cursor of that name."""
    with connection.cursor(name=name) as cursor:
        cursor.execute(query, values)
        while rows := cursor.fetchmany(_FETCHED_AT_ONCE):
            yield from rows


def operations(connection: Connection) -> Iterator[StoredOperation]:
    """Every operation in central order."""
    return map(StoredOperation._make, stream(connection, "operations", _OPERATIONS))


class ByNumber:
    """Rows that belong to operations, taken beside the operations' own stream; their first column is the number.

    `orphan` is told of each row whose operation did not come.
    """

    def __init__(self, rows: Iterator[tuple[Any, ...]], orphan: Callable[[tuple[Any, ...]], None]) -> None:
        self._rows = rows
        self._orphan = orphan
        self._next = next(rows, None)

    def take(self, number: int) -> list[tuple[Any, ...]]:
        """The rows of that operation, without the number."""
        taken: list[tuple[Any, ...]] = []
        row = self._next
        while row is not None and row[0] <= number:
            if row[0] < number:
                self._orphan(row)
            else:
                taken.append(row[1:])
            row = next(self._rows, None)
        self._next = row
        return taken

    def finish(self) -> None:
        """Whatever is left belongs to no operation."""
        while self._next is not None:
            self._orphan(self._next)
            self._next = next(self._rows, None)
