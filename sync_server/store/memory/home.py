"""One transaction in memory: does what PostgreSQL does for the centre's logic, over dicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import nlargest
from typing import TypeVar, cast

from core.book import Book, Row
from core.book.rows import DeviceEpoch, IbanBlock, LedgerBalance, Session
from core.operations import rules
from core.operations.bank import centre_chain
from core.sync.messages import Verdict
from sync_server.ingest.settle import Settled
from sync_server.store.home import LOCKED, CentreBook, IdentifierTaken, MetOthers
from sync_server.store.memory.enrolments import MemoryEnrolments
from sync_server.store.memory.incarnations import MemoryIncarnations
from sync_server.store.memory.lookups import MemoryLookups
from sync_server.store.memory.overlay import Overlay
from sync_server.store.memory.payments import MemoryPayments
from sync_server.store.memory.tables import (
    CASE_DECISIONS,
    CASES,
    CHAINS,
    FEED_HASHES,
    FEED_HEADS,
    FEED_ITEMS,
    HEARD,
    NUMBERS,
    OPEN_CASES,
    OPERATIONS,
    PLACES,
    RECORDS,
    UNBOOKED,
    Kept,
    KeptUnbooked,
)
from sync_server.store.values import CaseRow, ChainName, ChainRow, FeedRow, Placed, Unbooked

R = TypeVar("R", bound=Row)
_NOT_ON = "a chain goes on, and never comes back once it has ended"


class MemoryStore:
    """The rows of the book as an open transaction sees them."""

    def __init__(self, overlay: Overlay, *, locking: bool) -> None:
        self._overlay = overlay
        self._locking = locking

    def load(self, table: type[Row], keys: list[tuple[object, ...]]) -> list[Row]:
        """The rows of those keys, locked in the order of the keys where several chains change them."""
        overlay = self._overlay
        here, mine = overlay.reading(table), overlay.changed.get(table, {})
        if self._locking and table in LOCKED:
            for key in keys:
                if key in here:
                    overlay.lock(table, key)
        found = (mine.get(key) or here.get(key) for key in keys)
        return [row for row in found if row is not None]

    def operation(self, identifier: str) -> str | None:
        """The signed text of an operation that is kept."""
        number = self._overlay.get(NUMBERS, identifier)
        kept = self._overlay.get(OPERATIONS, number) if number is not None else None
        return kept.jws if kept is not None else None


class MemoryHome:
    """An open transaction over tables in memory."""

    def __init__(self, overlay: Overlay, next_number: Callable[[], int]) -> None:
        self._overlay = overlay
        self._next_number = next_number

    @property
    def enrolments(self) -> MemoryEnrolments:
        """Devices on their way to being trusted."""
        return MemoryEnrolments(self._overlay)

    @property
    def payments(self) -> MemoryPayments:
        """Money on its way out, and what came in from partners."""
        return MemoryPayments(self._overlay)

    @property
    def incarnations(self) -> MemoryIncarnations:
        """The lives of this database."""
        return MemoryIncarnations(self._overlay)

    @property
    def lookups(self) -> MemoryLookups:
        """Reads across rows, for the jobs."""
        return MemoryLookups(self._overlay)

    def chain(self, chain: ChainName) -> ChainRow | None:
        """How the chain stands, not locked."""
        return self._overlay.get(CHAINS, chain)

    def lock_chain(self, chain: ChainName) -> ChainRow | None:
        """How the chain stands, its head locked; None if there is none."""
        if self._overlay.get(CHAINS, chain) is not None:
            self._overlay.lock(CHAINS, chain)
        return self._overlay.get(CHAINS, chain)

    def lock_chains(self, devices: Iterable[str]) -> None:
        """Lock every chain of these devices, in the order of device and epoch."""
        named = set(devices)
        for chain in sorted(chain for chain, _ in self._overlay.items(CHAINS) if chain[0] in named):
            self._overlay.lock(CHAINS, chain)

    def begin_chain(self, chain: ChainName) -> ChainRow:
        """How the chain stands, its head locked; a living one with nothing on it where there was none."""
        self._overlay.statement("chains")
        self._overlay.lock(CHAINS, chain)
        row = self._overlay.get(CHAINS, chain)
        if row is None:
            row = ChainRow(0, None, "living")
            self._overlay.put(CHAINS, chain, row)
        return row

    def move_chain(self, chain: ChainName, seq: int, hash_: str | None) -> None:
        """Write the last operation that the centre has of a chain."""
        self._overlay.statement("chains")
        self._overlay.lock(CHAINS, chain)
        row = self._overlay.get(CHAINS, chain)
        if row is None:
            return
        if seq < row.seq or (seq == row.seq and hash_ != row.hash):
            raise RuntimeError(_NOT_ON)
        self._overlay.put(CHAINS, chain, row._replace(seq=seq, hash=hash_))

    def end_chain(self, chain: ChainName) -> None:
        """Quarantine a chain: it takes nothing more, for ever."""
        self._overlay.statement("chains")
        self._overlay.lock(CHAINS, chain)
        row = self._overlay.get(CHAINS, chain)
        if row is not None:
            self._overlay.put(CHAINS, chain, row._replace(state="quarantined"))

    def key_of(self, chain: ChainName, kid: str) -> str | None:
        """The public key (base64url) of that name that the chain's device has, or that a session on it opened."""
        book = Book(MemoryStore(self._overlay, locking=False))
        device, session = book.get(DeviceEpoch, *chain), book.get(Session, kid)
        if device is not None and device.kid == kid:
            return device.public_key
        if session is not None and (session.device, session.epoch) == chain:
            return session.public_key
        return None

    def note_heard(self, chain: ChainName, at: str) -> None:
        """Write down that a device epoch was heard then: at once, whatever becomes of the transaction."""
        heard = self._overlay.reading(HEARD)
        heard[chain] = max(heard.get(chain, ""), at)

    def book(self, *, locking: bool = True) -> CentreBook:
        """A working set over the rows; what is loaded is locked where several chains change it."""
        return CentreBook(MemoryStore(self._overlay, locking=locking))

    def write_rows(self, book: CentreBook) -> None:
        """Write every row that the book has changed. Raises `MetOthers` if one that was absent has come meanwhile."""
        overlay, absent = self._overlay, book.absent
        for table in sorted(book.changes, key=lambda table: table.TABLE):
            overlay.statement(table.TABLE)
            changed, here = book.changes[table], overlay.reading(table)
            for key in sorted(changed):
                overlay.lock(table, key)
                if key in here and (table, key) in absent:
                    raise MetOthers(f"a row of {table.TABLE} has come meanwhile")
            overlay.writing(table).update(changed)

    def write_balances(self, book: CentreBook) -> None:
        """Add the book's differences to the accounts of the books, under the lock of their branches' feeds."""
        overlay = self._overlay
        overlay.statement("ledger_balances")
        here, mine = overlay.reading(LedgerBalance), overlay.writing(LedgerBalance)
        for key, difference in sorted(book.differences.items()):
            if difference:
                overlay.lock(LedgerBalance, key)
                row = mine.get(key) or here.get(key)
                mine[key] = LedgerBalance(*key, (row.balance if row else 0) + difference)

    def keep_operations(self, settled: Sequence[Settled]) -> Sequence[int]:
        """Keep operations with their verdicts and postings; the number of each. Raises `IdentifierTaken`."""
        self._overlay.statement("operations")
        return [self._keep(item) for item in settled]

    def _keep(self, item: Settled) -> int:
        overlay, operation = self._overlay, item.decoded.operation
        place = (operation.device, operation.epoch, operation.seq)
        overlay.lock(NUMBERS, operation.id)
        if overlay.get(NUMBERS, operation.id) is not None:
            raise IdentifierTaken(operation.id)
        overlay.lock(PLACES, place)
        if overlay.get(PLACES, place) is not None:
            raise MetOthers("an operation of this chain has come meanwhile")
        number = self._next_number()
        named, signed = rules.records_named(item.decoded), item.decoded.signed
        kept = Kept(operation.id, place, operation.kind, signed.jws, named, tuple(item.decoded.postings), item.verdict)
        overlay.put(OPERATIONS, number, kept)
        overlay.put(NUMBERS, operation.id, number)
        overlay.put(PLACES, place, number)
        return number

    def verdicts(self, chain: ChainName, first: int, last: int) -> list[Verdict]:
        """The verdicts given to that range of a chain, both ends included, in order."""
        return [kept.verdict for kept in self._range(chain, first, last)]

    def _range(self, chain: ChainName, first: int, last: int) -> Iterable[Kept]:
        numbers = (self._overlay.get(PLACES, (*chain, seq)) for seq in range(first, last + 1))
        found = (self._overlay.get(OPERATIONS, number) for number in numbers if number is not None)
        return (kept for kept in found if kept is not None)

    def hashes_of(self, ids: Sequence[str]) -> dict[str, str]:
        """Which of these operation ids are taken, and by the operation of which hash."""
        numbers = (self._overlay.get(NUMBERS, identifier) for identifier in ids)
        found = (self._overlay.get(OPERATIONS, number) for number in numbers if number is not None)
        return {kept.id: kept.verdict.hash for kept in found if kept is not None}

    def keep_unbooked(self, chain: ChainName, operations: Sequence[Unbooked], received_at: str) -> None:
        """Keep operations of a chain as bytes; those that are kept already stay as they are."""
        self._overlay.statement("quarantined_operations")
        for operation in operations:
            key = (*chain, operation.hash)
            self._overlay.lock(UNBOOKED, key)
            if self._overlay.get(UNBOOKED, key) is None:
                self._overlay.put(UNBOOKED, key, KeptUnbooked(operation, received_at))

    def unbooked_since(self, chain: ChainName, hashes: Sequence[str]) -> dict[str, str]:
        """When those of them that are kept unbooked were received, by hash."""
        found = {hash_: self._overlay.get(UNBOOKED, (*chain, hash_)) for hash_ in hashes}
        return {hash_: kept.received_at for hash_, kept in found.items() if kept is not None}

    def keep_records(self, records: Mapping[str, bytes]) -> None:
        """Keep records under their digests; those that are kept already stay as they are."""
        if records:
            self._overlay.statement("records")
        for digest, data in records.items():
            self._overlay.lock(RECORDS, digest)
            if self._overlay.get(RECORDS, digest) is None:
                self._overlay.put(RECORDS, digest, data)

    def records(self, digests: Sequence[str]) -> dict[str, bytes]:
        """Those of the records that are here, by digest."""
        found = {digest: self._overlay.get(RECORDS, digest) for digest in digests}
        return {digest: data for digest, data in found.items() if data is not None}

    def records_missing(self, digests: Iterable[str]) -> set[str]:
        """Those of the digests under which nothing is kept."""
        return {digest for digest in digests if self._overlay.get(RECORDS, digest) is None}

    def open_cases(self, cases: Sequence[CaseRow]) -> None:
        """Open them, in their order."""
        if cases:
            self._overlay.statement("cases")
        for case in cases:
            number = self._next_number()
            self._overlay.put(CASES, number, case)
            self._overlay.put(OPEN_CASES, number, case)

    def open_case_once(self, case: CaseRow) -> None:
        """Open it unless one with that operation, code and detail is open."""
        named = (case.operation_id, case.code, case.detail)
        opened = (other for _, other in self._overlay.items(OPEN_CASES))
        if all((other.operation_id, other.code, other.detail) != named for other in opened):
            self.open_cases([case])

    def open_case_codes(self, chain: ChainName) -> set[str]:
        """The codes of the open cases about a chain's operations."""
        return {case.code for _, case in self._overlay.items(OPEN_CASES) if (case.device, case.epoch) == chain}

    def open_case(self, number: int) -> CaseRow | None:
        """The open case of that number, locked."""
        self._overlay.lock(OPEN_CASES, number)
        return self._overlay.get(OPEN_CASES, number)

    def closed_case(self, number: int) -> CaseRow | None:
        """The closed case of that number, locked."""
        self._overlay.lock(OPEN_CASES, number)
        return self._overlay.get(CASES, number) if self._overlay.get(OPEN_CASES, number) is None else None

    def close_case(self, number: int, decided_by: str) -> bool:
        """A person has looked, as that operation says; False if no open case has that number."""
        self._overlay.statement("cases")
        if self.open_case(number) is None:
            return False
        self._overlay.remove(OPEN_CASES, number)
        self._overlay.put(CASE_DECISIONS, number, decided_by)
        return True

    def reopen_case(self, number: int, decided_by: str) -> bool:
        """A person has to look once more, as that operation says; False if no closed case has that number."""
        self._overlay.statement("cases")
        case = self.closed_case(number)
        if case is None:
            return False
        self._overlay.put(OPEN_CASES, number, case)
        self._overlay.put(CASE_DECISIONS, number, decided_by)
        return True

    def lock_feeds(self, feeds: Iterable[str]) -> None:
        """Lock the heads of these feeds, in the order of their names."""
        for feed in sorted(feeds):
            if self._overlay.get(FEED_HEADS, feed) is not None:
                self._overlay.lock(FEED_HEADS, feed)

    def advance_feed(self, feed: str, count: int) -> int:
        """Move a feed's head on by that many positions, and lock it; the position that it has reached."""
        self._overlay.statement("feed_heads")
        self._overlay.lock(FEED_HEADS, feed)
        head = self.feed_head(feed) + count
        self._overlay.put(FEED_HEADS, feed, head)
        return head

    def enter_feeds(self, placed: Sequence[Placed]) -> None:
        """Put operations at positions that `advance_feed` has given."""
        self._overlay.statement("feed_items")
        for feed, position, number in placed:
            self._overlay.put(FEED_ITEMS, (feed, position), number)

    def feed_head(self, feed: str) -> int:
        """The position that a feed has reached; 0 before its first operation."""
        return self._overlay.get(FEED_HEADS, feed) or 0

    def feed_hash(self, feed: str) -> str:
        """The running hash at a feed's head; empty before its first operation."""
        return self._overlay.get(FEED_HASHES, feed) or ""

    def feed_end(self, feed: str) -> tuple[int, str]:
        """A feed's head and its running hash there, seen at one moment."""
        return self.feed_head(feed), self.feed_hash(feed)

    def put_feed_hashes(self, hashes: Mapping[str, str]) -> None:
        """Write the running hashes at the heads of feeds that this transaction has advanced."""
        self._overlay.statement("feed_heads")
        for feed, hash_ in hashes.items():
            self._overlay.put(FEED_HASHES, feed, hash_)

    def feed_marks(self) -> list[tuple[str, int, str]]:
        """Every feed with its head and its running hash there, by name; seen at one moment."""
        feeds = sorted(feed for feed, _head in self._overlay.items(FEED_HEADS))
        return [(feed, self.feed_head(feed), self.feed_hash(feed)) for feed in feeds]

    def newest_of_kind(self, kind: str, limit: int) -> list[str]:
        """The signed texts of the newest operations of that kind on the centre's bank-wide chain, the newest first."""
        found = (
            kept
            for _, kept in self._overlay.items(OPERATIONS)
            if kept.kind == kind and kept.place[0] == centre_chain(None)
        )
        return [kept.jws for kept in nlargest(limit, found, key=lambda kept: kept.place)]

    def feed_rows(self, feed: str, after: int, limit: int) -> list[FeedRow]:
        """Up to `limit` operations after a position, in order."""
        rows: list[FeedRow] = []
        for position in range(after + 1, after + limit + 1):
            number = self._overlay.get(FEED_ITEMS, (feed, position))
            kept = self._overlay.get(OPERATIONS, number) if number is not None else None
            if kept is None:
                break
            rows.append(FeedRow(position, kept.jws, kept.records, kept.verdict))
        return rows

    def last_epoch(self, device: str) -> int:
        """The device's newest epoch that was ever trusted; 0 if none was."""
        return max((row.epoch for row in self._all(DeviceEpoch) if row.device == device), default=0)

    def living_epochs(self, device: str) -> list[int]:
        """The device's epochs that are not revoked, in order."""
        return sorted(row.epoch for row in self._all(DeviceEpoch) if (row.device, row.state) == (device, "living"))

    def last_account_number(self) -> int | None:
        """The greatest account number that was ever leased."""
        return max((row.last for row in self._all(IbanBlock)), default=None)

    def account_numbers(self, chain: ChainName) -> tuple[int, int]:
        """How many account numbers a device epoch was leased, and how many accounts it has opened."""
        leased = sum(row.last - row.first + 1 for row in self._all(IbanBlock) if (row.device, row.epoch) == chain)
        head = self.chain(chain)
        kept = self._range(chain, 1, head.seq if head is not None else 0)
        return leased, sum(1 for each in kept if each.kind == "account.opened")

    def _all(self, table: type[R]) -> Iterable[R]:
        here, mine = self._overlay.reading(table), self._overlay.changed.get(table, {})
        return cast("Iterable[R]", ({**here, **mine} if mine else here).values())
