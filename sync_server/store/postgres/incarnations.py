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
from sync_server.store.values import ChainName

_LOCK = 0x636F756E
"""The advisory lock that transactions share which write in an incarnation, and that its successor takes alone."""

_DEVICE = ", ".join(f"d.{column.name}" for column in columns_of(DeviceEpoch))
_AWAITED = (
    f"SELECT {_DEVICE} FROM devices d WHERE d.purpose <> 'centre' AND d.state = 'living' "  # noqa: S608 - our columns
    "AND (%(branch)s::text IS NULL OR d.branch = %(branch)s OR EXISTS (SELECT 1 FROM lent_files l "
    "WHERE l.device = d.device AND l.epoch = d.epoch AND l.branch = %(branch)s)) "
    "AND NOT EXISTS (SELECT 1 FROM incarnation_reports r "
    "WHERE r.device = d.device AND r.epoch = d.epoch AND r.incarnation = %(number)s) ORDER BY d.device, d.epoch"
).encode()
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
        self._connection.execute(b"INSERT INTO incarnations VALUES (%s, %s, %s)", (number, begun_at, numbers_from))
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
        self._connection.execute(
            b"INSERT INTO incarnation_reports AS old (device, epoch, incarnation) VALUES (%s, %s, %s) "
            b"ON CONFLICT (device, epoch) DO UPDATE SET incarnation = greatest(old.incarnation, excluded.incarnation)",
            (*chain, self.number()),
        )

    def has_reported(self, chain: ChainName) -> bool:
        """Whether it has, in this incarnation."""
        row = self._connection.execute(
            b"SELECT 1 FROM incarnation_reports WHERE device = %s AND epoch = %s AND incarnation = %s",
            (*chain, self.number()),
        ).fetchone()
        return row is not None

    def awaited(self, branch: str | None) -> Sequence[DeviceEpoch]:
        """The living device epochs of a branch (None: of the bank) that have not, by device and epoch."""
        if self.number() == 1:
            return ()
        rows = self._connection.execute(_AWAITED, {"branch": branch, "number": self.number()})
        return [DeviceEpoch(*row) for row in rows]

    def chain_ends(self, branch: str) -> Sequence[ChainEnd]:
        """Where each chain that has an operation stands: of the branch's devices, the branch, and the bank-wide one."""
        return [ChainEnd(*row) for row in self._connection.execute(_ENDS, (branch, centre_chain(None)))]
