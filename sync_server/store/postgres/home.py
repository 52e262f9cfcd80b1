"""One transaction in PostgreSQL: statements that take many rows at once, prepared where they come often."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from psycopg.errors import UniqueViolation

from core.operations import rules
from core.operations.bank import centre_chain
from core.sync.messages import Exceptional, Verdict
from sync_server.database import Connection
from sync_server.ingest.settle import Settled
from sync_server.store.home import CentreBook, IdentifierTaken, MetOthers
from sync_server.store.postgres.enrolments import PostgresEnrolments
from sync_server.store.postgres.incarnations import PostgresIncarnations
from sync_server.store.postgres.lookups import PostgresLookups
from sync_server.store.postgres.payments import PostgresPayments
from sync_server.store.postgres.statements import (
    ACCOUNT_NUMBERS,
    ADVANCE_FEED,
    BEGIN_CHAIN,
    CASE,
    CASE_ONCE,
    CASES,
    DECIDE_CASE,
    FEED_ITEMS,
    FEED_ROWS,
    KEEP_UNBOOKED,
    KEY_OF,
    NEWEST_OF_KIND,
    NOTE_HEARD,
    OPERATIONS,
    POSTINGS,
    PUT_FEED_HASHES,
    RECORDS,
    VERDICTS,
)
from sync_server.store.rows import PostgresStore, write_balances, write_rows
from sync_server.store.values import CaseRow, ChainName, ChainRow, FeedRow, Placed, Unbooked

_encode = msgspec.json.Encoder().encode
_decode_exceptions = msgspec.json.Decoder(tuple[Exceptional, ...]).decode
_ID_CONSTRAINT = "operations_id_key"


class PostgresHome:
    """An open transaction of a connection that somebody else has begun and will end."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        """For what is read or kept at this home only: people's credentials, exports, reports."""
        self._advanced: dict[str, str] = {}
        self.enrolments = PostgresEnrolments(connection)
        self.payments = PostgresPayments(connection)
        self.lookups = PostgresLookups(connection)
        self.incarnations = PostgresIncarnations(connection)

    def chain(self, chain: ChainName) -> ChainRow | None:
        """How the chain stands, not locked."""
        return self._chain(b"SELECT seq, hash, state FROM chains WHERE device = %s AND epoch = %s", chain)

    def lock_chain(self, chain: ChainName) -> ChainRow | None:
        """How the chain stands, its head locked; None if there is none."""
        return self._chain(b"SELECT seq, hash, state FROM chains WHERE device = %s AND epoch = %s FOR UPDATE", chain)

    def _chain(self, statement: bytes, chain: ChainName) -> ChainRow | None:
        row = self.connection.execute(statement, chain, prepare=True).fetchone()
        return ChainRow(*row) if row is not None else None

    def lock_chains(self, devices: Iterable[str]) -> None:
        """Lock every chain of these devices, in the order of device and epoch."""
        self.connection.execute(
            b"SELECT 1 FROM chains WHERE device = ANY(%s) ORDER BY device, epoch FOR UPDATE", (sorted(devices),)
        )

    def begin_chain(self, chain: ChainName) -> ChainRow:
        """How the chain stands, its head locked; a living one with nothing on it where there was none."""
        return ChainRow(*_only(self.connection.execute(BEGIN_CHAIN, chain, prepare=True).fetchone()))

    def move_chain(self, chain: ChainName, seq: int, hash_: str | None) -> None:
        """Write the last operation that the centre has of a chain."""
        self.connection.execute(
            b"UPDATE chains SET seq = %s, hash = %s WHERE device = %s AND epoch = %s",
            (seq, hash_, *chain),
            prepare=True,
        )

    def end_chain(self, chain: ChainName) -> None:
        """Quarantine a chain: it takes nothing more, for ever."""
        self.connection.execute(b"UPDATE chains SET state = 'quarantined' WHERE device = %s AND epoch = %s", chain)

    def key_of(self, chain: ChainName, kid: str) -> str | None:
        """The public key (base64url) of that name that the chain's device has, or that a session on it opened."""
        row = self.connection.execute(KEY_OF, (*chain, kid, *chain, kid)).fetchone()
        return str(row[0]) if row is not None else None

    def note_heard(self, chain: ChainName, at: str) -> None:
        """Write down that a device epoch was heard then."""
        self.connection.execute(NOTE_HEARD, (*chain, at), prepare=True)

    def book(self, *, locking: bool = True) -> CentreBook:
        """A working set over the rows; what is loaded is locked where several chains change it."""
        return CentreBook(PostgresStore(self.connection, locking=locking))

    def write_rows(self, book: CentreBook) -> None:
        """Write every row that the book has changed. Raises `MetOthers` if one that was absent has come meanwhile."""
        write_rows(self.connection, book, book.absent)

    def write_balances(self, book: CentreBook) -> None:
        """Add the book's differences to the accounts of the books, under the lock of their branches' feeds."""
        write_balances(self.connection, book.differences.items())

    def keep_operations(self, settled: Sequence[Settled]) -> Sequence[int]:
        """Keep operations with their verdicts and postings; the number of each. Raises `IdentifierTaken`."""
        rows = self.connection.execute(
            b"SELECT nextval('operation_numbers') FROM generate_series(1, %s)", (len(settled),), prepare=True
        )
        numbers = [int(number) for (number,) in rows]
        try:
            self._copy_operations(numbers, settled)
        except UniqueViolation as violation:
            if violation.diag.constraint_name == _ID_CONSTRAINT:
                raise IdentifierTaken from violation
            raise MetOthers("an operation of this chain has come meanwhile") from violation
        self._copy_postings(numbers, settled)
        return numbers

    def _copy_operations(self, numbers: Sequence[int], settled: Sequence[Settled]) -> None:
        with self.connection.cursor().copy(OPERATIONS) as copy:
            for number, item in zip(numbers, settled, strict=True):
                operation, verdict = item.decoded.operation, item.verdict
                named = rules.records_named(item.decoded)
                copy.write_row(
                    (
                        number,
                        operation.id,
                        operation.device,
                        operation.epoch,
                        operation.seq,
                        verdict.hash,
                        operation.kind,
                        operation.business_date,
                        verdict.accounting_date,
                        verdict.received_at,
                        verdict.verdict,
                        _encode(verdict.exceptions).decode() if verdict.exceptions else None,
                        verdict.stamp,
                        list(named) or None,
                        item.decoded.signed.jws,
                    )
                )

    def _copy_postings(self, numbers: Sequence[int], settled: Sequence[Settled]) -> None:
        if not any(item.decoded.postings for item in settled):
            return
        with self.connection.cursor().copy(POSTINGS) as copy:
            for number, item in zip(numbers, settled, strict=True):
                for line, posting in enumerate(item.decoded.postings):
                    copy.write_row((number, line, *posting))

    def verdicts(self, chain: ChainName, first: int, last: int) -> list[Verdict]:
        """The verdicts given to that range of a chain, both ends included, in order."""
        return [stored_verdict(*row) for row in self.connection.execute(VERDICTS, (*chain, first, last))]

    def hashes_of(self, ids: Sequence[str]) -> dict[str, str]:
        """Which of these operation ids are taken, and by the operation of which hash."""
        return dict(
            self.connection.execute(
                b"SELECT id::text, hash FROM operations WHERE id = ANY(%s::uuid[])", (list(ids),)
            ).fetchall()
        )

    def keep_unbooked(self, chain: ChainName, operations: Sequence[Unbooked], received_at: str) -> None:
        """Keep operations of a chain as bytes; those that are kept already stay as they are."""
        columns = [list(column) for column in zip(*operations, strict=True)]
        if columns:
            self.connection.execute(KEEP_UNBOOKED, (*chain, received_at, *columns))

    def unbooked_since(self, chain: ChainName, hashes: Sequence[str]) -> dict[str, str]:
        """When those of them that are kept unbooked were received, by hash."""
        return dict(
            self.connection.execute(
                b"SELECT hash, received_at FROM quarantined_operations "
                b"WHERE device = %s AND epoch = %s AND hash = ANY(%s)",
                (*chain, list(hashes)),
            ).fetchall()
        )

    def keep_records(self, records: Mapping[str, bytes]) -> None:
        """Keep records under their digests; those that are kept already stay as they are."""
        if records:
            self.connection.execute(RECORDS, (list(records), list(records.values())))

    def records(self, digests: Sequence[str]) -> dict[str, bytes]:
        """Those of the records that are here, by digest."""
        if not digests:
            return {}
        rows = self.connection.execute(b"SELECT digest, data FROM records WHERE digest = ANY(%s)", (list(digests),))
        return {digest: bytes(data) for digest, data in rows}

    def records_missing(self, digests: Iterable[str]) -> set[str]:
        """Those of the digests under which nothing is kept."""
        asked = sorted(digests)
        if not asked:
            return set()
        rows = self.connection.execute(b"SELECT digest FROM records WHERE digest = ANY(%s)", (asked,))
        return set(asked) - {digest for (digest,) in rows}

    def open_cases(self, cases: Sequence[CaseRow]) -> None:
        """Open them in one statement, in their order."""
        if cases:
            self.connection.execute(CASES, [list(column) for column in zip(*cases, strict=True)])

    def open_case_once(self, case: CaseRow) -> None:
        """Open it unless one with that operation, code and detail is open."""
        self.connection.execute(CASE_ONCE, case)

    def open_case_codes(self, chain: ChainName) -> set[str]:
        """The codes of the open cases about a chain's operations."""
        rows = self.connection.execute(
            b"SELECT DISTINCT code FROM cases WHERE device = %s AND epoch = %s AND state = 'open'", chain
        )
        return {code for (code,) in rows}

    def open_case(self, number: int) -> CaseRow | None:
        """The open case of that number, locked."""
        return self._case(number, "open")

    def closed_case(self, number: int) -> CaseRow | None:
        """The closed case of that number, locked."""
        return self._case(number, "closed")

    def _case(self, number: int, state: str) -> CaseRow | None:
        row = self.connection.execute(CASE, (number, state)).fetchone()
        return CaseRow(*row) if row is not None else None

    def close_case(self, number: int, decided_by: str) -> bool:
        """A person has looked, as that operation says; False if no open case has that number."""
        return self.connection.execute(DECIDE_CASE, ("closed", decided_by, number, "open")).rowcount == 1

    def reopen_case(self, number: int, decided_by: str) -> bool:
        """A person has to look once more, as that operation says; False if no closed case has that number."""
        return self.connection.execute(DECIDE_CASE, ("open", decided_by, number, "closed")).rowcount == 1

    def lock_feeds(self, feeds: Iterable[str]) -> None:
        """Lock the heads of these feeds, in the order of their names."""
        self.connection.execute(
            b"SELECT 1 FROM feed_heads WHERE feed = ANY(%s) ORDER BY feed FOR UPDATE", (sorted(feeds),)
        )

    def advance_feed(self, feed: str, count: int) -> int:
        """Move a feed's head on by that many positions, and lock it; the position that it has reached."""
        row = _only(self.connection.execute(ADVANCE_FEED, (feed, count), prepare=True).fetchone())
        self._advanced[feed] = str(row[1])
        return int(row[0])

    def feed_hash(self, feed: str) -> str:
        """The running hash at a feed's head; empty before its first operation."""
        if feed not in self._advanced:
            row = self.connection.execute(
                b"SELECT hash FROM feed_heads WHERE feed = %s", (feed,), prepare=True
            ).fetchone()
            return str(row[0]) if row else ""
        return self._advanced[feed]

    def feed_end(self, feed: str) -> tuple[int, str]:
        """A feed's head and its running hash there, seen at one moment."""
        row = self.connection.execute(
            b"SELECT position, hash FROM feed_heads WHERE feed = %s", (feed,), prepare=True
        ).fetchone()
        return (int(row[0]), str(row[1])) if row else (0, "")

    def put_feed_hashes(self, hashes: Mapping[str, str]) -> None:
        """Write the running hashes at the heads of feeds that this transaction has advanced."""
        self.connection.execute(PUT_FEED_HASHES, (list(hashes), list(hashes.values())), prepare=True)
        self._advanced.update(hashes)

    def feed_marks(self) -> list[tuple[str, int, str]]:
        """Every feed with its head and its running hash there, by name; seen at one moment."""
        rows = self.connection.execute(b"SELECT feed, position, hash FROM feed_heads ORDER BY feed").fetchall()
        return sorted((feed, position, hash_) for feed, position, hash_ in rows)

    def newest_of_kind(self, kind: str, limit: int) -> list[str]:
        """The signed texts of the newest operations of that kind on the centre's bank-wide chain, the newest first."""
        rows = self.connection.execute(NEWEST_OF_KIND, (centre_chain(None), kind, limit))
        return [str(jws) for (jws,) in rows]

    def enter_feeds(self, placed: Sequence[Placed]) -> None:
        """Put operations at positions that `advance_feed` has given."""
        with self.connection.cursor().copy(FEED_ITEMS) as copy:
            for row in placed:
                copy.write_row(row)

    def feed_head(self, feed: str) -> int:
        """The position that a feed has reached; 0 before its first operation."""
        row = self.connection.execute(
            b"SELECT position FROM feed_heads WHERE feed = %s", (feed,), prepare=True
        ).fetchone()
        return int(row[0]) if row else 0

    def feed_rows(self, feed: str, after: int, limit: int) -> list[FeedRow]:
        """Up to `limit` operations after a position, in order."""
        rows = self.connection.execute(FEED_ROWS, (feed, after, limit), prepare=True)
        return [FeedRow(row[0], row[1], tuple(row[2] or ()), stored_verdict(*row[3:])) for row in rows]

    def last_epoch(self, device: str) -> int:
        """The device's newest epoch that was ever trusted; 0 if none was."""
        found = self.connection.execute(b"SELECT coalesce(max(epoch), 0) FROM devices WHERE device = %s", (device,))
        return int(_only(found.fetchone())[0])

    def living_epochs(self, device: str) -> list[int]:
        """The device's epochs that are not revoked, in order."""
        rows = self.connection.execute(
            b"SELECT epoch FROM devices WHERE device = %s AND state = 'living' ORDER BY epoch", (device,)
        )
        return [epoch for (epoch,) in rows]

    def last_account_number(self) -> int | None:
        """The greatest account number that was ever leased."""
        last = _only(self.connection.execute(b"SELECT max(last) FROM iban_blocks").fetchone())[0]
        return int(last) if last is not None else None

    def account_numbers(self, chain: ChainName) -> tuple[int, int]:
        """How many account numbers a device epoch was leased, and how many accounts it has opened."""
        leased, opened = _only(self.connection.execute(ACCOUNT_NUMBERS, (*chain, *chain)).fetchone())
        return int(leased), int(opened)


def stored_verdict(
    seq: int,
    hash_: str,
    verdict: Any,
    accounting_date: str | None,
    received_at: str,
    exceptions: str | None,
    stamp: str | None,
) -> Verdict:
    """A verdict as the operations' table keeps it."""
    found = _decode_exceptions(exceptions) if exceptions else ()
    return Verdict(seq, hash_, verdict, accounting_date, received_at, found, stamp)


def _only(row: tuple[Any, ...] | None) -> tuple[Any, ...]:
    if row is None:
        raise AssertionError("this statement always gives a row")
    return row
