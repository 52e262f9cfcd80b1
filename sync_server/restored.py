"""A database that was restored serves nobody until a new incarnation has begun.

It has forgotten what devices were told since the backup: whoever granted or sent from it could do so twice.
"""

from __future__ import annotations

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

Connection = psycopg.Connection[TupleRow]

_MAKE = b"CREATE TABLE IF NOT EXISTS awaiting_incarnation (restored_at text NOT NULL PRIMARY KEY)"
_GRANT = sql.SQL("GRANT SELECT, DELETE ON awaiting_incarnation TO {}")
_MARK = b"INSERT INTO awaiting_incarnation VALUES (%s) ON CONFLICT DO NOTHING"
_IS_THERE = b"SELECT to_regclass('awaiting_incarnation') IS NOT NULL"
_WAITS = b"SELECT EXISTS (SELECT FROM awaiting_incarnation)"
_END = b"DELETE FROM awaiting_incarnation"


def mark_restored(connection: Connection, application_role: str, at: str) -> None:
    """Say, as the owning role, that this database was restored at that instant (RFC 3339)."""
    connection.execute(_MAKE)
    connection.execute(_GRANT.format(sql.Identifier(application_role)))
    connection.execute(_MARK, (at,))


def awaits_incarnation(connection: Connection) -> bool:
    """Whether the database was restored and no incarnation has begun since."""
    there = connection.execute(_IS_THERE).fetchone()
    if there is None or not there[0]:
        return False
    waits = connection.execute(_WAITS).fetchone()
    return waits is not None and bool(waits[0])


def incarnation_begins(connection: Connection) -> None:
    """Let servers in again: part of the transaction that writes `incarnation.begun`."""
    if awaits_incarnation(connection):
        connection.execute(_END)


def refuse_restored(connection: Connection) -> None:
    """For each connection of a server: raises `psycopg.OperationalError`, as if the database were away."""
    if awaits_incarnation(connection):
        raise psycopg.OperationalError(
            "this database was restored and awaits a new incarnation: run `counterfoil incarnation begin`"
        )
