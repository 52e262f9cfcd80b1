"""What a device needs of its home: rows, the log of operations, its own line, and a transaction around all of them.

Two are made: the encrypted file (`core.store.store.Store`), and one in memory (`core.store.memory.MemoryHome`) over
which a simulator runs the same device. Only one thread at a time may use a home: the device sees to that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection

from core.book import Book, Row
from core.book.rows import LentFile
from core.envelope import Signed
from core.errors import StoreProblem
from core.ledger import Posting
from core.store.log import ChainHead, Place, Stored
from core.store.sign_in import LocalPerson
from core.store.state import Head


class HomeRows(Protocol):
    """The book's rows. `own` is the device epoch whose home it is."""

    own: tuple[str, int] | None

    def load(self, table: type[Row], keys: list[tuple[object, ...]]) -> list[Row]:
        """The rows of those keys that exist."""
        ...

    def operation(self, identifier: str) -> str | None:
        """The signed text of an operation that is here."""
        ...

    def write(self, book: Book) -> None:
        """Write the book's changed rows, inside the open transaction."""
        ...

    def open_day(self) -> str | None:
        """The newest business date that is open on the own device epoch."""
        ...

    def open_drawer(self, *, currency: str | None = None, person: str | None = None) -> str | None:
        """The first drawer, by code, that is open on the own device epoch, in that currency and held by that person."""
        ...

    def rights_above(self, least: int) -> set[str]:
        """The accounts of which the own device epoch may pay out more than `least`, in minor units."""
        ...

    def recalled(self) -> list[tuple[str, int]]:
        """Accounts whose rights the centre wants back, and how much of what is held here, in minor units."""
        ...

    def files_here(self) -> list[LentFile]:
        """Loans to the own device epoch that nobody has ended, or on which it holds rights still, by account."""
        ...

    def iban_blocks(self) -> list[tuple[int, int]]:
        """First and last number of each block leased to the own device epoch, in order."""
        ...

    def open_sessions(self) -> list[str]:
        """The keys of the own device epoch's sessions that are not closed, in the order of their opening."""
        ...


class HomeLog(Protocol):
    """The operations themselves: exact signed text by arrival, postings, chains, verdicts and records."""

    def append(self, chain: int, signed: Signed, postings: Sequence[Posting], book: Book) -> int:
        """Write an operation and its postings, which the book has in it already. Answers the operation's number."""
        ...

    def chain(self, device: str, epoch: int) -> ChainHead:
        """The head of a chain as last written by `move_chain`; inside a transaction, for it may be new."""
        ...

    def move_chain(self, device: str, epoch: int, seq: int, operation_hash_: str | None) -> None:
        """Write a chain's head."""
        ...

    def own_head(self, device: str, epoch: int, after_no: int) -> ChainHead:
        """The head of the own chain, which is not written with each operation: looked for behind `after_no`."""
        ...

    def last_text(self, chain: int, after_no: int) -> str | None:
        """The signed text of a chain's last operation, looked for behind `after_no`."""
        ...

    def stored(self, operation_id: str) -> Stored | None:
        """The operation of that id, if it is here."""
        ...

    def at_seq(self, chain: int, seq: int, *, after_no: int = 0) -> tuple[int, str] | None:
        """The number and hash of an operation by its place on a chain, looked for behind `after_no`."""
        ...

    def after(self, chain: int, no: int, limit: int) -> list[tuple[int, int, str]]:
        """(number, seq, signed text) of a chain's operations that came after that number, oldest first."""
        ...

    def arrived(self, after_no: int, limit: int) -> list[tuple[int, str, int, int, str]]:
        """(number, device, epoch, seq, signed text) of operations of any chain behind that number, as they came."""
        ...

    def place(self, feed: str, position: int, no: int) -> None:
        """Note where an operation was read in a feed; where it was read before is forgotten."""
        ...

    def items(self, feed: str, after: Place, limit: int) -> list[tuple[Place, str]]:
        """(place, signed text) of what was read in a feed behind that place, in order."""
        ...

    def of_kind(self, kind: str) -> list[str]:
        """The signed texts of a kind, as they came."""
        ...

    def add_records(self, records: Mapping[str, bytes]) -> None:
        """Keep records by their digests; one that is here already stays."""
        ...

    def record(self, digest: str) -> bytes | None:
        """The bytes of a record, if they are here."""
        ...

    def findings(self, no: int) -> list[str]:
        """The codes of what the first verdict that was kept of an operation found against it."""
        ...

    def add_verdict(
        self, no: int, verdict: str, accounting_date: str | None, received_at: str, exceptions: str
    ) -> None:
        """Keep a verdict that says more than "applied on its own date"; the first one stays."""
        ...


class DeviceHome(Protocol):
    """All of it. What is written stands in an open `transaction`; what the environment does is a `StoreProblem`."""

    @property
    def rows(self) -> HomeRows:
        """The book's rows."""
        ...

    @property
    def log(self) -> HomeLog:
        """The operations."""
        ...

    def transaction(self) -> AbstractContextManager[object]:
        """Write all or nothing, durably on return."""
        ...

    def explained(self, problem: BaseException) -> StoreProblem | None:
        """What was raised while this was read, in the program's words; None if it is not of the environment."""
        ...

    def head(self) -> Head | None:
        """The device's line, or None in a home that no device has been written into."""
        ...

    def put_head(self, head: Head) -> None:
        """Write the device's line."""
        ...

    def setting(self, name: str) -> str | None:
        """A setting of this device's."""
        ...

    def put_setting(self, name: str, value: str) -> None:
        """Keep a setting."""
        ...

    def person(self, person: str) -> LocalPerson | None:
        """The person, if this device knows them."""
        ...

    def people(self) -> tuple[LocalPerson, ...]:
        """Everybody whom this device knows, by code."""
        ...

    def put_person(self, person: LocalPerson) -> None:
        """Keep the person, in place of what was known of them."""
        ...

    def remove_person(self, person: str) -> None:
        """Forget the person's secrets here."""
        ...

    def recent_accounts(self, branch: str, limit: int) -> list[str]:
        """Up to `limit` open accounts of the branch, the one that was posted to last first; from any thread."""
        ...

    def chain_texts(self, device: str, epoch: int) -> Iterator[str]:
        """The signed text of every operation of a chain, in order, one at a time, from any thread."""
        ...

    def reading(self) -> AbstractContextManager[Connection]:
        """A consistent view for `core.store.queries`, from any thread; only a file has one."""
        ...

    def close(self) -> None:
        """Let go. Everything acknowledged is kept already."""
        ...
