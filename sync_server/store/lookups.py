"""What the centre's jobs look for across rows that no operation names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from core.book.rows import DepositAccount, DeviceEpoch, LentFile, ProfileValue, Request, Right, Session
from sync_server.store.values import ChainName


class LateOperation(msgspec.Struct, frozen=True):
    """An operation that is kept as bytes, `reason` says why.

    `answered_by` is the centre's operation that has booked or refused it since, `booked` which of the two.
    """

    seq: int
    hash: str
    reason: str
    jws: str
    answered_by: str | None
    booked: bool


class Bucket(msgspec.Struct, frozen=True):
    """How many grants a device epoch may still ask for, as it was at `filled_ms` (milliseconds since 1970)."""

    tokens: int
    filled_ms: int


class Lookups(Protocol):
    """Reads across rows, and the buckets of grants. Nothing is locked unless it says so."""

    def holders(self, account: str) -> Sequence[Right]:
        """The rights of living device epochs that may still pay something out of the account, most first."""
        ...

    def rights_of(self, chain: ChainName, limit: int) -> Sequence[Right]:
        """Up to `limit` rights of that device epoch that are not released, by account."""
        ...

    def exposure(self, chain: ChainName) -> int:
        """The sum of what that device epoch may have paid out without having said so, in minor units."""
        ...

    def allowance_held(self, chain: ChainName, most: int) -> tuple[int, int]:
        """What that device epoch may pay out, `most` minor units counted of each account, and of how many accounts."""
        ...

    def waiting_requests(self, limit: int) -> Sequence[Request]:
        """Requests that wait, oldest first."""
        ...

    def waiting_on(self, account: str) -> int:
        """How many requests other than to close it wait on the account, and transfers from it that have no answer."""
        ...

    def limits_in_motion(self, limit: int) -> Sequence[DepositAccount]:
        """Open accounts whose overdraft limit is above where it is going."""
        ...

    def written_off(self, limit: int) -> Sequence[DeviceEpoch]:
        """Written-off device epochs whose rights are not all released yet."""
        ...

    def branches(self) -> Sequence[str]:
        """The codes of all branches, in order."""
        ...

    def devices_of(self, branch: str) -> Sequence[DeviceEpoch]:
        """The living device epochs of a branch."""
        ...

    def epochs_of(self, branch: str) -> Sequence[DeviceEpoch]:
        """Every device epoch that a branch has had, by device and epoch."""
        ...

    def loans_of(self, account: str) -> Sequence[LentFile]:
        """The loans of an account that nobody has ended, by device and epoch."""
        ...

    def loans_to_end(self, now: str, limit: int) -> Sequence[LentFile]:
        """Loans that nobody has ended though their time is up, their device is, or the account is not in order."""
        ...

    def open_sessions(self, chain: ChainName) -> Sequence[Session]:
        """The sessions on a device's chain that are not closed, in the order of their opening."""
        ...

    def values_of(self, customer: str) -> Sequence[ProfileValue]:
        """Every value that a customer's fields were given; within a field the one that counts comes last."""
        ...

    def late(self, chain: ChainName) -> Sequence[LateOperation]:
        """What is kept of a chain as bytes, in order."""
        ...

    def lock_bucket(self, chain: ChainName) -> Bucket | None:
        """The device epoch's bucket of grants, locked; None if it has none yet."""
        ...

    def put_bucket(self, chain: ChainName, bucket: Bucket) -> None:
        """Keep the bucket."""
        ...
