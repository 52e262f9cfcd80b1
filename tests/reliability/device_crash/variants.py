"""Known-bad ways to write, which the campaign must catch: replacements of single rules, for tests alone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from core.book import Book
from core.book.rows import Row
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


def take_silence_for_no_row() -> None:
    """A row that could not be read is remembered as none."""
    load = Book._load

    def hasty(book: Any, table: type[Row], keys: list[Any]) -> None:
        here = book._rows.setdefault(table, {})
        for key in keys:
            here[key] = None
        load(book, table, keys)

    _replace(Book, "_load", hasty)


def _replace(owner: type, name: str, function: object) -> None:
    setattr(owner, name, function)


def swap_in_unsynced() -> None:
    """A new schema is put in place without its file or its folder being synced."""
    from core.store import migrating

    def swap(beside: Path, path: Path) -> None:
        beside.replace(path)

    migrating.swap_in = swap


VARIANTS: dict[str, Callable[[], None]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        write_without_sync,
        write_in_steps,
        leave_a_failed_commit,
        take_silence_for_no_row,
        swap_in_unsynced,
    )
}
