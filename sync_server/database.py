"""Connections to PostgreSQL: the pool that requests use, and a plain engine for migrations."""

from __future__ import annotations

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from sync_server.environment import Secret
from sync_server.restored import refuse_restored

Connection = psycopg.Connection[TupleRow]
Pool = ConnectionPool[Connection]

_WAIT_SECONDS = 5.0
_RECONNECT_SECONDS = 3.0
"""After this the pool gives an attempt up, and whoever asks next begins one anew. Otherwise the pauses between attempts
grow as long as the outage was, and a server that could work again does not."""
_NOTICE_DEAD_HOSTS = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 12_000}
"""A host that is gone says nothing: its connections are given up after some 11 seconds, not after hours."""
_SESSION = (
    "SET TIME ZONE 'UTC'",
    "SET statement_timeout = '30s'",
    "SET lock_timeout = '10s'",
    "SET idle_in_transaction_session_timeout = '60s'",
)


def connection_pool(database_url: Secret, size_max: int) -> Pool:
    """A pool that is not open yet. Its connections are tried before they are handed out, and transactional."""
    return ConnectionPool(
        database_url.reveal(),
        min_size=1,
        max_size=size_max,
        timeout=_WAIT_SECONDS,
        open=False,
        name="counterfoil",
        configure=_configure,
        check=ConnectionPool.check_connection,
        reconnect_timeout=_RECONNECT_SECONDS,
        kwargs={"application_name": "counterfoil", **_NOTICE_DEAD_HOSTS},
    )


def _configure(connection: Connection) -> None:
    for statement in _SESSION:
        connection.execute(statement)
    refuse_restored(connection)
    connection.commit()


def plain_engine(database_url: Secret) -> Engine:
    """An engine of SQLAlchemy that opens a connection each time: for migrations and commands."""

    def connect() -> Connection:
        return psycopg.connect(database_url.reveal(), application_name="counterfoil")

    return create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)
