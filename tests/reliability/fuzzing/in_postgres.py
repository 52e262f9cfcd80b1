"""The pushes of the target `push` once more, to the ingest over PostgreSQL: it must answer as the one in memory does.

`python -m tests.reliability.fuzzing.in_postgres --inputs 20000 --seed 1`: exit code 1 if anything is found. The inputs
are those of `python -m tests.reliability.fuzzing --only push` with that seed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import psycopg

from core.sync.messages import Push
from counterfoil.embedded_postgres import THROW_AWAY_SETTINGS, EmbeddedPostgres
from sync_server.database import Connection, Pool
from sync_server.environment import Secret
from sync_server.ingest.keys import KnownKeys
from sync_server.store.memory import MemoryDatabase
from sync_server.store.migrate import migrate
from sync_server.store.postgres import PostgresDatabase
from tests.reliability.fuzzing.changed_pushes import ChangedPushes
from tests.reliability.fuzzing.choices import from_seed
from tests.reliability.fuzzing.ingest_site import IngestSite, found_site
from tests.reliability.fuzzing.ingest_targets import said_of_push
from tests.sync_server.home_bank import AnyDatabase

_ROLE = "counterfoil_fuzzed"


class _OneConnection:
    """A pool whose transactions are one, which is not committed; where one of them is broken off, all of it is undone.

    Not by savepoints: the database's own triggers tell an operation of this transaction from one of another.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @contextmanager
    def connection(self, _seconds: float | None) -> Iterator[Connection]:
        """One transaction."""
        try:
            yield self._connection
        except BaseException:
            self._connection.rollback()
            raise


def compare(database_url: str, inputs: int, seed: str) -> tuple[int, list[str]]:
    """Push so many inputs to both; how many were applied, and where the two differ. The database is empty."""
    with psycopg.connect(database_url, autocommit=True) as owner:
        if owner.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (_ROLE,)).fetchone() is None:
            owner.execute(f"CREATE ROLE {_ROLE} LOGIN".encode())
    migrate(Secret(database_url), Secret(f"postgresql://{_ROLE}@127.0.0.1/{_ROLE}"))
    memory = MemoryDatabase()
    here = found_site(memory)
    pushes = ChangedPushes(here)
    by_known: defaultdict[int, list[tuple[str, Push]]] = defaultdict(list)
    for number in range(inputs):
        label = f"{seed}/push/{number}"
        known, message = pushes.make(from_seed(label))
        by_known[known].append((label, message))
    settled, found = 0, list[str]()
    with psycopg.connect(database_url) as connection:
        within = PostgresDatabase(cast("Pool", _OneConnection(connection)))
        there = found_site(within)
        connection.commit()
        assert there.run == here.run, "another bank"
        for place in range(len(here.run) + 1):
            for label, message in by_known[place]:
                expected = _answered(here, memory.copy(), message)
                told = _answered(there, within, message)
                connection.rollback()
                settled += "applied" in expected[0]
                if told != expected or told[1] is None:
                    found.append(f"{label}: {told[0]} in PostgreSQL, {expected[0]} in memory")
            if place < len(here.run):
                here.take_next(memory, KnownKeys(), place)
                there.take_next(within, KnownKeys(), place)
                connection.commit()
    return settled, found


def _answered(site: IngestSite, database: AnyDatabase, message: Push) -> tuple[str, object]:
    """What became of it and the answer, which is given twice; or what was raised, and no answer."""
    try:
        answer = site.take(database, KnownKeys(), message)
        assert site.take(database, KnownKeys(), message) == answer, "the same push has another answer"
    except Exception as bug:  # noqa: BLE001 - whatever a database can't keep is what is looked for
        return f"{type(bug).__name__}: {bug}", None
    return said_of_push(answer), answer


def main() -> int:
    """Compare as the command line says; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.fuzzing.in_postgres", description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", default="1")
    given = parser.parse_args()
    begun = time.perf_counter()
    with TemporaryDirectory(prefix="counterfoil-fuzzing-") as folder:
        cluster = EmbeddedPostgres(Path(folder) / "postgres", settings=THROW_AWAY_SETTINGS)
        cluster.start()
        try:
            settled, found = compare(cluster.url, given.inputs, given.seed)
        finally:
            cluster.discard()
    for line in found:
        sys.stdout.write(f"FOUND {line}\n")
    took = f"{time.perf_counter() - begun:,.0f} s"
    sys.stdout.write(f"{given.inputs:,} inputs, {settled:,} of them applied, in {took}: {len(found)} differ.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
