"""What the centre's logic asks of its home: one open transaction, in the words of the trade.

A home only stores. Order, verdicts, cases and retries are decided in `ingest`, `centre` and `payments`, once for every
home: PostgreSQL (`sync_server.store.postgres`) and memory (`sync_server.store.memory`).

Every home behaves as PostgreSQL does at READ COMMITTED: a read sees what was committed before it and what its own
transaction wrote; what is locked or written stays locked for the others until the transaction ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from core.book import Book, BookStore, Key, Row
from core.book.rows import (
    Customer,
    Day,
    DepositAccount,
    DeviceEpoch,
    DrawerCode,
    Freeze,
    Hold,
    Lease,
    PersonKeys,
    Request,
    Session,
    Spending,
    Staff,
    StaffKey,
    Transfer,
)
from core.sync.messages import Verdict
from sync_server.ingest.settle import Settled
from sync_server.store.incarnations import Incarnations
from sync_server.store.lookups import Lookups
from sync_server.store.values import (
    CaseRow,
    ChainName,
    ChainRow,
    DuePayment,
    Enrolment,
    FeedRow,
    HeldPayment,
    InboundPayment,
    NewPayment,
    PaymentState,
    PaymentStep,
    Placed,
    Unbooked,
)

LOCKED: frozenset[type[Row]] = frozenset(
    {DepositAccount, Customer, Freeze, Hold, DrawerCode, PersonKeys, Request, Transfer}
)
"""Rows that operations of several chains change. Rights need no lock of their own: their account's row is locked."""


class MetOthers(Exception):
    """Somebody else was at the same rows: nothing of this transaction is done, and it may be tried again."""


class IdentifierTaken(Exception):
    """An operation's id stands for another operation already."""


class CentreBook(Book):
    """A book at the centre, which remembers which rows were not there when it looked.

    No lock keeps a row away that does not exist yet: if one of those has come meanwhile, what was worked out does not
    hold, and has to be done again.
    """

    # No account's lock guards them: an account that many pay into is held for so much less time.
    READ_FIRST = frozenset({Day, DeviceEpoch, Lease, Session, Spending, Staff, StaffKey})

    def __init__(self, store: BookStore) -> None:
        super().__init__(store)
        self.absent: set[Key] = set()
        """What was asked for and was not there."""

    def _load(self, table: type[Row], keys: list[tuple[object, ...]]) -> None:
        super()._load(table, keys)
        here = self._rows[table]
        self.absent.update((table, key) for key in keys if here[key] is None)

    def written(self) -> None:
        """As in every book; what was not there is there now."""
        super().written()
        self.absent.clear()


class Enrolments(Protocol):
    """Devices on their way to being trusted."""

    def invite(self, enrolment: Enrolment) -> None:
        """Keep an invitation in place of any for that device epoch that nobody has trusted."""
        ...

    def lock(self, code_digest: str) -> Enrolment | None:
        """The invitation with that code, locked."""
        ...

    def show_key(self, code_digest: str, public_key: str, fingerprint: str) -> bool:
        """Keep the key shown under an invitation, which waits from here on; False if it came under another code."""
        ...

    def find(self, fingerprint: str) -> Enrolment | None:
        """The enrolment whose key has that thumbprint."""
        ...

    def waiting(self) -> Sequence[Enrolment]:
        """Those that wait to be trusted, by device."""
        ...

    def lock_waiting(self, device: str) -> Enrolment | None:
        """That device's enrolment that waits to be trusted, locked."""
        ...

    def trust(self, device: str, epoch: int) -> None:
        """Write that it is trusted, which stays."""
        ...


class Payments(Protocol):
    """Money on its way out, and what came in from partners."""

    def queue(self, payments: Sequence[NewPayment]) -> None:
        """Keep transfers as payments."""
        ...

    def claim(self, now_ms: int, until_ms: int) -> DuePayment | None:
        """Claim the payment that is due longest and that nobody else holds, until that time."""
        ...

    def lock(self, payment: DuePayment) -> PaymentState | None:
        """The payment's state, its row locked; None once it is claimed by another."""
        ...

    def update(self, payment: DuePayment, step: PaymentStep) -> bool:
        """Write what became of it; False if it is claimed by another by now, or its state is final."""
        ...

    def held(self) -> Sequence[HeldPayment]:
        """Those that wait for a person, by transfer."""
        ...

    def release(self, transfer_id: str) -> bool:
        """Make a held payment due; False if there is none of that id."""
        ...

    def doubt_all(self, at: str) -> None:
        """Make every payment to a partner that may have gone further than is known `unknown`; nobody holds a claim."""
        ...

    def conclude(self, transfer_id: str, state: PaymentState, reason: str | None, at: str) -> None:
        """Write what is known of a payment's end, if it is here and has none."""
        ...

    def note_received(self, transfer_id: str) -> None:
        """Keep that the other branch has credited the transfer."""
        ...

    def was_received(self, transfer_id: str) -> bool:
        """Whether `note_received` was said of it."""
        ...

    def take_inbound(self, partner: str, end_to_end_id: str, content_digest: str) -> InboundPayment | None:
        """Keep that a partner has sent it in, not answered yet; what is kept under that id if it is not the first."""
        ...

    def answer_inbound(self, partner: str, end_to_end_id: str, answer: str) -> None:
        """Keep the answer (JSON) that its partner gets, each time it asks."""
        ...


class Home(Protocol):
    """One open transaction at the centre. What is written is seen by others once it has ended well, or never."""

    @property
    def enrolments(self) -> Enrolments:
        """Devices on their way to being trusted."""
        ...

    @property
    def payments(self) -> Payments:
        """Money on its way out, and what came in from partners."""
        ...

    @property
    def lookups(self) -> Lookups:
        """Reads across rows, for the jobs."""
        ...

    @property
    def incarnations(self) -> Incarnations:
        """The lives of this database."""
        ...

    # Chains, in the order of locks: devices' first, the centre's own after the rows of the book.

    def chain(self, chain: ChainName) -> ChainRow | None:
        """How the chain stands, not locked."""
        ...

    def lock_chain(self, chain: ChainName) -> ChainRow | None:
        """How the chain stands, its head locked; None if there is none."""
        ...

    def lock_chains(self, devices: Iterable[str]) -> None:
        """Lock every chain of these devices, in the order of device and epoch."""
        ...

    def begin_chain(self, chain: ChainName) -> ChainRow:
        """How the chain stands, its head locked; a living one with nothing on it where there was none."""
        ...

    def move_chain(self, chain: ChainName, seq: int, hash_: str | None) -> None:
        """Write the last operation that the centre has of a chain."""
        ...

    def end_chain(self, chain: ChainName) -> None:
        """Quarantine a chain: it takes nothing more, for ever."""
        ...

    def key_of(self, chain: ChainName, kid: str) -> str | None:
        """The public key (base64url) of that name that the chain's device has, or that a session on it opened."""
        ...

    def note_heard(self, chain: ChainName, at: str) -> None:
        """Write down that a device epoch was heard then. Nothing is decided by it; people read it."""
        ...

    # Rows of the book.

    def book(self, *, locking: bool = True) -> CentreBook:
        """A working set over the rows; what is loaded is locked where several chains change it (`LOCKED`)."""
        ...

    def write_rows(self, book: CentreBook) -> None:
        """Write every row that the book has changed. Raises `MetOthers` if one that was absent has come meanwhile."""
        ...

    def write_balances(self, book: CentreBook) -> None:
        """Add the book's differences to the accounts of the books. Call it under the lock of their branches' feeds."""
        ...

    # Operations and what goes with them.

    def keep_operations(self, settled: Sequence[Settled]) -> Sequence[int]:
        """Keep operations with their verdicts and postings, in order; the ascending number that each is given.

        Raises `IdentifierTaken`.
        """
        ...

    def verdicts(self, chain: ChainName, first: int, last: int) -> list[Verdict]:
        """The verdicts given to that range of a chain, both ends included, in order."""
        ...

    def hashes_of(self, ids: Sequence[str]) -> dict[str, str]:
        """Which of these operation ids are taken, and by the operation of which hash."""
        ...

    def keep_unbooked(self, chain: ChainName, operations: Sequence[Unbooked], received_at: str) -> None:
        """Keep operations of a chain as bytes; those that are kept already stay as they are."""
        ...

    def unbooked_since(self, chain: ChainName, hashes: Sequence[str]) -> dict[str, str]:
        """When those of them that are kept unbooked were received, by hash."""
        ...

    def keep_records(self, records: Mapping[str, bytes]) -> None:
        """Keep records under their digests; those that are kept already stay as they are."""
        ...

    def records(self, digests: Sequence[str]) -> dict[str, bytes]:
        """Those of the records that are here, by digest."""
        ...

    def records_missing(self, digests: Iterable[str]) -> set[str]:
        """Those of the digests under which nothing is kept."""
        ...

    # Cases.

    def open_cases(self, cases: Sequence[CaseRow]) -> None:
        """Open them, in their order."""
        ...

    def open_case_once(self, case: CaseRow) -> None:
        """Open it unless one with that operation, code and detail is open."""
        ...

    def open_case_codes(self, chain: ChainName) -> set[str]:
        """The codes of the open cases about a chain's operations."""
        ...

    def open_case(self, number: int) -> CaseRow | None:
        """The open case of that number, locked."""
        ...

    def closed_case(self, number: int) -> CaseRow | None:
        """The closed case of that number, locked."""
        ...

    def close_case(self, number: int, decided_by: str) -> bool:
        """A person has looked, as that operation says; False if no open case has that number."""
        ...

    def reopen_case(self, number: int, decided_by: str) -> bool:
        """A person has to look once more, as that operation says; False if no closed case has that number."""
        ...

    # Feeds.

    def lock_feeds(self, feeds: Iterable[str]) -> None:
        """Lock the heads of these feeds, in the order of their names."""
        ...

    def advance_feed(self, feed: str, count: int) -> int:
        """Move a feed's head on by that many positions, and lock it; the position that it has reached."""
        ...

    def enter_feeds(self, placed: Sequence[Placed]) -> None:
        """Put operations at positions that `advance_feed` has given."""
        ...

    def feed_head(self, feed: str) -> int:
        """The position that a feed has reached; 0 before its first operation."""
        ...

    def feed_hash(self, feed: str) -> str:
        """The running hash at a feed's head (`core.operations.checkpoints`); empty before its first operation."""
        ...

    def feed_end(self, feed: str) -> tuple[int, str]:
        """A feed's head and its running hash there, seen at one moment."""
        ...

    def put_feed_hashes(self, hashes: Mapping[str, str]) -> None:
        """Write the running hashes at the heads of feeds that this transaction has advanced."""
        ...

    def feed_marks(self) -> list[tuple[str, int, str]]:
        """Every feed with its head and its running hash there, by name; seen at one moment."""
        ...

    def newest_of_kind(self, kind: str, limit: int) -> list[str]:
        """The signed texts of the newest operations of that kind on the centre's bank-wide chain, the newest first."""
        ...

    def feed_rows(self, feed: str, after: int, limit: int) -> list[FeedRow]:
        """Up to `limit` operations after a position, in order."""
        ...

    # What enrolling and revoking devices asks.

    def last_epoch(self, device: str) -> int:
        """The device's newest epoch that was ever trusted; 0 if none was."""
        ...

    def living_epochs(self, device: str) -> list[int]:
        """The device's epochs that are not revoked, in order."""
        ...

    def last_account_number(self) -> int | None:
        """The greatest account number that was ever leased."""
        ...

    def account_numbers(self, chain: ChainName) -> tuple[int, int]:
        """How many account numbers a device epoch was leased, and how many accounts it has opened."""
        ...


class Database(Protocol):
    """Where transactions begin."""

    def transaction(self) -> AbstractContextManager[Home]:
        """One transaction: committed if the block ends well, undone if anything is raised. Raises `MetOthers`."""
        ...
