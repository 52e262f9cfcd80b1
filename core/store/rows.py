"""The book's rows in SQLite: loaded by key and written one statement each, on the driver's cursor."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import sqlite

from core.book import Book, Row
from core.book.columns import columns_of
from core.book.rows import DepositAccount, Iban, LedgerBalance, ProfileValue
from core.store.search import write_card
from core.store.statements import compiled, load_row, write_row
from core.store.tables import ROW_TABLES


def _add_balance() -> str:
    table = ROW_TABLES[LedgerBalance]
    insert = sqlite.insert(table).values({name: bindparam(name) for name in LedgerBalance.__struct_fields__})
    added = {"balance": table.c.balance + insert.excluded.balance}
    return compiled(insert.on_conflict_do_update(index_elements=list(LedgerBalance.KEY), set_=added))


_ADD_BALANCE = _add_balance()


@lru_cache(maxsize=64)
def _booleans(row: type[Row]) -> tuple[int, ...]:
    return tuple(place for place, column in enumerate(columns_of(row)) if column.type is bool)


def row_of(row: type[Row], values: tuple[Any, ...]) -> Row:
    """The struct of a table's line."""
    booleans = _booleans(row)
    if not booleans:
        return row(*values)
    mended = list(values)
    for place in booleans:
        mended[place] = bool(mended[place])
    return row(*mended)


class RowStore:
    """The home of the book's rows, over the one cursor that writes."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def load(self, table: type[Row], keys: list[tuple[object, ...]]) -> list[Row]:
        """The rows of those keys that exist."""
        statement = load_row(table)
        found = (self._cursor.execute(statement, key).fetchone() for key in keys)
        return [row_of(table, values) for values in found if values is not None]

    def all(self, table: type[Row]) -> list[Row]:
        """Every row of a table, in the order of its key; for the small ones."""
        columns = ROW_TABLES[table]
        statement = compiled(select(columns).order_by(*(columns.c[name] for name in table.KEY)))
        return [row_of(table, values) for values in self._cursor.execute(statement).fetchall()]

    def write(self, book: Book) -> None:
        """Write the book's changes, and the cards of customers whom they concern, inside the open transaction."""
        cursor = self._cursor
        for table, rows in book.changes.items():
            statement = write_row(table)
            names = table.__struct_fields__
            for row in rows.values():
                cursor.execute(statement, tuple([getattr(row, name) for name in names]))
        for key, difference in book.differences.items():
            if difference:
                cursor.execute(_ADD_BALANCE, (*key, difference))
        for customer in sorted(_customers_to_find(book)):
            write_card(cursor, customer)


def _customers_to_find(book: Book) -> set[str]:
    """Customers whose names or account numbers these changes bring."""
    values = book.changes.get(ProfileValue, {}).values()
    customers = {value.customer for value in values if isinstance(value, ProfileValue)}
    for row in book.changes.get(Iban, {}).values():
        account = book.get(DepositAccount, row.account) if isinstance(row, Iban) else None
        if account is not None:
            customers.add(account.customer)
    return customers
