"""The open file: one connection that writes, a few that read, under a lock that keeps a second copy out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from core.errors import StoreProblem
from core.store import migrating, sign_in, state
from core.store.engine import check_sqlite_version, connect, reading_engine
from core.store.lock import FileLock
from core.store.log import OperationLog, export_lines
from core.store.problems import DRIVER_ERROR, missing, problem_of_system, store_problem
from core.store.queries.business import recent_accounts
from core.store.rows import RowStore
from core.store.sign_in import LocalPerson
from core.store.state import Head

_SETTING = "SELECT value FROM settings WHERE name = ?"
_PUT_SETTING = "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)"


class Store:
    """A device's file: the `DeviceHome` on disk.

    Only one thread at a time may be in `transaction` or use `cursor`: the device sees to that.
    """

    def __init__(self, path: Path, key: bytes, lock: FileLock) -> None:
        self.path = path
        self._lock = lock
        self._connection = connect(path, key)
        self.cursor: Any = self._connection.cursor()
        self._failed: StoreProblem | None = None
        self.rows = RowStore(self.cursor)
        self.log = OperationLog(self.cursor)
        self._readers = reading_engine(path, key)

    @classmethod
    def open(cls, path: Path, key: bytes, *, create: bool = False) -> Store:
        """Open the file (or make it), brought to the newest schema.

        Raises `StoreProblem` with `store_in_use`, `store_missing`, `store_wrong_key`, `store_newer`, `store_damaged`,
        `store_old_sqlite`, `store_read_only`, `store_disk_full` or `store_disk_error`.
        """
        check_sqlite_version()
        lock = FileLock(path)
        try:
            _require(path, create=create)
            lock.take()
            if not path.exists():
                migrating.create(path, key)
            migrating.bring_up_to_date(path, key)
            return cls(path, key, lock)
        except BaseException as problem:
            lock.release()
            if isinstance(problem, OSError):
                raise problem_of_system(problem, path) from problem
            raise

    def close(self) -> None:
        """Let go of the file. Everything acknowledged is in it already."""
        self._readers.dispose()
        self._connection.close()
        self._lock.release()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        """Write all or nothing, durably on return. Raises `StoreProblem` for what the disk does."""
        cursor, committing = self.cursor, False
        try:
            cursor.execute("BEGIN IMMEDIATE")
            yield cursor
            committing = True
            cursor.execute("COMMIT")
        except BaseException as problem:
            self._roll_back(committing=committing)
            known = self.explained(problem)
            if known is None:
                raise
            raise known from problem

    def _roll_back(self, *, committing: bool) -> None:
        self.log.forget()
        # A full disk may have rolled back by itself; a second failure must not hide the first.
        with contextlib.suppress(DRIVER_ERROR):
            if self._connection.in_transaction:
                self.cursor.execute("ROLLBACK")
            if committing:
                # Written whole but not synced, it would be found at the next start: another commit takes its place.
                self.cursor.execute("PRAGMA user_version = 0")

    def explained(self, problem: BaseException) -> StoreProblem | None:
        """What the driver raised, in the program's words; None if it is a bug, or not the driver's.

        SQLCipher takes a page that could not be read for a forged one, and all that follow on that connection too: the
        first word, that the disk failed, is the true one until the program is started again.
        """
        known = store_problem(problem, self.path) if isinstance(problem, DRIVER_ERROR) else None
        if known is not None and known.code == "store_disk_error":
            self._failed = known
        if known is not None and known.code in {"store_damaged", "store_wrong_key"}:
            return self._failed or known
        return known

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view of what is committed, from any thread, beside whatever is being written."""
        try:
            with self._readers.connect() as connection:
                yield connection
        except Exception as problem:
            known = store_problem(problem, self.path) if hasattr(problem, "orig") else None
            if known is None:
                raise
            # A connection under which a page could not be read reads no more.
            self._readers.dispose()
            raise known from problem

    def setting(self, name: str) -> str | None:
        """A setting of this device's file."""
        row = self.cursor.execute(_SETTING, (name,)).fetchone()
        return str(row[0]) if row else None

    def put_setting(self, name: str, value: str) -> None:
        """Keep a setting, inside an open transaction."""
        self.cursor.execute(_PUT_SETTING, (name, value))

    def head(self) -> Head | None:
        """The device's line, or None in a file that no device has been written into."""
        return state.load_head(self.cursor)

    def put_head(self, head: Head) -> None:
        """Write the device's line, inside an open transaction."""
        state.save_head(self.cursor, head)

    def person(self, person: str) -> LocalPerson | None:
        """The person, if this device knows them."""
        return sign_in.load_person(self.cursor, person)

    def people(self) -> tuple[LocalPerson, ...]:
        """Everybody whom this device knows, by code."""
        return sign_in.load_people(self.cursor)

    def put_person(self, person: LocalPerson) -> None:
        """Keep the person, in place of what was known of them, inside an open transaction."""
        sign_in.save_person(self.cursor, person)

    def remove_person(self, person: str) -> None:
        """Forget the person's secrets here, inside an open transaction."""
        sign_in.forget_person(self.cursor, person)

    def recent_accounts(self, branch: str, limit: int) -> list[str]:
        """Up to `limit` open accounts of the branch, the one that was posted to last first; from any thread."""
        with self.reading() as connection:
            return recent_accounts(connection, branch, limit)

    def chain_texts(self, device: str, epoch: int) -> Iterator[str]:
        """The signed text of every operation of a chain, in order, one at a time, from any thread."""
        with self.reading() as connection:
            driver = connection.connection.driver_connection
            if driver is not None:
                yield from export_lines(driver.cursor(), device, epoch)


def _require(path: Path, *, create: bool) -> None:
    if create:
        path.parent.mkdir(parents=True, exist_ok=True)
    elif not path.exists():
        raise missing(path)
