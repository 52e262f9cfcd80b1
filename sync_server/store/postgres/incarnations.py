"""The lives of the centre's database, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.book.columns import columns_of
from core.book.rows import DeviceEpoch
from core.operations.bank import centre_chain
from core.sync.messages import ChainEnd
from sync_server.database import Connection
from sync_server.restored import incarnation_begins
from sync_server.store.incarnations import Given, Purpose
from sync_server.store.values import ChainName

_LOCK = 0x636F756E
"""The advisory lock that transactions share which write in an incarnation, and that its successor takes alone."""

_DEVICE = ", ".join(f"d.{column.name}" for column in columns_of(DeviceEpoch))
_UNACCOUNTED = (
    f"SELECT {_DEVICE} FROM devices d WHERE d.purpose <> 'centre' AND d.state <> 'written_off' "  # noqa: S608 - ours
    "AND (%(branch)s::text IS NULL OR d.branch = %(branch)s OR EXISTS (SELECT 1 FROM lent_files l "
    "WHERE l.device = d.device AND l.epoch = d.epoch AND l.branch = %(branch)s)) "
    "AND NOT EXISTS (SELECT 1 FROM incarnation_reports r "
    "WHERE r.device = d.device AND r.epoch = d.epoch AND r.incarnation = %(number)s AND NOT r.given_up) "
    "ORDER BY d.device, d.epoch"
).encode()
_REPORT = (
    b"INSERT INTO incarnation_reports AS old (device, epoch, incarnation) VALUES (%s, %s, %s) "
    b"ON CONFLICT (device, epoch) DO UPDATE SET incarnation = excluded.incarnation, given_up = false "
    b"WHERE old.incarnation < excluded.incarnation"
)
_GIVE_UP = (
    b"INSERT INTO incarnation_reports (device, epoch, incarnation, given_up) VALUES (%s, %s, %s, true) "
    b"ON CONFLICT (device, epoch) DO UPDATE SET incarnation = excluded.incarnation, given_up = true"
)
_GIVEN_UP = b"SELECT device, epoch FROM incarnation_reports WHERE incarnation = %s AND given_up ORDER BY device, epoch"
_ENDED_REPORT = (
    b"INSERT INTO incarnation_reports AS old (device, epoch, incarnation) "
    b"SELECT d.device, d.epoch, %(number)s FROM devices d WHERE d.purpose <> 'centre' AND d.state <> 'living' "
    b"AND (%(before)s = 1 OR d.state = 'written_off' OR EXISTS (SELECT 1 FROM incarnation_reports r "
    b"WHERE r.device = d.device AND r.epoch = d.epoch AND r.incarnation = %(before)s AND NOT r.given_up)) "
    b"ON CONFLICT (device, epoch) DO UPDATE SET incarnation = excluded.incarnation, given_up = false"
)
_KEEP_GIVEN = (
    b"INSERT INTO given_back (feed, purpose, position, hash, jws) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
_GIVEN = (
    b"SELECT feed, purpose, position, hash, jws FROM given_back WHERE feed = %s AND purpose = %s "
    b"ORDER BY position, hash LIMIT %s"
)
_HAS_GIVEN = (
    b"SELECT EXISTS (SELECT 1 FROM given_back WHERE purpose <> 'left' "
    b"AND (%(branch)s::text IS NULL OR feed = %(branch)s))"
)
_ENDS = (
    b"SELECT c.device, c.epoch, c.seq, c.hash FROM chains c LEFT JOIN devices d "
    b"ON d.device = c.device AND d.epoch = c.epoch "
    b"WHERE c.seq > 0 AND (d.branch = %s OR c.device = %s) ORDER BY c.device, c.epoch"
)


class PostgresIncarnations:
    """Inside an open transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._number: int | None = None
        self._held = False

    def number(self) -> int:
        """The incarnation that this transaction is in."""
        if self._number is None:
            row = self._connection.execute(b"SELECT max(number) FROM incarnations", prepare=True).fetchone()
            self._number = int(row[0]) if row else 1
        return self._number

    def hold(self) -> int:
        """The same; and none begins until this transaction has ended."""
        if not self._held:
            self._connection.execute(b"SELECT pg_advisory_xact_lock_shared(%s)", (_LOCK,), prepare=True)
            self._held, self._number = True, None
        return self.number()

    def begin(self, number: int, begun_at: str, numbers_from: int) -> None:
        """Be in that incarnation from here on, once every other transaction that holds the last one has ended."""
        self._connection.execute(b"SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        self._number = None
        before = self.number()
        self._connection.execute(b"INSERT INTO incarnations VALUES (%s, %s, %s)", (number, begun_at, numbers_from))
        self._connection.execute(_ENDED_REPORT, {"number": number, "before": before})
        incarnation_begins(self._connection)
        self._held, self._number = True, None

    def numbers_from(self) -> int:
        """The first account number that may be leased in this incarnation."""
        return int(self._row()[1])

    def begun_at(self) -> str:
        """When the incarnation began; empty for the first."""
        return str(self._row()[0])

    def _row(self) -> tuple[Any, ...]:
        row = self._connection.execute(
            b"SELECT begun_at, numbers_from FROM incarnations WHERE number = %s", (self.number(),)
        ).fetchone()
        if row is None:
            raise AssertionError("the first incarnation is there from the beginning")
        return row

    def report(self, chain: ChainName) -> None:
        """The device epoch has said all that it knows to this incarnation, or was enrolled in it."""
        self._connection.execute(_REPORT, (*chain, self.number()))

    def has_reported(self, chain: ChainName) -> bool:
        """Whether it has, in this incarnation."""
        row = self._connection.execute(
            b"SELECT 1 FROM incarnation_reports WHERE device = %s AND epoch = %s AND incarnation = %s AND NOT given_up",
            (*chain, self.number()),
        ).fetchone()
        return row is not None

    def give_up(self, chain: ChainName) -> None:
        """Nobody waits for the device epoch any more, and it reports no more: it is to be revoked."""
        self._connection.execute(_GIVE_UP, (*chain, self.number()))

    def given_up(self) -> Sequence[ChainName]:
        """Whom `give_up` was said of in this incarnation."""
        return [(str(row[0]), int(row[1])) for row in self._connection.execute(_GIVEN_UP, (self.number(),))]

    def awaited(self, branch: str | None) -> Sequence[DeviceEpoch]:
        """The living device epochs of a branch (None: of the bank) that have not, by device and epoch."""
        unaccounted = self.unaccounted(branch)
        given_up = set(self.given_up()) if unaccounted else set()
        return [row for row in unaccounted if row.state == "living" and (row.device, row.epoch) not in given_up]

    def unaccounted(self, branch: str | None) -> Sequence[DeviceEpoch]:
        """As `awaited`, with those that were revoked before they reported."""
        if self.number() == 1:
            return ()
        rows = self._connection.execute(_UNACCOUNTED, {"branch": branch, "number": self.number()})
        return [DeviceEpoch(*row) for row in rows]

    def keep_given(self, given: Sequence[Given]) -> None:
        """Keep what was given back; what is kept already stays as it is."""
        with self._connection.cursor() as cursor:
            cursor.executemany(_KEEP_GIVEN, given)

    def given(self, feed: str, purpose: Purpose, limit: int) -> Sequence[Given]:
        """The first that are kept, by position."""
        return [Given(*row) for row in self._connection.execute(_GIVEN, (feed, purpose, limit))]

    def given_feeds(self) -> Sequence[str]:
        """The feeds that something is kept for, by name."""
        rows = self._connection.execute(b"SELECT DISTINCT feed FROM given_back")
        return sorted(str(row[0]) for row in rows)

    def remove_given(self, given: Sequence[Given]) -> None:
        """They have been dealt with."""
        with self._connection.cursor() as cursor:
            cursor.executemany(
                b"DELETE FROM given_back WHERE feed = %s AND purpose = %s AND hash = %s",
                [(one.feed, one.purpose, one.hash) for one in given],
            )

    def has_given(self, branch: str | None) -> bool:
        """Whether something is kept for a branch's feed (None: for any) that its devices may wait for."""
        row = self._connection.execute(_HAS_GIVEN, {"branch": branch}).fetchone()
        return bool(row and row[0])

    def chain_ends(self, branch: str) -> Sequence[ChainEnd]:
        """Where each chain that has an operation stands: of the branch's devices, the branch, and the bank-wide one."""
        return [ChainEnd(*row) for row in self._connection.execute(_ENDS, (branch, centre_chain(None)))]
