"""Bringing a file to the program's schema: made on a copy, checked, then swapped in; a newer file is left alone."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError

from core.secrets.durable_file import flush_folder
from core.store.engine import connect, migrating_engine
from core.store.migrations import HEAD, REVISIONS
from core.store.problems import DRIVER_ERROR, damaged, newer, store_problem

_SCRIPTS = Path(__file__).resolve().parent / "migrations"
_FILLING = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA foreign_keys = OFF",
    "PRAGMA cache_size = -65536",
)
"""A file that is thrown away unless it becomes whole needs no log; 64 MiB of pages are kept while it is filled."""

_SIDE_FILES = ("-wal", "-shm", "-journal")


def revision_of(path: Path, key: bytes) -> str | None:
    """The schema of the file, or None for an empty one. Raises `StoreProblem` as `connect` does."""
    connection = connect(path, key)
    try:
        cursor = connection.cursor()
        named = cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
        row = cursor.execute("SELECT version_num FROM alembic_version").fetchone() if named else None
        return str(row[0]) if row else None
    except DRIVER_ERROR as problem:
        raise store_problem(problem, path) or problem from problem
    finally:
        connection.close()


def bring_up_to_date(path: Path, key: bytes, *, to: str = HEAD) -> None:
    """Migrate the file, if it needs it. Call it under the file's lock, with no connection open.

    Raises `StoreProblem` with `store_newer` for a schema that this program does not know, or as `connect` does.
    """
    revision = revision_of(path, key)
    if revision == to:
        return
    if revision is not None and revision not in REVISIONS:
        raise newer(path, revision)
    with made_beside(path) as beside:
        _back_up(path, beside, key)
        upgrade(beside, key, to=to)
        swap_in(beside, path)


def create(path: Path, key: bytes, *, to: str = HEAD) -> None:
    """Make an empty file of the newest schema; it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with made_beside(path) as beside:
        upgrade(beside, key, to=to)
        swap_in(beside, path)


@contextlib.contextmanager
def making(path: Path, key: bytes) -> Iterator[Any]:
    """A cursor on an empty file of the newest schema, to be filled; it is there whole at the end, or not at all.

    Call it under the file's lock. Written without a log and flushed once: what is broken off is thrown away. Raises
    `StoreProblem` for what the disk does.
    """
    with made_beside(path) as beside:
        upgrade(beside, key)
        connection = connect(beside, key, write_ahead=False)
        try:
            cursor = connection.cursor()
            for setting in _FILLING:
                cursor.execute(setting)
            cursor.execute("BEGIN IMMEDIATE")
            yield cursor
            cursor.execute("COMMIT")
        except DRIVER_ERROR as problem:
            raise store_problem(problem, path) or problem from problem
        finally:
            connection.close()
        swap_in(beside, path)


def upgrade(path: Path, key: bytes, *, to: str = HEAD) -> None:
    """Run the migrations in place, check the whole file, and leave it without a log beside it."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    engine = migrating_engine(path, key)
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, to)
    except (DBAPIError, DRIVER_ERROR) as problem:
        raise store_problem(problem, path) or problem from problem
    finally:
        engine.dispose()
    check_whole(path, key)


def check_whole(path: Path, key: bytes) -> None:
    """Read every page and every index. Raises `StoreProblem("store_damaged")`."""
    connection = connect(path, key, write_ahead=False)
    try:
        cursor = connection.cursor()
        # The check of the cipher looks at the file alone, where a log may hold the good copy of a page.
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        found = cursor.execute("PRAGMA integrity_check").fetchall()
        broken = cursor.execute("PRAGMA cipher_integrity_check").fetchall()
        if found != [("ok",)] or broken:
            raise damaged(path, str((found + broken)[0][0]))
        cursor.execute("PRAGMA journal_mode = DELETE").fetchall()
    except DRIVER_ERROR as problem:
        raise store_problem(problem, path) or problem from problem
    finally:
        connection.close()


def _back_up(source: Path, target: Path, key: bytes) -> None:
    one, other = connect(source, key), connect(target, key, write_ahead=False)
    try:
        one.backup(other)
        one.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except DRIVER_ERROR as problem:
        raise store_problem(problem, source) or problem from problem
    finally:
        other.close()
        one.close()


def swap_in(beside: Path, path: Path) -> None:
    """Put the finished file in its place, durably."""
    with beside.open("rb+") as file:
        os.fsync(file.fileno())
    # A log of the old file would be taken for the new one's.
    for side in _SIDE_FILES:
        path.with_name(path.name + side).unlink(missing_ok=True)
    beside.replace(path)
    flush_folder(path.parent)


@contextlib.contextmanager
def made_beside(path: Path) -> Iterator[Path]:
    """An empty file beside the place where it shall be; what has not been swapped in at the end is thrown away."""
    beside = path.with_name(path.name + ".new")
    names = [beside, *(beside.with_name(beside.name + side) for side in _SIDE_FILES)]
    for name in names:
        name.unlink(missing_ok=True)
    try:
        # Made before SQLite opens it, so that it and its side files are for their owner alone.
        os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        yield beside
    finally:
        for name in names:
            name.unlink(missing_ok=True)
