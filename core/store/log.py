"""The operations themselves: exact signed text by arrival, their postings, chains, verdicts and records."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from core.book import Book
from core.book.book import BalanceKey
from core.book.rows import DepositAccount
from core.envelope import Signed, operation_hash
from core.ledger import Posting, deposit_id

_ADD_OPERATION = "INSERT INTO operations (chain, seq, id, kind, jws) VALUES (?, ?, ?, ?, ?)"
_ADD_POSTING = "INSERT INTO postings (account, operation, line, amount, balance, booked_on) VALUES (?, ?, ?, ?, ?, ?)"
_ADD_ACCOUNT = "INSERT INTO ledger_accounts (branch, account, currency) VALUES (?, ?, ?)"
_ACCOUNT = "SELECT no FROM ledger_accounts WHERE branch = ? AND account = ? AND currency = ?"
_CHAIN = "SELECT no, seq, hash FROM chains WHERE device = ? AND epoch = ?"
_ADD_CHAIN = "INSERT INTO chains (device, epoch, seq, hash) VALUES (?, ?, 0, NULL)"
_MOVE_CHAIN = "UPDATE chains SET seq = ?, hash = ? WHERE no = ?"
_STORED = "SELECT no, chain, seq, jws FROM operations WHERE id = ?"
_LAST_OF_CHAIN = "SELECT seq, jws FROM operations WHERE chain = ? AND no > ? ORDER BY no DESC LIMIT 1"
_NO_OF_SEQ = "SELECT no, jws FROM operations WHERE chain = ? AND seq = ? AND no > ? ORDER BY no LIMIT 1"
_AFTER = "SELECT no, seq, jws FROM operations WHERE no > ? AND chain = ? ORDER BY no LIMIT ?"
_ARRIVED = (
    "SELECT o.no, c.device, c.epoch, o.seq, o.jws FROM operations AS o JOIN chains AS c ON c.no = o.chain "
    "WHERE o.no > ? ORDER BY o.no LIMIT ?"
)
_PLACE = (
    "INSERT INTO feed_items (feed, operation, position) VALUES (?, ?, ?) "
    "ON CONFLICT (feed, operation) DO UPDATE SET position = excluded.position"
)
_ITEMS = (
    "SELECT i.position, i.operation, o.jws FROM feed_items AS i JOIN operations AS o ON o.no = i.operation "
    "WHERE i.feed = ? AND (i.position, i.operation) > (?, ?) ORDER BY i.position, i.operation LIMIT ?"
)
_OF_KIND = "SELECT jws FROM operations WHERE kind = ? ORDER BY no"
_ADD_RECORD = "INSERT INTO records (digest, data) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING"
_RECORD = "SELECT data FROM records WHERE digest = ?"
_ADD_VERDICT = (
    "INSERT INTO verdicts (operation, verdict, accounting_date, received_at, exceptions) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (operation) DO NOTHING"
)
_KNOWN_ACCOUNTS_MAX = 100_000


class ChainHead(NamedTuple):
    """Where a chain stands: its number in this file, the last `seq` (0 before the first) and that one's hash."""

    no: int
    seq: int
    hash: str | None


class Place(NamedTuple):
    """Where something was read in a feed; `no` is its number here, by which two lives of the centre may differ."""

    position: int
    no: int


class Stored(NamedTuple):
    """An operation as it lies in the file."""

    no: int
    chain: int
    seq: int
    jws: str

    @property
    def hash(self) -> str:
        """How the next on its chain names it."""
        return operation_hash(self.jws)


def codes_of(exceptions: str) -> list[str]:
    """The codes of findings as a verdict keeps them (JSON)."""
    return [found["code"] for found in json.loads(exceptions)]


def day_number(text: str) -> int:
    """A date as the file counts it, so that a posting's takes three bytes."""
    return date.fromisoformat(text).toordinal()


def booked_on(signed: Signed) -> str:
    """The booking date of an operation's entry: its business date, or the day of its clock where it has none."""
    return signed.operation.business_date or signed.operation.at[:10]


def balances_after(postings: Sequence[Posting], book: Book) -> list[int]:
    """What each posting's account holds after it, debit positive, from a book in which all of them are posted."""
    later: dict[BalanceKey, int] = {}
    balances: list[int] = []
    for branch, account, currency, amount in reversed(postings):
        key = (branch, account, currency)
        customers = deposit_id(account)
        if customers is None:
            held = book.balance(branch, account, currency)
        else:
            row = book.get(DepositAccount, customers)
            held = -row.posted if row is not None else 0
        balances.append(held - later.get(key, 0))
        later[key] = later.get(key, 0) + amount
    balances.reverse()
    return balances


def _id_bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("-", ""))


class OperationLog:
    """Writes and reads operations over the one cursor that writes. `forget` what a rolled-back transaction made."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self._accounts: dict[BalanceKey, int] = {}
        self._days: dict[str, int] = {}
        self._chains: dict[tuple[str, int], ChainHead] = {}

    def forget(self) -> None:
        """Drop what is remembered between operations."""
        self._accounts.clear()
        self._chains.clear()

    def append(self, chain: int, signed: Signed, postings: Sequence[Posting], book: Book) -> int:
        """Write an operation and its postings, which the book has in it already.

        Answers the operation's number, by which arrival is ordered.
        """
        operation, cursor = signed.operation, self._cursor
        values = (chain, operation.seq, _id_bytes(operation.id), operation.kind, signed.jws)
        cursor.execute(_ADD_OPERATION, values)
        no = int(cursor.lastrowid)
        if postings:
            day = self._day(booked_on(signed))
            balances = balances_after(postings, book)
            for line, (posting, balance) in enumerate(zip(postings, balances, strict=True)):
                account = self.account(posting.branch, posting.account, posting.currency)
                cursor.execute(_ADD_POSTING, (account, no, line, posting.amount, balance, day))
        return no

    def _day(self, text: str) -> int:
        number = self._days.get(text)
        if number is None:
            number = self._days[text] = day_number(text)
        return number

    def account(self, branch: str, account: str, currency: str) -> int:
        """The number of a ledger account in this file, given as it is first seen."""
        key = (branch, account, currency)
        no = self._accounts.get(key)
        if no is None:
            row = self._cursor.execute(_ACCOUNT, key).fetchone()
            no = int(row[0]) if row else int(self._cursor.execute(_ADD_ACCOUNT, key).lastrowid)
            if len(self._accounts) >= _KNOWN_ACCOUNTS_MAX:
                self._accounts.clear()
            self._accounts[key] = no
        return no

    def chain(self, device: str, epoch: int) -> ChainHead:
        """The head of a chain as last written by `move_chain`."""
        head = self._chains.get((device, epoch))
        if head is None:
            row = self._cursor.execute(_CHAIN, (device, epoch)).fetchone()
            head = ChainHead(*row) if row else self._new_chain(device, epoch)
            self._chains[device, epoch] = head
        return head

    def _new_chain(self, device: str, epoch: int) -> ChainHead:
        return ChainHead(int(self._cursor.execute(_ADD_CHAIN, (device, epoch)).lastrowid), 0, None)

    def move_chain(self, device: str, epoch: int, seq: int, operation_hash_: str | None) -> None:
        """Write a chain's head."""
        head = self.chain(device, epoch)
        self._cursor.execute(_MOVE_CHAIN, (seq, operation_hash_, head.no))
        self._chains[device, epoch] = ChainHead(head.no, seq, operation_hash_)

    def own_head(self, device: str, epoch: int, after_no: int) -> ChainHead:
        """The head of the own chain, which is not written with each operation: looked for behind `after_no`."""
        head = self.chain(device, epoch)
        row = self._cursor.execute(_LAST_OF_CHAIN, (head.no, after_no)).fetchone()
        if row is None or row[0] <= head.seq:
            return head
        return ChainHead(head.no, row[0], operation_hash(row[1]))

    def last_text(self, chain: int, after_no: int) -> str | None:
        """The signed text of a chain's last operation, looked for behind `after_no`."""
        row = self._cursor.execute(_LAST_OF_CHAIN, (chain, after_no)).fetchone()
        return str(row[1]) if row else None

    def stored(self, operation_id: str) -> Stored | None:
        """The operation of that id, if it is here."""
        row = self._cursor.execute(_STORED, (_id_bytes(operation_id),)).fetchone()
        return Stored(*row) if row else None

    def at_seq(self, chain: int, seq: int, *, after_no: int = 0) -> tuple[int, str] | None:
        """The number and hash of an operation by its place on a chain, looked for behind `after_no`."""
        row = self._cursor.execute(_NO_OF_SEQ, (chain, seq, after_no)).fetchone()
        return (row[0], operation_hash(row[1])) if row else None

    def after(self, chain: int, no: int, limit: int) -> list[tuple[int, int, str]]:
        """(number, seq, signed text) of a chain's operations that came after that number, oldest first."""
        return [tuple(row) for row in self._cursor.execute(_AFTER, (no, chain, limit)).fetchall()]

    def arrived(self, after_no: int, limit: int) -> list[tuple[int, str, int, int, str]]:
        """(number, device, epoch, seq, signed text) of operations of any chain behind that number, as they came."""
        return [tuple(row) for row in self._cursor.execute(_ARRIVED, (after_no, limit)).fetchall()]

    def place(self, feed: str, position: int, no: int) -> None:
        """Note where an operation was read in a feed; where it was read before is forgotten."""
        self._cursor.execute(_PLACE, (feed, no, position))

    def items(self, feed: str, after: Place, limit: int) -> list[tuple[Place, str]]:
        """(place, signed text) of what was read in a feed behind that place, in order."""
        rows = self._cursor.execute(_ITEMS, (feed, *after, limit)).fetchall()
        return [(Place(position, no), jws) for position, no, jws in rows]

    def of_kind(self, kind: str) -> list[str]:
        """The signed texts of a kind, as they came."""
        return [str(row[0]) for row in self._cursor.execute(_OF_KIND, (kind,)).fetchall()]

    def add_records(self, records: Mapping[str, bytes]) -> None:
        """Keep records by their digests; one that is here already stays."""
        for digest, data in records.items():
            self._cursor.execute(_ADD_RECORD, (digest, data))

    def record(self, digest: str) -> bytes | None:
        """The bytes of a record, if they are here."""
        row = self._cursor.execute(_RECORD, (digest,)).fetchone()
        return bytes(row[0]) if row else None

    def findings(self, no: int) -> list[str]:
        """The codes of what the first verdict that was kept of an operation found against it."""
        row = self._cursor.execute("SELECT exceptions FROM verdicts WHERE operation = ?", (no,)).fetchone()
        return codes_of(str(row[0])) if row else []

    def add_verdict(
        self, no: int, verdict: str, accounting_date: str | None, received_at: str, exceptions: str
    ) -> None:
        """Keep a verdict that says more than "applied on its own date"; the first one stays."""
        self._cursor.execute(_ADD_VERDICT, (no, verdict, accounting_date, received_at, exceptions))


def export_lines(cursor: Any, device: str, epoch: int) -> Iterator[str]:
    """The signed text of every operation of a chain, in order."""
    cursor.execute(
        "SELECT o.jws FROM operations AS o JOIN chains AS c ON c.no = o.chain "
        "WHERE c.device = ? AND c.epoch = ? ORDER BY o.seq",
        (device, epoch),
    )
    for (jws,) in cursor:
        yield jws
