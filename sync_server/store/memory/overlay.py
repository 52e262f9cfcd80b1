"""A transaction over tables in memory: what it writes lies over what is committed, until it is committed itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from sync_server.store.home import MetOthers
from sync_server.store.memory.tables import Lock, Table

K = TypeVar("K")
V = TypeVar("V")
Tables = dict[Any, dict[Any, Any]]
OnStatement = Callable[[str], None]
Wait = Callable[[Lock], None]


class Overlay:
    """Reads committed values through its own, holds locks, and is seen by others at `commit` or never."""

    def __init__(self, committed: Tables, owners: dict[Lock, Overlay], on_statement: OnStatement, wait: Wait) -> None:
        self._committed = committed
        self.statement = on_statement
        self.changed: Tables = {}
        self._owners = owners
        self._wait = wait
        self._held: list[Lock] = []
        self._waits_for: Lock | None = None

    def get(self, table: Table[K, V], key: K) -> V | None:
        """The value as this transaction sees it; None if there is none."""
        mine = self.changed.get(table)
        if mine is not None and key in mine:
            return mine[key]  # type: ignore[no-any-return]
        here = self._committed.get(table)
        return here.get(key) if here is not None else None

    def put(self, table: Table[K, V], key: K, value: V) -> None:
        """Write a value."""
        self.writing(table)[key] = value

    def remove(self, table: Table[K, V], key: K) -> None:
        """Take a value away."""
        self.writing(table)[key] = None

    def writing(self, table: object) -> dict[Any, Any]:
        """What this transaction has changed of a table, by key; None stands for what it has taken away."""
        mine = self.changed.get(table)
        if mine is None:
            mine = self.changed[table] = {}
        return mine

    def reading(self, table: object) -> dict[Any, Any]:
        """What is committed of a table, by key, also while others commit; not to be changed."""
        return self._committed.setdefault(table, {})

    def items(self, table: Table[K, V]) -> Iterator[tuple[K, V]]:
        """Every key and value as this transaction sees them."""
        mine = self.changed.get(table, {})
        for key, value in list(self._committed.get(table, {}).items()):
            if key not in mine:
                yield key, value
        for key, value in list(mine.items()):
            if value is not None:
                yield key, value

    def lock(self, table: object, key: object) -> None:
        """Hold it until the transaction ends; wait while another does. Raises `MetOthers` where that could not end."""
        lock = (table, key)
        owner = self._owners.get(lock)
        if owner is self:
            return
        while owner is not None:
            self._wait_for(lock, owner)
            owner = self._owners.get(lock)
        self._owners[lock] = self
        self._held.append(lock)

    def is_held_by_another(self, table: object, key: object) -> bool:
        """Whether `lock` would have to wait."""
        return self._owners.get((table, key), self) is not self

    def _wait_for(self, lock: Lock, owner: Overlay) -> None:
        waiting: Overlay | None = owner
        while waiting is not None and waiting._waits_for is not None:  # noqa: SLF001 - of the same class
            waiting = self._owners.get(waiting._waits_for)  # noqa: SLF001 - as above
            if waiting is self:
                raise MetOthers("each waits for the other")
        self._waits_for = lock
        try:
            self._wait(lock)
        finally:
            self._waits_for = None

    def commit(self) -> None:
        """Let the others see it. A hook that raises before leaves nothing, one that raises after leaves everything."""
        changed = self.changed
        if changed:
            self.statement("commit")
        for table, mine in changed.items():
            here = self._committed.setdefault(table, {})
            here.update(mine)
            for key in [key for key, value in mine.items() if value is None]:
                del here[key]
        self.release()
        if changed:
            self.statement("committed")

    def release(self) -> None:
        """Let go of every lock and of what was not committed."""
        self.changed = {}
        for lock in self._held:
            if self._owners.get(lock) is self:
                del self._owners[lock]
        self._held.clear()
