"""Harm that is worked out from the schema of the living database: every column of every table, a row more, a row less.

A table that is new tomorrow is in it tomorrow, without a line here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

ADDED, REMOVED = "a row more", "a row less"
_PAGE = Path(__file__).parents[3] / "docs" / "reliability" / "tamper-evidence.md"
_LINE = re.compile(r"^\| `([a-z_]+)` \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)

_COLUMNS = """
SELECT table_name, column_name, data_type FROM information_schema.columns
WHERE table_schema = 'public' ORDER BY table_name, ordinal_position
"""
_KEYS = """
SELECT c.relname, a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
WHERE i.indisprimary AND c.relnamespace = 'public'::regnamespace
"""
_CONSTRAINTS = """
SELECT conrelid::regclass::text, conname FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'u', 'f')
"""
_NUMBERED = """
SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' AND is_identity = 'YES'
"""

_OTHER = {
    "bigint": "coalesce({0}, 0) + 1000003",
    "smallint": "coalesce({0}, 0) + 100",
    "boolean": "NOT {0}",
    "date": "coalesce({0}, date '2026-01-01') + 1",
    "bytea": "coalesce({0}, '') || 'x'",
    "uuid": "gen_random_uuid()",
    "ARRAY": "array_append({0}, 'x')",
    "character varying": "'x' || {0}",
    # Another year of an instant, another letter of anything else.
    "text": "CASE WHEN {0} ~ '^2[0-9]{{3}}-' THEN '3' || substr({0}, 2) ELSE 'x' || coalesce({0}, '') END",
}


class Harm(NamedTuple):
    """What is done to one row of a table (`what` is a column, or a row more or less), as a statement."""

    table: str
    what: str
    statement: str


class Schema:
    """The tables of a database, with their columns (name and type) and the columns of their keys."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.columns: dict[str, list[tuple[str, str]]] = {}
        self.keys: dict[str, set[str]] = {}
        for table, column, kind in connection.execute(_COLUMNS):
            self.columns.setdefault(table, []).append((column, kind))
        for table, column in connection.execute(_KEYS.encode()):
            self.keys.setdefault(table, set()).add(column)

    def harm(self) -> Iterator[Harm]:
        """Every harm, table by table."""
        for table, columns in self.columns.items():
            last = self._last(table)
            for column, kind in columns:
                other = _OTHER[kind].format(column)
                row = f"(SELECT ctid FROM {table} ORDER BY {column} IS NULL, {last} LIMIT 1)"  # noqa: S608
                changed = f"UPDATE {table} SET {column} = {other} WHERE ctid = {row}"  # noqa: S608
                yield Harm(table, column, changed)
            removed = f"DELETE FROM {table} WHERE ctid = (SELECT ctid FROM {table} ORDER BY {last} LIMIT 1)"  # noqa: S608
            yield Harm(table, REMOVED, removed)
            yield Harm(table, ADDED, self._one_more(table))

    def _last(self, table: str) -> str:
        """In which order the last row by its key comes first."""
        return ", ".join(f"{column} DESC" for column in sorted(self.keys[table]))

    def _one_more(self, table: str) -> str:
        """A row like another, but for its key."""
        key = self.keys[table]
        names = ", ".join(column for column, _kind in self.columns[table])
        values = ", ".join(
            _OTHER[kind].format(column) if column in key else column for column, kind in self.columns[table]
        )
        return (
            f"INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE "  # noqa: S608
            f"SELECT {values} FROM {table} ORDER BY {self._last(table)} LIMIT 1"
        )


def take_guards_away(connection: psycopg.Connection[Any]) -> None:
    """What the owner of a database can do before anything else: no trigger, no constraint but the keys."""
    connection.execute(b"SET session_replication_role = replica")
    for table, name in connection.execute(_CONSTRAINTS.encode()).fetchall():
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name} CASCADE".encode())
    for table, name in connection.execute(_NUMBERED.encode()).fetchall():
        connection.execute(f"ALTER TABLE {table} ALTER {name} DROP IDENTITY".encode())


def not_seen() -> set[tuple[str, str]]:
    """What the page says that the check can't see: tables with a column, `a row more`, `a row less` or `everything`."""
    return {
        (table, what)
        for table, listed in _LINE.findall(_PAGE.read_text("utf-8"))
        for what in re.findall(r"`([^`]+)`", listed)
    }
