"""The working set that rules see: rows loaded for an operation or a batch, changed in memory, then written at once.

The same book works over SQLite on a device, PostgreSQL at the centre and a dict in tests; each is a `BookStore`.
Balances of the books are kept as differences, so that they are added up by the home and need no lock while rules run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar, Protocol, TypeVar, cast

from core.book.rows import LedgerBalance, Row

R = TypeVar("R", bound=Row)
Key = tuple[type[Row], tuple[object, ...]]
Changes = Mapping[type[Row], Mapping[tuple[object, ...], Row]]
BalanceKey = tuple[str, str, str]


class BookStore(Protocol):
    """A home of rows. `load` answers in one call for all the keys of one table; unknown keys are left out."""

    def load(self, table: type[Row], keys: list[tuple[object, ...]]) -> list[Row]:
        """The rows of those keys, in any order."""
        ...

    def operation(self, identifier: str) -> str | None:
        """The signed text of an operation that is kept here."""
        ...


@cache
def _key_of(table: type[Row]) -> Callable[[Row], tuple[object, ...]]:
    """Reads a row's key."""
    read = attrgetter(*table.KEY)
    return read if len(table.KEY) > 1 else lambda row: (read(row),)


class Book:
    """Rows by table and key. Reading an unloaded row loads it; `prefetch` loads many at once, in a fixed order."""

    READ_FIRST: ClassVar[frozenset[type[Row]]] = frozenset()
    """Tables that `prefetch` reads before all others, so that nobody's rows are locked meanwhile."""

    def __init__(self, store: BookStore) -> None:
        self._store = store
        self._rows: dict[type[Row], dict[tuple[object, ...], Any]] = {}
        self._changed: dict[type[Row], dict[tuple[object, ...], Row]] = {}
        self._differences: dict[BalanceKey, int] = {}
        self._applied: dict[str, str] = {}

    def prefetch(self, keys: Iterable[Key]) -> None:
        """Load every key that is not yet here: tables by name behind `READ_FIRST`, keys sorted: the order of locks."""
        wanted: dict[type[Row], set[tuple[object, ...]]] = {}
        for table, key in keys:
            here = self._rows.get(table)
            if here is None or key not in here:
                wanted.setdefault(table, set()).add(key)
        for table in sorted(wanted, key=lambda table: (table not in self.READ_FIRST, table.TABLE)):
            self._load(table, sorted(wanted[table], key=repr))

    def _load(self, table: type[Row], keys: list[tuple[object, ...]]) -> None:
        # A home that fails to answer has not said that there is no row.
        found = self._store.load(table, keys)
        here = self._rows.setdefault(table, {})
        for key in keys:
            here[key] = None
        for row in found:
            here[_key_of(table)(row)] = row

    def get(self, table: type[R], *key: object) -> R | None:
        """The row of that key, or None if there is none."""
        row: R | None
        # Asked twenty times for each operation, nearly always for what is here.
        try:
            row = self._rows[table][key]
        except KeyError:
            self._load(table, [key])
            row = self._rows[table][key]
        return row

    def put(self, row: Row) -> None:
        """Add the row or replace the one of its key."""
        table = type(row)
        key = _key_of(table)(row)
        self._rows.setdefault(table, {})[key] = row
        self._changed.setdefault(table, {})[key] = row

    def balance(self, branch: str, account: str, currency: str) -> int:
        """What an account of the books holds, debit positive, in minor units."""
        row = self.get(LedgerBalance, branch, account, currency)
        return (row.balance if row else 0) + self._differences.get((branch, account, currency), 0)

    def move(self, branch: str, account: str, currency: str, amount: int) -> None:
        """Add a debit (positive) or credit (negative) to an account of the books."""
        key = (branch, account, currency)
        self._differences[key] = self._differences.get(key, 0) + amount

    def note(self, identifier: str, jws: str) -> None:
        """Remember an operation that was applied to this book and is not yet in its home."""
        self._applied[identifier] = jws

    def operation(self, identifier: str) -> str | None:
        """The signed text of an operation that this book rests on."""
        return self._applied.get(identifier) or self._store.operation(identifier)

    @property
    def changes(self) -> Changes:
        """Rows that were put since the book was opened, by table and key."""
        return self._changed

    @property
    def applied(self) -> Mapping[str, str]:
        """Operations applied since the book was opened, by id."""
        return self._applied

    @property
    def differences(self) -> Mapping[BalanceKey, int]:
        """What is to be added to each account of the books, by (branch, account, currency)."""
        return self._differences

    def written(self) -> None:
        """The home has written the changes: keep the rows, as they stand there, as a cache for what comes next."""
        for (branch, account, currency), difference in self._differences.items():
            key = (branch, account, currency)
            here = self._rows.setdefault(LedgerBalance, {})
            row = cast("LedgerBalance | None", here.get(key))
            if row is not None:
                here[key] = LedgerBalance(branch, account, currency, row.balance + difference)
            else:
                here.pop(key, None)
        self._changed = {}
        self._differences = {}
        self._applied = {}


class DictStore:
    """Rows in a dict: the home for tests and simulations."""

    def __init__(self) -> None:
        self.rows: dict[type[Row], dict[tuple[object, ...], Row]] = {}
        self.operations: dict[str, str] = {}

    def load(self, table: type[Row], keys: list[tuple[object, ...]]) -> list[Row]:
        """The rows of those keys that exist."""
        here = self.rows.get(table, {})
        return [here[key] for key in keys if key in here]

    def operation(self, identifier: str) -> str | None:
        """The signed text of an operation that was applied."""
        return self.operations.get(identifier)

    def write(self, book: Book) -> None:
        """Write the book's changes here, as one step."""
        self.operations.update(book.applied)
        for table, rows in book.changes.items():
            self.rows.setdefault(table, {}).update(rows)
        balances = self.rows.setdefault(LedgerBalance, {})
        for key, difference in book.differences.items():
            row = cast("LedgerBalance | None", balances.get(key))
            balances[key] = LedgerBalance(*key, (row.balance if row else 0) + difference)
        book.written()
