"""Opening the encrypted file: raw key, write-ahead log, full durability, and a SQLite that does not lose commits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool
from sqlcipher3 import dbapi2

from core.errors import StoreProblem
from core.store.problems import DRIVER_ERROR, store_problem

KEY_BYTES = 32
SQLITE_VERSION_MIN = (3, 51, 3)
"""Before it, a write-ahead log that is reset while another connection reads can lose commits."""

_READERS = 4
_BUSY_MS = 5_000


def check_sqlite_version(version: tuple[int, ...] = dbapi2.sqlite_version_info) -> None:
    """Raises `StoreProblem("store_old_sqlite")` where the built-in SQLite is too old."""
    if version < SQLITE_VERSION_MIN:
        found, least = (".".join(map(str, numbers)) for numbers in (version, SQLITE_VERSION_MIN))
        raise StoreProblem(
            f"The SQLite inside this installation is {found}; at least {least} is needed, because older ones can "
            "lose work. Install Counterfoil again.",
            code="store_old_sqlite",
        )


def connect(path: Path, key: bytes, *, read_only: bool = False, write_ahead: bool = True) -> Any:
    """A connection of the driver's own, in autocommit: transactions are begun by word.

    Raises `StoreProblem` with `store_wrong_key`, `store_damaged`, `store_read_only` or `store_disk_error`.
    """
    if len(key) != KEY_BYTES:
        raise ValueError(f"a database key takes {KEY_BYTES} bytes")
    connection = None
    try:
        connection = dbapi2.connect(str(path), isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000)
        _prepare(connection.cursor(), key, read_only=read_only, write_ahead=write_ahead)
    except DRIVER_ERROR as problem:
        if connection is not None:
            connection.close()
        known = store_problem(problem, path)
        if known is None:
            raise
        raise known from problem
    return connection


def _prepare(cursor: Any, key: bytes, *, read_only: bool, write_ahead: bool) -> None:
    # The log would go to standard error; what is wrong is said once, by the problem that is raised.
    cursor.execute("PRAGMA cipher_log_level = NONE")
    cursor.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    cursor.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if write_ahead and not read_only:
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA temp_store = MEMORY")
    cursor.execute("PRAGMA foreign_keys = ON")
    if sys.platform == "darwin":
        cursor.execute("PRAGMA fullfsync = ON")
        cursor.execute("PRAGMA checkpoint_fullfsync = ON")
    if read_only:
        cursor.execute("PRAGMA query_only = ON")


def reading_engine(path: Path, key: bytes) -> Engine:
    """SQLAlchemy over connections that only read, each transaction on one consistent view."""
    engine = create_engine(
        "sqlite://",
        module=dbapi2,
        creator=lambda: connect(path, key, read_only=True),
        poolclass=QueuePool,
        pool_size=_READERS,
        max_overflow=0,
    )
    event.listen(engine, "begin", _begin_reading)
    return engine


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def migrating_engine(path: Path, key: bytes) -> Engine:
    """SQLAlchemy over one connection for a schema change, which takes the write lock as it begins."""
    engine = create_engine(
        "sqlite://",
        module=dbapi2,
        creator=lambda: connect(path, key, write_ahead=False),
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
    )
    event.listen(engine, "begin", _begin_writing)
    return engine


def _begin_writing(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
