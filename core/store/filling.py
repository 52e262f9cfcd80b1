"""Filling a new device's file in bulk: rows, operations and their entries, chains, verdicts and records.

Nothing is asked of the file while it is filled. What is written for every entry is gathered and written in the order
in which the file keeps it, so that pages are encrypted a few times each, however many entries there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from core.book.book import BalanceKey
from core.book.columns import columns_of
from core.book.rows import Row
from core.envelope import Signed
from core.ledger import Posting
from core.store.log import booked_on, day_number
from core.store.search import write_every_card
from core.store.state import Head, save_head

_OPERATIONS_AT_ONCE = 2_000
_POSTINGS_AT_ONCE = 100_000
_ADD_OPERATION = "INSERT INTO operations (no, chain, seq, id, kind, jws) VALUES (?, ?, ?, ?, ?, ?)"
_ADD_POSTING = "INSERT INTO postings (account, operation, line, amount, balance, booked_on) VALUES (?, ?, ?, ?, ?, ?)"
_ADD_ACCOUNT = "INSERT INTO ledger_accounts (no, branch, account, currency) VALUES (?, ?, ?, ?)"
_ADD_CHAIN = "INSERT INTO chains (no, device, epoch, seq, hash) VALUES (?, ?, ?, ?, ?)"
_ADD_RECORD = "INSERT INTO records (digest, data) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING"
_ADD_VERDICT = (
    "INSERT INTO verdicts (operation, verdict, accounting_date, received_at, exceptions) VALUES (?, ?, ?, ?, ?)"
)
_PLACE = "INSERT INTO feed_items (feed, operation, position) VALUES (?, ?, ?)"
_PUT_SETTING = "INSERT INTO settings (name, value) VALUES (?, ?)"
_POSTED = "SELECT id, currency, posted FROM deposit_accounts WHERE branch = ?"


class Chain(msgspec.Struct):
    """A chain while it grows: its number in the file, and its head as far as it is read from its beginning."""

    no: int
    seq: int = 0
    hash: str | None = None


class LedgerAccount(msgspec.Struct):
    """An account of the books while it grows: its number in the file and what it holds, debit positive."""

    no: int
    balance: int = 0


class Filling:
    """Over the cursor of `core.store.migrating.making`. Operations are numbered as they come, from 1."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self._days: dict[str, int] = {}
        self._operations: list[tuple[Any, ...]] = []
        self._postings: list[tuple[int, int, int, int, int, int]] = []
        self._records: list[tuple[str, bytes]] = []
        self._items: list[tuple[str, int, int]] = []
        self.chains: dict[tuple[str, int], Chain] = {}
        self.accounts: dict[BalanceKey, LedgerAccount] = {}
        self.operations = 0

    def add_rows(self, table: type[Row], rows: Sequence[tuple[Any, ...]]) -> None:
        """Rows of the book, their values in the order of the struct's fields."""
        self._cursor.executemany(_add_rows(table), rows)

    def chain(self, device: str, epoch: int) -> Chain:
        """The chain of that name; begun here when it is first asked for."""
        key = (device, epoch)
        found = self.chains.get(key)
        if found is None:
            found = self.chains[key] = Chain(len(self.chains) + 1)
        return found

    def add_operation(self, signed: Signed, postings: Sequence[Posting]) -> int:
        """The next operation with its entry; its number."""
        operation = signed.operation
        chain = self.chain(operation.device, operation.epoch)
        self.operations += 1
        no = self.operations
        identifier = bytes.fromhex(operation.id.replace("-", ""))
        self._operations.append((no, chain.no, operation.seq, identifier, operation.kind, signed.jws))
        if postings:
            day = self._day(booked_on(signed))
            for line, (branch, account, currency, amount) in enumerate(postings):
                held = self._account((branch, account, currency))
                held.balance += amount
                self._postings.append((held.no, no, line, amount, held.balance, day))
        if len(self._operations) >= _OPERATIONS_AT_ONCE:
            self._write_operations()
        return no

    def place(self, feed: str, position: int, no: int) -> None:
        """Where the operation of that number stands in a feed."""
        self._items.append((feed, no, position))

    def _account(self, key: BalanceKey) -> LedgerAccount:
        found = self.accounts.get(key)
        if found is None:
            found = self.accounts[key] = LedgerAccount(len(self.accounts) + 1)
        return found

    def _day(self, text: str) -> int:
        number = self._days.get(text)
        if number is None:
            number = self._days[text] = day_number(text)
        return number

    def add_records(self, records: Mapping[str, bytes]) -> None:
        """Records by their digests; one that is here already stays."""
        self._records.extend(records.items())

    def add_verdict(
        self, no: int, verdict: str, accounting_date: str | None, received_at: str, exceptions: str
    ) -> None:
        """What the centre said of that operation."""
        self._cursor.execute(_ADD_VERDICT, (no, verdict, accounting_date, received_at, exceptions))

    def posted(self, branch: str) -> list[tuple[str, str, int]]:
        """(id, currency, posted) of each deposit account of the branch."""
        return [tuple(row) for row in self._cursor.execute(_POSTED, (branch,)).fetchall()]

    def finish(self, head: Head, settings: Iterable[tuple[str, str]]) -> None:
        """Write what is still gathered, the chains' heads, customers' cards, settings and the device's own line."""
        self._write_operations()
        self._write_postings()
        accounts = [(held.no, *key) for key, held in self.accounts.items()]
        self._cursor.executemany(_ADD_ACCOUNT, accounts)
        chains = [(chain.no, *key, chain.seq, chain.hash) for key, chain in self.chains.items()]
        self._cursor.executemany(_ADD_CHAIN, chains)
        write_every_card(self._cursor)
        self._cursor.executemany(_PUT_SETTING, list(settings))
        save_head(self._cursor, head)

    def _write_operations(self) -> None:
        self._cursor.executemany(_ADD_OPERATION, self._operations)
        self._records.sort()
        self._cursor.executemany(_ADD_RECORD, self._records)
        self._operations, self._records = [], []
        self._items.sort()
        self._cursor.executemany(_PLACE, self._items)
        self._items = []
        if len(self._postings) >= _POSTINGS_AT_ONCE:
            self._write_postings()

    def _write_postings(self) -> None:
        self._postings.sort()
        self._cursor.executemany(_ADD_POSTING, self._postings)
        self._postings = []


def _add_rows(table: type[Row]) -> str:
    names = [column.name for column in columns_of(table)]
    return f"INSERT INTO {table.TABLE} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608
