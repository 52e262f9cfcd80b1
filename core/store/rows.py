"""The book's rows in SQLite: loaded by key and written one statement each, on the driver's cursor."""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from msgspec.structs import astuple
from sqlalchemy import select

from core.book import Book, Row
from core.book.columns import columns_of
from core.book.rows import DepositAccount, Iban, LedgerBalance, LentFile, ProfileValue, Right
from core.store.search import write_card
from core.store.statements import compiled, load_row, write_row
from core.store.tables import OWN_RIGHTS, ROW_TABLES

_OPERATION = "SELECT jws FROM operations WHERE id = ?"
_BALANCE = (
    "SELECT p.balance FROM ledger_accounts AS l JOIN postings AS p ON p.account = l.no "
    "WHERE l.branch = ? AND l.account = ? AND l.currency = ? ORDER BY p.operation DESC, p.line DESC LIMIT 1"
)
_OWN_RIGHT = "SELECT granted, minted, used, returned FROM deposit_accounts WHERE id = ?"
_OPEN_DAY = (
    "SELECT business_date FROM days WHERE device = ? AND epoch = ? AND state = 'open' "
    "ORDER BY business_date DESC LIMIT 1"
)
_OPEN_DRAWER = (
    "SELECT drawer FROM drawers WHERE device = ? AND epoch = ? AND state = 'open' AND currency = coalesce(?, currency) "
    "AND person = coalesce(?, person) ORDER BY drawer LIMIT 1"
)
_RECALLED = (
    "SELECT r.account, min(r.gone_to - a.used - a.returned, a.granted + a.minted - a.used - a.returned) AS back "
    "FROM recalls AS r JOIN deposit_accounts AS a ON a.id = r.account "
    "WHERE r.device = ? AND r.epoch = ? AND back > 0 ORDER BY r.account"
)
_FILES_HERE = (
    f"SELECT {', '.join('f.' + name for name in LentFile.__struct_fields__)} FROM lent_files AS f "  # noqa: S608
    "LEFT JOIN deposit_accounts AS a ON a.id = f.account WHERE f.device = ? AND f.epoch = ? "
    "AND (f.ended_by IS NULL OR a.granted + a.minted - a.used - a.returned > 0) ORDER BY f.account"
)
_RIGHTS_ABOVE = "SELECT id FROM deposit_accounts WHERE granted + minted - used - returned > ?"
_BLOCKS = "SELECT first, last FROM iban_blocks WHERE device = ? AND epoch = ? ORDER BY first"
_OPEN_SESSIONS = "SELECT kid FROM sessions WHERE device = ? AND epoch = ? AND closed_seq IS NULL ORDER BY opened_seq"
_SET_HOLDER = "UPDATE deposit_accounts SET customer = ? WHERE id = ?"
_SET_OWN_RIGHT = "UPDATE deposit_accounts SET granted = ?, minted = ?, used = ?, returned = ? WHERE id = ?"

_HOLDER = ("id", "customer")
_HELD = tuple(name for name in DepositAccount.__struct_fields__ if name not in _HOLDER)
_holder_of, _held_of, _counters_of = attrgetter(*_HOLDER), attrgetter(*_HELD), attrgetter(*OWN_RIGHTS)
_right_key = attrgetter(*Right.KEY)


def _change_account(*columns: str) -> str:
    sets = ", ".join(f"{name} = ?" for name in columns)
    return f"UPDATE deposit_accounts SET {sets} WHERE id = ? AND customer = ?"  # noqa: S608 - the columns above


_CHANGE_ACCOUNT, _CHANGE_ACCOUNT_AND_RIGHT = _change_account(*_HELD), _change_account(*_HELD, *OWN_RIGHTS)


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
    """The home of the book's rows, over the one cursor that writes. `own` is the device epoch whose file it is."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self.own: tuple[str, int] | None = None

    def load(self, table: type[Row], keys: list[tuple[object, ...]]) -> list[Row]:
        """The rows of those keys that exist."""
        if table is LedgerBalance:
            return self._balances(keys)
        if table is Right:
            return [row for row in map(self._right, keys) if row is not None]
        return [row for row in (self._row(table, key) for key in keys) if row is not None]

    def operation(self, identifier: str) -> str | None:
        """The signed text of an operation that is in the file."""
        found = self._cursor.execute(_OPERATION, (UUID(identifier).bytes,)).fetchone()
        return str(found[0]) if found is not None else None

    def _row(self, table: type[Row], key: tuple[object, ...]) -> Row | None:
        values = self._cursor.execute(load_row(table), key).fetchone()
        return row_of(table, values) if values is not None else None

    def _balances(self, keys: list[tuple[object, ...]]) -> list[Row]:
        found = ((key, self._cursor.execute(_BALANCE, key).fetchone()) for key in keys)
        return [row_of(LedgerBalance, (*key, *values)) for key, values in found if values is not None]

    def _right(self, key: tuple[object, ...]) -> Row | None:
        if key[1:] == self.own:
            values = self._cursor.execute(_OWN_RIGHT, key[:1]).fetchone()
            if values is not None and any(values):
                return row_of(Right, (*key, *values, False))
        return self._row(Right, key)

    def all(self, table: type[Row]) -> list[Row]:
        """Every row of a table, in the order of its key; for the small ones."""
        columns = ROW_TABLES[table]
        wanted = select(*(columns.c[name] for name in table.__struct_fields__))
        statement = compiled(wanted.order_by(*(columns.c[name] for name in table.KEY)))
        return [row_of(table, values) for values in self._cursor.execute(statement).fetchall()]

    def open_day(self) -> str | None:
        """The newest business date that is open on the own device epoch."""
        return self._first(_OPEN_DAY, *self._own_epoch())

    def open_drawer(self, *, currency: str | None = None, person: str | None = None) -> str | None:
        """The first drawer, by code, that is open on the own device epoch, in that currency and held by that person."""
        return self._first(_OPEN_DRAWER, *self._own_epoch(), currency, person)

    def rights_above(self, least: int) -> set[str]:
        """The accounts of which the own device epoch may pay out more than `least`, in minor units."""
        return {account for (account,) in self._cursor.execute(_RIGHTS_ABOVE, (least,)).fetchall()}

    def recalled(self) -> list[tuple[str, int]]:
        """Accounts whose rights the centre wants back, and how much of what is held here, in minor units."""
        rows = self._cursor.execute(_RECALLED, self._own_epoch()).fetchall()
        return [(str(account), int(back)) for account, back in rows]

    def files_here(self) -> list[LentFile]:
        """Loans to the own device epoch that nobody has ended, or on which it holds rights still, by account."""
        return [LentFile(*row) for row in self._cursor.execute(_FILES_HERE, self._own_epoch()).fetchall()]

    def iban_blocks(self) -> list[tuple[int, int]]:
        """First and last number of each block leased to the own device epoch, in order."""
        rows = self._cursor.execute(_BLOCKS, self._own_epoch()).fetchall()
        return [(int(first), int(last)) for first, last in rows]

    def open_sessions(self) -> list[str]:
        """The keys of the own device epoch's sessions that are not closed, in the order of their opening."""
        return [str(kid) for (kid,) in self._cursor.execute(_OPEN_SESSIONS, self._own_epoch()).fetchall()]

    def _own_epoch(self) -> tuple[str, int]:
        if self.own is None:
            raise RuntimeError("no device has been written into this home")
        return self.own

    def _first(self, statement: str, *values: object) -> str | None:
        row = self._cursor.execute(statement, values).fetchone()
        return str(row[0]) if row else None

    def write(self, book: Book) -> None:
        """Write the book's changed rows, and the cards of customers whom they concern, inside the open transaction.

        What the accounts of the books hold is written with their postings.
        """
        cursor, own = self._cursor, self.own or ()
        rights = dict(book.changes.get(Right, {}))
        for table, rows in book.changes.items():
            if table is DepositAccount:
                for key, row in rows.items():
                    self._write_account(row, rights.pop((*key, *own), None))
            elif table is not Right:
                statement = write_row(table)
                for row in rows.values():
                    cursor.execute(statement, astuple(row))
        for row in rights.values():
            self._write_right(row)
        for customer in sorted(_customers_to_find(book)):
            write_card(cursor, customer)

    def _write_account(self, account: Row, own: Row | None) -> None:
        """With the own right on it, where that has changed too. What every posting does, to an account that is there
        under its holder, is one statement.
        """
        cursor, held, holder = self._cursor, _held_of(account), _holder_of(account)
        if own is None:
            cursor.execute(_CHANGE_ACCOUNT, (*held, *holder))
        else:
            cursor.execute(_CHANGE_ACCOUNT_AND_RIGHT, (*held, *_counters_of(own), *holder))
        if cursor.rowcount:
            return
        cursor.execute(write_row(DepositAccount), astuple(account))
        cursor.execute(_SET_HOLDER, (holder[1], holder[0]))
        if own is not None:
            self._write_right(own)

    def _write_right(self, right: Row) -> None:
        """In the account's row, where it is this device's own and there is one; accounts are written before."""
        account, device, epoch = _right_key(right)
        if (device, epoch) == self.own:
            self._cursor.execute(_SET_OWN_RIGHT, (*_counters_of(right), account))
            if self._cursor.rowcount:
                return
        self._cursor.execute(write_row(Right), astuple(right))


def _customers_to_find(book: Book) -> set[str]:
    """Customers whose names or account numbers these changes bring."""
    values = book.changes.get(ProfileValue, {}).values()
    customers = {value.customer for value in values if isinstance(value, ProfileValue)}
    for row in book.changes.get(Iban, {}).values():
        account = book.get(DepositAccount, row.account) if isinstance(row, Iban) else None
        if account is not None:
            customers.add(account.customer)
    return customers
