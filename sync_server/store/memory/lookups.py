"""What the centre's jobs look for across rows, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar, cast

from core.book import Row
from core.book.rows import (
    Branch,
    DepositAccount,
    DeviceEpoch,
    LateAnswer,
    LentFile,
    ProfileValue,
    Request,
    Right,
    Session,
    Transfer,
)
from core.operations.requests import CLOSURE
from core.operations.rights import payable_by
from sync_server.store.lookups import Bucket, LateOperation
from sync_server.store.memory.overlay import Overlay
from sync_server.store.memory.tables import BUCKETS, UNBOOKED
from sync_server.store.values import ChainName

R = TypeVar("R", bound=Row)


class MemoryLookups:
    """Reads inside an open transaction."""

    def __init__(self, overlay: Overlay) -> None:
        self._overlay = overlay

    def _all(self, table: type[R]) -> Iterable[R]:
        here, mine = self._overlay.reading(table), self._overlay.changed.get(table, {})
        return cast("Iterable[R]", ({**here, **mine} if mine else here).values())

    def _device(self, device: str, epoch: int) -> DeviceEpoch | None:
        key = (device, epoch)
        row = self._overlay.changed.get(DeviceEpoch, {}).get(key) or self._overlay.reading(DeviceEpoch).get(key)
        return cast("DeviceEpoch | None", row)

    def _is_living(self, right: Right) -> bool:
        device = self._device(right.device, right.epoch)
        return device is not None and device.state == "living"

    def holders(self, account: str) -> Sequence[Right]:
        """The rights of living device epochs that may still pay something out of the account, most first."""
        holding = (
            right
            for right in self._all(Right)
            if right.account == account and not right.released and payable_by(right) > 0 and self._is_living(right)
        )
        return sorted(holding, key=lambda right: (-payable_by(right), right.device, right.epoch))

    def _counted(self, chain: ChainName) -> list[Right]:
        return [right for right in self._all(Right) if (right.device, right.epoch) == chain and not right.released]

    def rights_of(self, chain: ChainName, limit: int) -> Sequence[Right]:
        """Up to `limit` rights of that device epoch that are not released, by account."""
        return sorted(self._counted(chain), key=lambda right: right.account)[:limit]

    def exposure(self, chain: ChainName) -> int:
        """The sum of what that device epoch may have paid out without having said so, in minor units."""
        return sum(max(0, payable_by(right)) for right in self._counted(chain))

    def allowance_held(self, chain: ChainName, most: int) -> tuple[int, int]:
        """What that device epoch may pay out, `most` minor units counted of each account, and of how many accounts."""
        held = [min(most, payable_by(right)) for right in self._counted(chain) if payable_by(right) > 0]
        return sum(held), len(held)

    def waiting_requests(self, limit: int) -> Sequence[Request]:
        """Requests that wait, oldest first."""
        waiting = (request for request in self._all(Request) if request.state == "waiting")
        return sorted(waiting, key=lambda request: request.id)[:limit]

    def waiting_on(self, account: str) -> int:
        """How many requests other than to close it wait on the account, and transfers from it that have no answer."""
        requests = sum(
            1
            for request in self._all(Request)
            if (request.account, request.state) == (account, "waiting") and request.kind != CLOSURE
        )
        return requests + sum(1 for sent in self._all(Transfer) if (sent.account, sent.state) == (account, "sent"))

    def limits_in_motion(self, limit: int) -> Sequence[DepositAccount]:
        """Open accounts whose overdraft limit is above where it is going."""
        moving = (
            account
            for account in self._all(DepositAccount)
            if account.state == "open" and account.limit_target < account.overdraft_limit
        )
        return sorted(moving, key=lambda account: account.id)[:limit]

    def written_off(self, limit: int) -> Sequence[DeviceEpoch]:
        """Written-off device epochs whose rights are not all released yet."""
        devices = (device for device in self._all(DeviceEpoch) if device.state == "written_off")
        left = (device for device in devices if self._counted((device.device, device.epoch)))
        return sorted(left, key=lambda device: (device.device, device.epoch))[:limit]

    def branches(self) -> Sequence[str]:
        """The codes of all branches, in order."""
        return sorted(branch.code for branch in self._all(Branch))

    def devices_of(self, branch: str) -> Sequence[DeviceEpoch]:
        """The living device epochs of a branch."""
        return [device for device in self.epochs_of(branch) if device.state == "living"]

    def epochs_of(self, branch: str) -> Sequence[DeviceEpoch]:
        """Every device epoch that a branch has had, by device and epoch."""
        here = (row for row in self._all(DeviceEpoch) if row.branch == branch and row.purpose != "centre")
        return sorted(here, key=lambda device: (device.device, device.epoch))

    def _open_loans(self) -> Iterable[LentFile]:
        open_ = (loan for loan in self._all(LentFile) if loan.ended_by is None)
        return sorted(open_, key=lambda loan: (loan.account, loan.device, loan.epoch))

    def loans_of(self, account: str) -> Sequence[LentFile]:
        """The loans of an account that nobody has ended, by device and epoch."""
        return [loan for loan in self._open_loans() if loan.account == account]

    def loans_to_end(self, now: str, limit: int) -> Sequence[LentFile]:
        """Loans that nobody has ended though their time is up, their device is, or the account is not in order."""
        return [loan for loan in self._open_loans() if loan.until < now or not self._is_in_order(loan)][:limit]

    def _is_in_order(self, loan: LentFile) -> bool:
        device = self._device(loan.device, loan.epoch)
        account = next((row for row in self._all(DepositAccount) if row.id == loan.account), None)
        if account is None or device is None:
            return True
        lendable = account.state == "open" and not account.closings and not account.freezes
        return lendable and device.state == "living"

    def open_sessions(self, chain: ChainName) -> Sequence[Session]:
        """The sessions on a device's chain that are not closed, in the order of their opening."""
        here = (row for row in self._all(Session) if (row.device, row.epoch) == chain and row.closed_seq is None)
        return sorted(here, key=lambda session: session.opened_seq)

    def values_of(self, customer: str) -> Sequence[ProfileValue]:
        """Every value that a customer's fields were given; within a field the one that counts comes last."""
        here = (row for row in self._all(ProfileValue) if row.customer == customer)
        return sorted(here, key=lambda value: (value.field, value.stamp, value.operation))

    def late(self, chain: ChainName) -> Sequence[LateOperation]:
        """What is kept of a chain as bytes, in order."""
        answers = {row.hash: row for row in self._all(LateAnswer)}
        kept = (
            (each.operation, answers.get(hash_))
            for (device, epoch, hash_), each in self._overlay.items(UNBOOKED)
            if (device, epoch) == chain
        )
        late = (
            LateOperation(
                each.seq,
                each.hash,
                each.reason,
                each.jws,
                answer.answered_by if answer is not None else None,
                answer is not None and answer.booked,
            )
            for each, answer in kept
        )
        return sorted(late, key=lambda each: (each.seq, each.hash))

    def lock_bucket(self, chain: ChainName) -> Bucket | None:
        """The device epoch's bucket of grants, locked; None if it has none yet."""
        self._overlay.lock(BUCKETS, chain)
        return self._overlay.get(BUCKETS, chain)

    def put_bucket(self, chain: ChainName, bucket: Bucket) -> None:
        """Keep the bucket."""
        self._overlay.statement("grant_buckets")
        self._overlay.put(BUCKETS, chain, bucket)
