"""Where transactions in memory begin and end, with hooks by which a simulator crashes and interleaves them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeVar, cast

from core.book import Row
from sync_server.store.home import MetOthers
from sync_server.store.memory.home import MemoryHome
from sync_server.store.memory.overlay import OnStatement, Overlay, Tables, Wait
from sync_server.store.memory.tables import Lock, Table

K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R", bound=Row)


def no_statement(_name: str) -> None:
    """Nothing happens at a statement."""


def no_wait(_lock: Lock) -> None:
    """Nobody else can go on meanwhile: give up at once."""
    raise MetOthers("another transaction holds it")


class _Transaction:
    """A block that is one transaction. There are thousands in a simulated second, so it is no generator."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    def __enter__(self) -> MemoryHome:
        self._overlay = self._database.begin()
        return MemoryHome(self._overlay, self._database.next_number)

    def __exit__(self, kind: type[BaseException] | None, _problem: object, _trace: object) -> None:
        try:
            if kind is None:
                self._overlay.commit()
        finally:
            self._database.end(self._overlay)


class MemoryDatabase:
    """The centre's whole database in dicts, for one thread; transactions of several greenlets may be open at once.

    `on_statement(name)` is called before every statement that writes, before a commit (`commit`) and after it
    (`committed`), and may raise to crash there. `wait(lock)` is called while another open transaction holds a lock:
    it lets others go on and returns, or raises. Neither is called in the middle of a commit.
    """

    def __init__(self, *, on_statement: OnStatement = no_statement, wait: Wait = no_wait) -> None:
        self.on_statement = on_statement
        self.wait = wait
        self._tables: Tables = {}
        self._owners: dict[Lock, Overlay] = {}
        self._open = 0
        self._last_number = 0

    def transaction(self) -> AbstractContextManager[MemoryHome]:
        """One transaction: seen by others when the block has ended well, undone if anything is raised."""
        return _Transaction(self)

    def begin(self) -> Overlay:
        """What a transaction writes into; `end` it."""
        self._open += 1
        return Overlay(self._tables, self._owners, self.on_statement, self.wait)

    def end(self, overlay: Overlay) -> None:
        """Let go of what is not committed."""
        overlay.release()
        self._open -= 1

    def next_number(self) -> int:
        """A number that was never given before: as a sequence does, outside of transactions."""
        self._last_number += 1
        return self._last_number

    def copy(self) -> MemoryDatabase:
        """A backup: a database of its own with what is committed now, and the same hooks."""
        made = MemoryDatabase(on_statement=self.on_statement, wait=self.wait)
        made.restore(self)
        return made

    def restore(self, backup: MemoryDatabase) -> None:
        """Begin again from what is committed in a backup, which stays as it is. No transaction may be open."""
        if self._open:
            raise RuntimeError("a transaction is open")
        self._tables = {table: dict(values) for table, values in backup._tables.items()}
        self._last_number = backup._last_number

    def committed(self, table: Table[K, V]) -> Mapping[K, V]:
        """What is committed of a table of `sync_server.store.memory.tables`; for checks."""
        return cast("Mapping[K, V]", self._tables.get(table, {}))

    def rows(self, table: type[R]) -> Mapping[tuple[Any, ...], R]:
        """What is committed of the book's rows of that shape, by key; for checks."""
        return cast("Mapping[tuple[Any, ...], R]", self._tables.get(table, {}))
