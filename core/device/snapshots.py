"""A new device's file from the centre's snapshot: held to its signature and to itself before any of it counts.

Entries are not taken from the centre: they are worked out anew from each operation as it was signed, and the links of
every chain and the balances of every account are held against them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.book.rows import Bank, DeviceEpoch, ProfileValue, Right, Row
from core.canonical import from_base64url
from core.device.feeds import BANK_FEED
from core.device.snapshot_hashes import SnapshotHashes
from core.device.values import DeviceIdentity
from core.envelope import Signed, read_operation
from core.errors import IntegrityFault
from core.ledger import deposit, deposit_id, imbalances
from core.operations import rules
from core.operations.kind import Decoded
from core.records import RECORD_BYTES_MAX, record_digest
from core.snapshot import (
    SNAPSHOT_VERSION,
    TABLES,
    RunningDigest,
    SnapshotEnd,
    SnapshotHead,
    SnapshotOperation,
    SnapshotRows,
    SnapshotStatement,
    decode_line,
    decode_rows,
    verify_end,
)
from core.store.filling import Filling
from core.store.making import new_file
from core.store.problems import BROKEN_RULE
from core.store.state import Head

Progress = Callable[[int, int], None]
"""Is told how many operations are here, of how many."""

_TOLD_EVERY = 500


@dataclass(frozen=True, slots=True)
class Known:
    """The least that a snapshot must reach: what an earlier life of this device had seen of the feeds."""

    bank_position: int = 0
    branch_position: int = 0
    incarnation: int = 0


def fill_from_snapshot(
    path: Path,
    key: bytes,
    identity: DeviceIdentity,
    lines: Iterable[bytes],
    *,
    known: Known | None = None,
    progress: Progress | None = None,
) -> None:
    """Make the device's file at `path`, encrypted under `key`, from the lines of a snapshot (without line feeds).

    Raises `IntegrityFault`: `snapshot_malformed`, `snapshot_signature` (not by the pinned key), `snapshot_incomplete`
    (it stops short of what it promises), `snapshot_differs` (from what was signed, from this device, or within
    itself) or `snapshot_older` (than `known`). Then, as when the lines break off, there is no file. Raises
    `StoreProblem` for what the disk does, and `store_exists` where there is a file already.
    """
    with new_file(path, key) as cursor:
        reader = _Reader(identity, Filling(cursor), known or Known(), progress)
        try:
            for line in lines:
                reader.take(line)
            reader.conclude()
        except BROKEN_RULE as problem:
            # Two rows of one key, say: nothing that an honest centre sends.
            raise IntegrityFault("snapshot_differs", str(problem)) from problem


class _Reader:
    """Takes the lines in their order."""

    def __init__(self, identity: DeviceIdentity, filling: Filling, known: Known, progress: Progress | None) -> None:
        self._identity, self._filling, self._known, self._progress = identity, filling, known, progress
        self._digest = RunningDigest()
        self._head: SnapshotHead | None = None
        self._statement: SnapshotStatement | None = None
        self._tables = list(TABLES)
        self._counts = dict.fromkeys(TABLES, 0)
        self._homes: dict[tuple[str, int], str | None] = {}
        self._in_both: dict[str, tuple[str, int]] = {}
        self._positions = {BANK_FEED: 0, identity.branch: 0}
        self._hashes = SnapshotHashes((BANK_FEED, identity.branch), 0)
        self._last_stamp: str | None = None
        self._ourselves = False
        self._bank_key: str | None = None

    def take(self, text: bytes) -> None:
        """The next line."""
        if self._statement is not None:
            raise IntegrityFault("snapshot_malformed", "lines after the end")
        line = decode_line(text)
        if isinstance(line, SnapshotEnd):
            self._end(line)
            return
        self._digest.add(text)
        if isinstance(line, SnapshotHead):
            self._begin(line)
        elif self._head is None:
            raise IntegrityFault("snapshot_malformed", "no head")
        elif isinstance(line, SnapshotRows):
            self._take_rows(line)
        else:
            self._take_operation(self._head, line)

    def _begin(self, head: SnapshotHead) -> None:
        if self._head is not None or head.v != SNAPSHOT_VERSION:
            raise IntegrityFault("snapshot_malformed", "head")
        identity, known = self._identity, self._known
        if (head.device, head.epoch, head.branch) != (identity.device, identity.epoch, identity.branch):
            raise IntegrityFault("snapshot_differs", f"for {head.device}/{head.epoch} at {head.branch}")
        reached = (head.bank_position, head.branch_position)
        wanted = (known.bank_position, known.branch_position)
        # A centre that was restored may have come less far; what it forgot is given back to it.
        is_behind = any(here < least for here, least in zip(reached, wanted, strict=True))
        if head.incarnation < known.incarnation or (head.incarnation == known.incarnation and is_behind):
            raise IntegrityFault("snapshot_older", "/".join(map(str, (*reached, head.incarnation))))
        self._head = head
        self._hashes = SnapshotHashes((BANK_FEED, head.branch), head.incarnation)

    # Rows

    def _take_rows(self, line: SnapshotRows) -> None:
        table, rows = decode_rows(line)
        if self._filling.operations or table.TABLE not in self._tables:
            raise IntegrityFault("snapshot_malformed", f"order of {table.TABLE}")
        del self._tables[: self._tables.index(table.TABLE)]
        self._counts[table.TABLE] += len(rows)
        self._note_rows(table, rows)
        self._filling.add_rows(table, rows)

    def _note_rows(self, table: type[Row], rows: list[tuple[Any, ...]]) -> None:
        own = (self._identity.device, self._identity.epoch)
        if table is DeviceEpoch:
            for device in (DeviceEpoch(*values) for values in rows):
                self._homes[device.device, device.epoch] = device.branch
                if (device.device, device.epoch) == own:
                    self._ourselves = (device.kid, device.state) == (self._identity.kid, "living")
        elif table is Bank:
            self._bank_key = Bank(*rows[0]).centre_key
        elif table is ProfileValue:
            newest = max(ProfileValue(*values).stamp for values in rows)
            self._last_stamp = max(newest, self._last_stamp or "")
        elif table is Right and any(own == (right.device, right.epoch) for right in (Right(*row) for row in rows)):
            raise IntegrityFault("snapshot_differs", "rights of a device that has none")

    # Operations

    def _take_operation(self, head: SnapshotHead, line: SnapshotOperation) -> None:
        self._move_on(head, line)
        decoded = _decoded(line.jws)
        signed, operation = decoded.signed, decoded.operation
        if (operation.device, operation.epoch) == (self._identity.device, self._identity.epoch):
            raise IntegrityFault("snapshot_differs", f"of this device: {operation.id}")
        self._hashes.read_on(line.feed, line.position, decoded)
        if line.feed == self._home(decoded):
            self._link(signed)
        known = self._in_both.pop(operation.id, None)
        if known is None:
            no = self._keep(decoded, line)
        else:
            no = known[1]
            if known[0] != signed.hash:
                raise IntegrityFault("snapshot_differs", f"id of another: {operation.id}")
        self._filling.place(line.feed, line.position, no)

    def _move_on(self, head: SnapshotHead, line: SnapshotOperation) -> None:
        """Every position of the bank-wide feed, then every one of the branch's."""
        here = self._positions.get(line.feed)
        if here is None or line.position != here + 1 or (line.feed == BANK_FEED and self._positions[head.branch]):
            raise IntegrityFault("snapshot_malformed", f"{line.feed}/{line.position}")
        self._positions[line.feed] = line.position
        done = sum(self._positions.values())
        if self._progress is not None and (done % _TOLD_EVERY == 0 or done == head.operations):
            self._progress(done, head.operations)

    def _home(self, decoded: Decoded[Any]) -> str:
        """The feed in which every operation of its chain stands: its branch's, or the bank-wide one."""
        operation = decoded.operation
        key = (operation.device, operation.epoch)
        if key not in self._homes:
            raise IntegrityFault("snapshot_differs", f"device unknown: {operation.device}/{operation.epoch}")
        return self._homes[key] or operation.branch or BANK_FEED

    def _link(self, signed: Signed) -> None:
        operation = signed.operation
        chain = self._filling.chain(operation.device, operation.epoch)
        if (operation.seq, operation.prev) != (chain.seq + 1, chain.hash):
            raise IntegrityFault("snapshot_differs", f"chain {operation.device}/{operation.epoch}/{operation.seq}")
        chain.seq, chain.hash = operation.seq, signed.hash

    def _keep(self, decoded: Decoded[Any], line: SnapshotOperation) -> int:
        """Its number in the file."""
        signed = decoded.signed
        if imbalances(decoded.postings):
            raise IntegrityFault("snapshot_differs", f"entry: {decoded.operation.id}")
        no = self._filling.add_operation(signed, decoded.postings)
        if line.feed == BANK_FEED and self._identity.branch in rules.branches_touched(decoded):
            self._in_both[decoded.operation.id] = (signed.hash, no)
        if line.records:
            self._filling.add_records(_records(line))
        verdict = line.verdict
        if verdict is not None:
            self._filling.add_verdict(
                no, verdict.verdict, verdict.accounting_date, verdict.received_at, verdict.exceptions
            )
        return no

    # The end

    def _end(self, line: SnapshotEnd) -> None:
        statement = verify_end(line, from_base64url(self._identity.centre_key))
        if statement.head != self._head or statement.digest != self._digest.value():
            raise IntegrityFault("snapshot_differs", "digest")
        self._statement = statement

    def conclude(self) -> None:
        """There are no more lines."""
        head, statement = self._head, self._statement
        if head is None or statement is None:
            raise IntegrityFault("snapshot_incomplete", "no end")
        reached = (self._positions[BANK_FEED], self._positions[head.branch])
        counts = {table: count for table, count in statement.rows.items() if count}
        if reached != (head.bank_position, head.branch_position) or self._in_both:
            raise IntegrityFault("snapshot_incomplete", "/".join(map(str, reached)))
        if counts != {table: count for table, count in self._counts.items() if count}:
            raise IntegrityFault("snapshot_incomplete", "rows")
        if not self._ourselves or self._bank_key != self._identity.centre_key:
            raise IntegrityFault("snapshot_differs", "this device, or the centre's key")
        self._hashes.conclude(BANK_FEED, head.bank_hash)
        self._hashes.conclude(head.branch, head.branch_hash)
        self._check_balances(head.branch)
        self._filling.finish(self._file_head(head), self._hashes.settings())

    def _check_balances(self, branch: str) -> None:
        """What every account of the branch holds is the sum of its entries, and no entry is of an unknown account."""
        held = {
            key[1:]: account.balance
            for key, account in self._filling.accounts.items()
            if key[0] == branch and deposit_id(key[1]) is not None
        }
        for account, currency, posted in self._filling.posted(branch):
            if held.pop((deposit(account), currency), 0) != -posted:
                raise IntegrityFault("snapshot_differs", f"balance: {account}")
        if held:
            raise IntegrityFault("snapshot_differs", "entries of an unknown account")

    def _file_head(self, head: SnapshotHead) -> Head:
        identity = self._identity
        return Head(
            device=identity.device,
            epoch=identity.epoch,
            branch=identity.branch,
            purpose=identity.purpose,
            kid=identity.kid,
            centre_key=identity.centre_key,
            centre_url=identity.centre_url,
            # Nothing before it is this device's own, so nobody need look there.
            acked_no=self._filling.operations,
            bank_position=head.bank_position,
            branch_position=head.branch_position,
            incarnation=head.incarnation,
            last_stamp=self._last_stamp,
        )


def _decoded(jws: str) -> Decoded[Any]:
    try:
        return rules.decode(read_operation(jws))
    except IntegrityFault as fault:
        raise IntegrityFault("snapshot_malformed", str(fault)[:200]) from fault


def _records(line: SnapshotOperation) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for digest, text in line.records.items():
        try:
            data = from_base64url(text)
        except IntegrityFault as fault:
            raise IntegrityFault("snapshot_malformed", digest) from fault
        if len(data) > RECORD_BYTES_MAX or record_digest(data) != digest:
            raise IntegrityFault("snapshot_differs", f"record: {digest}")
        found[digest] = data
    return found
