"""What the centre's jobs look for across rows, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from core.book import Row
from core.book.columns import columns_of
from core.book.rows import DepositAccount, DeviceEpoch, LentFile, ProfileValue, Request, Right, Session
from sync_server.database import Connection
from sync_server.store.lookups import Bucket, LateOperation
from sync_server.store.values import ChainName

R = TypeVar("R", bound=Row)
_PAYABLE = "r.granted + r.minted - r.used - r.returned"
_HOLDERS = (
    "JOIN devices d ON d.device = r.device AND d.epoch = r.epoch WHERE r.account = %s AND d.state = 'living' "
    f"AND NOT r.released AND {_PAYABLE} > 0 ORDER BY {_PAYABLE} DESC, r.device, r.epoch"
)
_WRITTEN_OFF = (
    "WHERE r.state = 'written_off' AND EXISTS (SELECT 1 FROM rights g "
    "WHERE g.device = r.device AND g.epoch = r.epoch AND NOT g.released) ORDER BY r.device, r.epoch LIMIT %s"
)
_WAITING_ON = (
    b"SELECT (SELECT count(*) FROM requests WHERE account = %s AND state = 'waiting' "
    b"AND kind <> 'account.closure_requested') + (SELECT count(*) FROM transfers WHERE account = %s AND state = 'sent')"
)
_TO_END = (
    "JOIN deposit_accounts a ON a.id = r.account JOIN devices d ON d.device = r.device AND d.epoch = r.epoch "
    "WHERE r.ended_by IS NULL AND (r.until < %s OR a.state <> 'open' OR a.closings > 0 OR a.freezes > 0 "
    "OR d.state <> 'living') ORDER BY r.account, r.device, r.epoch LIMIT %s"
)
_LATE = (
    b"SELECT q.seq, q.hash, q.reason, q.jws, a.answered_by, coalesce(a.booked, false) FROM quarantined_operations q "
    b"LEFT JOIN late_answers a ON a.hash = q.hash WHERE q.device = %s AND q.epoch = %s ORDER BY q.seq, q.hash"
)


class PostgresLookups:
    """Reads inside an open transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _rows(self, table: type[R], rest: str, values: Sequence[object]) -> list[R]:
        names = ", ".join(f"r.{column.name}" for column in columns_of(table))
        statement = f"SELECT {names} FROM {table.TABLE} r {rest}"
        return [table(*row) for row in self._connection.execute(statement.encode(), values)]

    def holders(self, account: str) -> Sequence[Right]:
        """The rights of living device epochs that may still pay something out of the account, most first."""
        return self._rows(Right, _HOLDERS, (account,))

    def rights_of(self, chain: ChainName, limit: int) -> Sequence[Right]:
        """Up to `limit` rights of that device epoch that are not released, by account."""
        return self._rows(
            Right,
            "WHERE r.device = %s AND r.epoch = %s AND NOT r.released ORDER BY r.account LIMIT %s",
            (*chain, limit),
        )

    def exposure(self, chain: ChainName) -> int:
        """The sum of what that device epoch may have paid out without having said so, in minor units."""
        row = self._connection.execute(
            b"SELECT coalesce(sum(greatest(0, granted + minted - used - returned)), 0) FROM rights "
            b"WHERE device = %s AND epoch = %s AND NOT released",
            chain,
        ).fetchone()
        return int(row[0]) if row else 0

    def allowance_held(self, chain: ChainName, most: int) -> tuple[int, int]:
        """What that device epoch may pay out, `most` minor units counted of each account, and of how many accounts."""
        row = self._connection.execute(
            b"SELECT coalesce(sum(least(%s::bigint, granted + minted - used - returned)), 0), count(*) FROM rights "
            b"WHERE device = %s AND epoch = %s AND NOT released AND granted + minted - used - returned > 0",
            (most, *chain),
        ).fetchone()
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def waiting_requests(self, limit: int) -> Sequence[Request]:
        """Requests that wait, oldest first."""
        return self._rows(Request, "WHERE r.state = 'waiting' ORDER BY r.id LIMIT %s", (limit,))

    def waiting_on(self, account: str) -> int:
        """How many requests other than to close it wait on the account, and transfers from it that have no answer."""
        row = self._connection.execute(_WAITING_ON, (account, account)).fetchone()
        return int(row[0]) if row else 0

    def limits_in_motion(self, limit: int) -> Sequence[DepositAccount]:
        """Open accounts whose overdraft limit is above where it is going."""
        rest = "WHERE r.state = 'open' AND r.limit_target < r.overdraft_limit ORDER BY r.id LIMIT %s"
        return self._rows(DepositAccount, rest, (limit,))

    def written_off(self, limit: int) -> Sequence[DeviceEpoch]:
        """Written-off device epochs whose rights are not all released yet."""
        return self._rows(DeviceEpoch, _WRITTEN_OFF, (limit,))

    def branches(self) -> Sequence[str]:
        """The codes of all branches, in order."""
        return [code for (code,) in self._connection.execute(b"SELECT code FROM branches ORDER BY code")]

    def devices_of(self, branch: str) -> Sequence[DeviceEpoch]:
        """The living device epochs of a branch."""
        rest = "WHERE r.branch = %s AND r.purpose <> 'centre' AND r.state = 'living' ORDER BY r.device, r.epoch"
        return self._rows(DeviceEpoch, rest, (branch,))

    def epochs_of(self, branch: str) -> Sequence[DeviceEpoch]:
        """Every device epoch that a branch has had, by device and epoch."""
        rest = "WHERE r.branch = %s AND r.purpose <> 'centre' ORDER BY r.device, r.epoch"
        return self._rows(DeviceEpoch, rest, (branch,))

    def loans_of(self, account: str) -> Sequence[LentFile]:
        """The loans of an account that nobody has ended, by device and epoch."""
        rest = "WHERE r.account = %s AND r.ended_by IS NULL ORDER BY r.device, r.epoch"
        return self._rows(LentFile, rest, (account,))

    def loans_to_end(self, now: str, limit: int) -> Sequence[LentFile]:
        """Loans that nobody has ended though their time is up, their device is, or the account is not in order."""
        return self._rows(LentFile, _TO_END, (now, limit))

    def open_sessions(self, chain: ChainName) -> Sequence[Session]:
        """The sessions on a device's chain that are not closed, in the order of their opening."""
        rest = "WHERE r.device = %s AND r.epoch = %s AND r.closed_seq IS NULL ORDER BY r.opened_seq"
        return self._rows(Session, rest, chain)

    def values_of(self, customer: str) -> Sequence[ProfileValue]:
        """Every value that a customer's fields were given; within a field the one that counts comes last."""
        rest = 'WHERE r.customer = %s ORDER BY r.field, r.stamp COLLATE "C", r.operation COLLATE "C"'
        return self._rows(ProfileValue, rest, (customer,))

    def late(self, chain: ChainName) -> Sequence[LateOperation]:
        """What is kept of a chain as bytes, in order."""
        return [LateOperation(*row) for row in self._connection.execute(_LATE, chain)]

    def lock_bucket(self, chain: ChainName) -> Bucket | None:
        """The device epoch's bucket of grants, locked; None if it has none yet."""
        row = self._connection.execute(
            b"SELECT tokens, filled_ms FROM grant_buckets WHERE device = %s AND epoch = %s FOR UPDATE", chain
        ).fetchone()
        return Bucket(*row) if row else None

    def put_bucket(self, chain: ChainName, bucket: Bucket) -> None:
        """Keep the bucket."""
        self._connection.execute(
            b"INSERT INTO grant_buckets (device, epoch, tokens, filled_ms) VALUES (%s, %s, %s, %s) "
            b"ON CONFLICT (device, epoch) DO UPDATE SET tokens = excluded.tokens, filled_ms = excluded.filled_ms",
            (*chain, bucket.tokens, bucket.filled_ms),
        )
