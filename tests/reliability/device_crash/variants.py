"""Known-bad ways to write, which the campaign must catch: replacements of single rules, for tests alone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from core.store import engine
from core.store.store import Store

_prepare = engine._prepare


def _not_synced(cursor: Any, key: bytes, **more: bool) -> None:
    _prepare(cursor, key, **more)
    cursor.execute("PRAGMA synchronous = OFF")


def write_without_sync() -> None:
    """A commit returns before the disk has it."""
    engine._prepare = _not_synced


def write_in_steps() -> None:
    """Each statement is a commit of its own."""

    @contextlib.contextmanager
    def transaction(store: Any) -> Iterator[Any]:
        try:
            yield store.cursor
        except BaseException:
            store.log.forget()
            raise

    _replace(Store, "transaction", transaction)


def leave_a_failed_commit() -> None:
    """What a failed commit has left in the log stays there."""
    roll_back = Store._roll_back

    def leave(store: Any, **_more: bool) -> None:
        roll_back(store, committing=False)

    _replace(Store, "_roll_back", leave)


def _replace(owner: type, name: str, function: object) -> None:
    setattr(owner, name, function)


VARIANTS: dict[str, Callable[[], None]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        write_without_sync,
        write_in_steps,
        leave_a_failed_commit,
    )
}
