"""Rows of state in PostgreSQL: loaded by key in one statement a table, written in one statement a table."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from psycopg.errors import UniqueViolation

from core.book import Book, Key, Row
from core.book.columns import Column, columns_of
from sync_server.database import Connection
from sync_server.store.home import LOCKED, MetOthers

_SQL_TYPES: Mapping[type, str] = {str: "text", int: "bigint", bool: "boolean"}


class PostgresStore:
    """The home of rows at the centre, inside a transaction that somebody else has begun and will end."""

    def __init__(self, connection: Connection, *, locking: bool = True) -> None:
        self._connection = connection
        self._locking = locking

    def load(self, table: type[Row], keys: list[tuple[object, ...]]) -> list[Row]:
        """The rows of those keys, locked in the order of the keys where several chains change them."""
        columns = [list(column) for column in zip(*keys, strict=True)]
        statement = _select(table, locking=self._locking and table in LOCKED)
        return [table(*values) for values in self._connection.execute(statement, columns, prepare=True)]

    def operation(self, identifier: str) -> str | None:
        """The signed text of an operation that is in the database."""
        found = self._connection.execute(b"SELECT jws FROM operations WHERE id = %s", (identifier,)).fetchone()
        return str(found[0]) if found is not None else None


def write_rows(connection: Connection, book: Book, absent: Container[Key] = frozenset()) -> None:
    """Write every changed row of the book, but not the balances of the books (see `write_balances`).

    Raises `MetOthers` if a row that was `absent` exists by now.
    """
    for table in sorted(book.changes, key=lambda table: table.TABLE):
        changed = sorted(book.changes[table].items(), key=lambda item: repr(item[0]))
        new = [row for key, row in changed if (table, key) in absent]
        old = [row for key, row in changed if (table, key) not in absent]
        if new:
            try:
                _write(connection, _insert(table), new)
            except UniqueViolation as violation:
                raise MetOthers(f"a row of {table.TABLE} has come meanwhile") from violation
        if old:
            _write(connection, _upsert(table), old)


def _write(connection: Connection, statement: bytes, rows: Sequence[Row]) -> None:
    columns = [[getattr(row, name) for row in rows] for name in rows[0].__struct_fields__]
    connection.execute(statement, columns, prepare=True)


def write_balances(connection: Connection, differences: Iterable[tuple[tuple[str, str, str], int]]) -> None:
    """Add the differences to the accounts of the books. Call it under the lock of their branches' feeds."""
    rows = sorted((*key, difference) for key, difference in differences if difference)
    if rows:
        columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)]
        connection.execute(_ADD_BALANCES, columns, prepare=True)


_ADD_BALANCES = (
    b"INSERT INTO ledger_balances AS old (branch, account, currency, balance) "
    b"SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[]) "
    b"ON CONFLICT (branch, account, currency) DO UPDATE SET balance = old.balance + excluded.balance"
)


@lru_cache(maxsize=128)
def _select(table: type[Row], *, locking: bool) -> bytes:
    by_name = {column.name: column for column in columns_of(table)}
    names = ", ".join(f"t.{name}" for name in by_name)
    keys = ", ".join(f"{_array(by_name[name])}" for name in table.KEY)
    matches = " AND ".join(f"t.{name} = k.{name}" for name in table.KEY)
    statement = f"SELECT {names} FROM unnest({keys}) AS k({', '.join(table.KEY)}) JOIN {table.TABLE} t ON {matches}"
    if locking:
        statement += f" ORDER BY {', '.join(f't.{name}' for name in table.KEY)} FOR UPDATE OF t"
    return statement.encode()


@lru_cache(maxsize=128)
def _insert(table: type[Row]) -> bytes:
    columns = columns_of(table)
    names = ", ".join(column.name for column in columns)
    arrays = ", ".join(_array(column) for column in columns)
    return f"INSERT INTO {table.TABLE} ({names}) SELECT * FROM unnest({arrays})".encode()


@lru_cache(maxsize=128)
def _upsert(table: type[Row]) -> bytes:
    rest = [column.name for column in columns_of(table) if column.name not in table.KEY]
    action = "DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in rest) if rest else "DO NOTHING"
    return _insert(table) + f" ON CONFLICT ({', '.join(table.KEY)}) {action}".encode()


def _array(column: Column) -> str:
    return f"%s::{_SQL_TYPES[column.type]}[]"


def read_all(connection: Connection, table: type[Row]) -> list[Row]:
    """Every row of a table, in the order of its key; for checks and reports."""
    names = ", ".join(column.name for column in columns_of(table))
    statement = f"SELECT {names} FROM {table.TABLE} ORDER BY {', '.join(table.KEY)}".encode()
    return [table(*values) for values in connection.execute(statement)]
