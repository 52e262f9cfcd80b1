"""A device's home in memory: the same device over it, without a disk, for tests and simulations.

What is written is undone if its transaction fails, as a disk would undo it, and `on_write` is told of each place at
which a machine may die: whatever it raises at `begin` or `commit` leaves nothing of the transaction, at `committed`
everything.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, cast

from sqlalchemy import Connection

from core.book import Book, Row
from core.book.rows import Day, DepositAccount, Drawer, IbanBlock, LedgerBalance, LentFile, Recall, Right, Session
from core.errors import StoreProblem
from core.operations.rights import still_recalled
from core.store.log import Stored
from core.store.memory_log import MemoryLog, Undo
from core.store.sign_in import LocalPerson
from core.store.state import Head

OnWrite = Callable[[str], object]
_HEAD = "head"


class MemoryRows:
    """The book's rows by table and key."""

    def __init__(self, undo: Undo, operations: Callable[[str], Stored | None]) -> None:
        self.own: tuple[str, int] | None = None
        self.tables: dict[type[Row], dict[tuple[object, ...], Row]] = {}
        self._undo = undo
        self._stored = operations

    def load(self, table: type[Row], keys: list[tuple[object, ...]]) -> list[Row]:
        """The rows of those keys that exist."""
        here = self.tables.get(table, {})
        return [here[key] for key in keys if key in here]

    def all(self, table: type[Row]) -> list[Row]:
        """Every row of a table, in the order of its key."""
        here = self.tables.get(table, {})
        return [here[key] for key in sorted(here, key=repr)]

    def operation(self, identifier: str) -> str | None:
        """The signed text of an operation that is here."""
        found = self._stored(identifier)
        return found.jws if found is not None else None

    def write(self, book: Book) -> None:
        """Write the book's changed rows, and what the accounts of the books hold, inside the open transaction."""
        for table, rows in book.changes.items():
            here = self.tables.setdefault(table, {})
            for key, row in rows.items():
                self._undo.put(here, key, row)
        balances = self.tables.setdefault(LedgerBalance, {})
        for named, difference in book.differences.items():
            before = cast("LedgerBalance | None", balances.get(named))
            self._undo.put(balances, named, LedgerBalance(*named, (before.balance if before else 0) + difference))

    def open_day(self) -> str | None:
        """The newest business date that is open on the own device epoch."""
        return max((day.business_date for day in self._own(Day) if day.state == "open"), default=None)

    def open_drawer(self, *, currency: str | None = None, person: str | None = None) -> str | None:
        """The first drawer, by code, that is open on the own device epoch, in that currency and held by that person."""
        return min(
            (
                drawer.drawer
                for drawer in self._own(Drawer)
                if drawer.state == "open" and currency in {None, drawer.currency} and person in {None, drawer.person}
            ),
            default=None,
        )

    def rights_above(self, least: int) -> set[str]:
        """The accounts of which the own device epoch may pay out more than `least`, in minor units."""
        accounts = self.tables.get(DepositAccount, {})
        return {
            right.account
            for right in self._own(Right)
            if not right.released
            and right.granted + right.minted - right.used - right.returned > least
            and (right.account,) in accounts
        }

    def recalled(self) -> list[tuple[str, int]]:
        """Accounts whose rights the centre wants back, and how much of what is held here, in minor units."""
        rights = {right.account: right for right in self._own(Right)}
        asked = ((recall, rights.get(recall.account)) for recall in self._own(Recall))
        back = ((recall.account, still_recalled(recall, right)) for recall, right in asked if right is not None)
        return sorted((account, amount) for account, amount in back if amount)

    def files_here(self) -> list[LentFile]:
        """Loans to the own device epoch that nobody has ended, or on which it holds rights still, by account."""
        held = self.rights_above(0)
        here = (loan for loan in self._own(LentFile) if loan.ended_by is None or loan.account in held)
        return sorted(here, key=lambda loan: loan.account)

    def iban_blocks(self) -> list[tuple[int, int]]:
        """First and last number of each block leased to the own device epoch, in order."""
        return sorted((block.first, block.last) for block in self._own(IbanBlock))

    def open_sessions(self) -> list[str]:
        """The keys of the own device epoch's sessions that are not closed, in the order of their opening."""
        still_open = [session for session in self._own(Session) if session.closed_seq is None]
        return [session.kid for session in sorted(still_open, key=lambda session: session.opened_seq)]

    def _own(self, table: type[Any]) -> Iterator[Any]:
        for row in self.tables.get(table, {}).values():
            if (row.device, row.epoch) == self.own:  # type: ignore[attr-defined]
                yield row


class MemoryHome:
    """The `DeviceHome` in memory. `on_write` may be set at any time; it may raise. Transactions are not nested."""

    def __init__(self, on_write: OnWrite | None = None) -> None:
        self.on_write: OnWrite | None = on_write
        self._undo = Undo()
        self.log = MemoryLog(self._undo)
        self.rows = MemoryRows(self._undo, self.log.stored)
        self._settings: dict[str, str] = {}
        self._people: dict[str, LocalPerson] = {}
        self._lines: dict[str, Head] = {}

    def copy(self) -> MemoryHome:
        """Another home that is as this one is now: a copied file, or one that is kept to be put back later."""
        made = MemoryHome()
        made.log.copy_from(self.log)
        made.rows.own = self.rows.own
        made.rows.tables = {table: dict(rows) for table, rows in self.rows.tables.items()}
        made._settings, made._people, made._lines = dict(self._settings), dict(self._people), dict(self._lines)
        return made

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all or nothing."""
        self._undo.forget()
        try:
            self._tell("begin")
            yield
            self._tell("commit")
        except BaseException:
            self._undo.roll_back()
            raise
        self._undo.forget()
        self._tell("committed")

    def explained(self, _problem: BaseException) -> StoreProblem | None:
        """Memory always answers."""
        return None

    def _tell(self, name: str) -> None:
        if self.on_write is not None:
            self.on_write(name)

    def head(self) -> Head | None:
        """The device's line, or None in a home that no device has been written into."""
        return self._lines.get(_HEAD)

    def put_head(self, head: Head) -> None:
        """Write the device's line."""
        self._undo.put(self._lines, _HEAD, head)

    def setting(self, name: str) -> str | None:
        """A setting of this device's."""
        return self._settings.get(name)

    def put_setting(self, name: str, value: str) -> None:
        """Keep a setting."""
        self._undo.put(self._settings, name, value)

    def person(self, person: str) -> LocalPerson | None:
        """The person, if this device knows them."""
        return self._people.get(person)

    def people(self) -> tuple[LocalPerson, ...]:
        """Everybody whom this device knows, by code."""
        return tuple(self._people[code] for code in sorted(self._people))

    def put_person(self, person: LocalPerson) -> None:
        """Keep the person, in place of what was known of them."""
        self._undo.put(self._people, person.person, person)

    def remove_person(self, person: str) -> None:
        """Forget the person's secrets here."""
        self._undo.remove(self._people, person)

    def recent_accounts(self, branch: str, limit: int) -> list[str]:
        """Up to `limit` open accounts of the branch, the one that was posted to last first; from any thread."""
        accounts = self.rows.tables.get(DepositAccount, {})
        found: dict[str, None] = {}
        for account in self.log.posted_to_last():
            row = cast("DepositAccount | None", accounts.get((account,)))
            if len(found) < limit and row is not None and (row.branch, row.state) == (branch, "open"):
                found[account] = None
        return list(found)

    def chain_texts(self, device: str, epoch: int) -> Iterator[str]:
        """The signed text of every operation of a chain, in order."""
        return self.log.texts(device, epoch)

    def reading(self) -> AbstractContextManager[Connection]:
        """Screens read a file: raises NotImplementedError."""
        raise NotImplementedError("a home in memory has no read models")

    def close(self) -> None:
        """Nothing is held."""
