"""Whoever owns the database changes one thing in it, wherever that is: it is found, or the page says why not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

import psycopg
import pytest

from core.audit.trust import Trust
from core.book.rows import ROWS
from sync_server.audit import verify_view
from sync_server.audit.faults import FAULTS_MAX
from sync_server.database import connection_pool
from sync_server.environment import Secret
from sync_server.store.migrate import migrate
from sync_server.store.postgres import PostgresDatabase
from tests.sync_server.audit.every_table import Harm, Schema, not_seen, take_guards_away
from tests.sync_server.audit.played_day import played_day

ROLE = "counterfoil_every_table"


@pytest.fixture(scope="module")
def day(make_database: Callable[..., str]) -> Iterator[psycopg.Connection]:
    """A bank after a day's work, its guards taken away; each test undoes what it does."""
    url = make_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN".encode())
    migrate(Secret(url), Secret(f"postgresql://{ROLE}@127.0.0.1/{ROLE}"))
    with connection_pool(Secret(url), 2) as pool:
        played_day(PostgresDatabase(pool))
    with psycopg.connect(url) as connection:
        take_guards_away(connection)
        connection.commit()
        connection.execute(b"SET session_replication_role = replica")
        connection.commit()
        yield connection


def passed_by(connection: psycopg.Connection, harms: Sequence[Harm]) -> set[tuple[str, str]]:
    """Those of the harms, done together to a table each, of which nothing is named; they are undone again."""
    try:
        for harm in harms:
            done = connection.execute(harm.statement.encode())
            assert done.rowcount == 1, f"the day leaves nothing in {harm.table}"
        faults = verify_view(connection, Trust()).faults
    finally:
        connection.rollback()
    if len(harms) == 1:
        return set() if faults else {harms[0][:2]}
    assert len(faults) < FAULTS_MAX, "more than are named"
    return {harm[:2] for harm in harms if harm.table not in {fault.table for fault in faults}}


def in_rounds(harms: Iterable[Harm]) -> Iterator[list[Harm]]:
    """One by one; those of tables of state, which are compared each by itself, some together."""
    rounds: dict[tuple[int, int], list[Harm]] = {}
    state = {table.TABLE: number for number, table in enumerate(ROWS)}
    for table, its in groupby(harms, key=attrgetter("table")):
        for number, harm in enumerate(its):
            if table in state:
                rounds.setdefault((number, state[table] // 16), []).append(harm)
            else:
                yield [harm]
    yield from rounds.values()


def test_the_day_holds(day: psycopg.Connection) -> None:
    report = verify_view(day, Trust())
    day.rollback()
    assert [str(fault) for fault in report.faults] == []


def test_whatever_is_changed_is_found_or_said_to_be_beyond_it(day: psycopg.Connection) -> None:
    schema, beyond = Schema(day), not_seen()
    day.rollback()
    assert {table for table, _what in beyond} <= schema.columns.keys()
    harms = [harm for harm in schema.harm() if (harm.table, "everything") not in beyond]
    passed = {each for together in in_rounds(harms) for each in passed_by(day, together)}
    assert sorted(passed) == sorted((table, what) for table, what in beyond if what != "everything")
