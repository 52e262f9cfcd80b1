"""Where transactions of PostgreSQL begin and end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg.errors import DeadlockDetected, SerializationFailure

from sync_server.database import Pool
from sync_server.store.home import MetOthers
from sync_server.store.postgres.home import PostgresHome


@dataclass(frozen=True, slots=True)
class PostgresDatabase:
    """Transactions on a pool's connections; `seconds` is how long one is waited for (None: as long as the pool says).

    What PostgreSQL refuses for another reason than that others were at the same rows is raised as psycopg does.
    """

    pool: Pool
    seconds: float | None = None

    @contextmanager
    def transaction(self) -> Iterator[PostgresHome]:
        """One transaction. Raises `MetOthers` where PostgreSQL broke it off so that others could go on."""
        try:
            with self.pool.connection(self.seconds) as connection:
                yield PostgresHome(connection)
        except (DeadlockDetected, SerializationFailure) as problem:
            raise MetOthers(type(problem).__name__) from problem
