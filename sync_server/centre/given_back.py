"""What devices give back after a restore: operations of any chain, taken as if their makers had pushed them.

One that is known is passed over, one that does not follow its chain's head waits for somebody who has what lies
between. The centre's own of an earlier incarnation stand as they were said: they were checked then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from nacl.signing import VerifyKey

from core.book.rows import Bank, DeviceEpoch
from core.canonical import from_base64url, thumbprint
from core.clock import instant
from core.envelope import Operation, check_signature, read_operation
from core.errors import IntegrityFault
from core.operations import rules
from core.operations.bank import BranchFounded, DeviceEnrolled, DeviceRevoked
from core.operations.ended import DeviceWrittenOff
from core.operations.holds import HoldPlaced
from core.operations.incarnations import IncarnationExtended
from core.operations.kind import Decoded
from core.operations.money import is_centres
from core.operations.transfers import TransferCompleted, TransferReceived, TransferReturned, TransferSettled
from core.sync.messages import GivenBack
from sync_server.centre.issue import Centre, issue
from sync_server.ingest.cases import Case, open_cases
from sync_server.ingest.doubting import doubtful_credits, hold_back, lock_chains_for
from sync_server.ingest.keys import KnownKeys, opened_key
from sync_server.ingest.quarantine import quarantine
from sync_server.ingest.settle import BANK_FEED, ChainHead, Settled, settle_one
from sync_server.ingest.verifying import read_records
from sync_server.ingest.writing import write_settled
from sync_server.payments.inbound import recover_inbound
from sync_server.store.home import CentreBook, Database, Home, IdentifierTaken, MetOthers
from sync_server.store.values import ChainName

_ATTEMPTS = 5


class IncarnationDiffers(Exception):
    """The centre is in another incarnation than the message is for."""


def take_given_back(database: Database, keys: KnownKeys, centre: Centre, message: GivenBack) -> int:
    """How many of the operations the centre has now. Raises `IncarnationDiffers`, `MetOthers`."""
    records = read_records(message.records)
    run = _verified(database, keys, message.operations)
    for _ in range(_ATTEMPTS):
        try:
            with database.transaction() as home:
                if home.incarnations.hold() != message.incarnation:
                    raise IncarnationDiffers
                return _Taking(home, centre, records, instant(centre.clock.now_ms())).take(run)
        except (MetOthers, IdentifierTaken):
            continue
    raise MetOthers("what was given back met others too often")


def _verified(database: Database, keys: KnownKeys, texts: Sequence[str]) -> list[Decoded[Any]]:
    """Those that verify, in order; whatever follows one that does not on its chain is left to its maker."""
    with database.transaction() as home:
        bank = home.book(locking=False).get(Bank, "bank")
    centre_key = from_base64url(bank.centre_key) if bank is not None else b""
    run: list[Decoded[Any]] = []
    broken: set[ChainName] = set()
    for jws in texts:
        try:
            signed = read_operation(jws)
        except IntegrityFault:
            continue
        chain = (signed.operation.device, signed.operation.epoch)
        try:
            decoded = rules.decode(signed)
            check_signature(jws, _key_of(database, keys, decoded, centre_key))
            tuple(rules.touches(decoded, with_balances=True))  # as it will be asked for inside the transaction
        except IntegrityFault:
            broken.add(chain)
            continue
        if chain not in broken:
            _remember(keys, chain, decoded)
            run.append(decoded)
    return run


def _key_of(database: Database, keys: KnownKeys, decoded: Decoded[Any], centre_key: bytes) -> VerifyKey:
    kid, operation = decoded.signed.kid, decoded.operation
    if not is_centres(operation):
        return keys.find(database, (operation.device, operation.epoch), kid)
    if thumbprint(centre_key) != kid:
        raise IntegrityFault("key_unknown", kid)
    return VerifyKey(centre_key)


def _remember(keys: KnownKeys, chain: ChainName, decoded: Decoded[Any]) -> None:
    """The keys that it brings, for those behind it in the same message."""
    opened = opened_key(decoded)
    if opened is not None:
        keys.remember(chain, *opened)
    if isinstance(decoded.body, DeviceEnrolled):
        key = decoded.body.key
        keys.remember((decoded.body.device, decoded.body.epoch), thumbprint(from_base64url(key)), key)


@dataclass
class _Taking:
    """One message in one transaction. `stopped` are chains of which nothing more is taken this time."""

    home: Home
    centre: Centre
    records: dict[str, bytes]
    at: str
    heads: dict[ChainName, ChainHead] = field(default_factory=dict)
    ended: set[ChainName] = field(default_factory=set)
    hashes: dict[tuple[ChainName, int], str] = field(default_factory=dict)
    stopped: set[ChainName] = field(default_factory=set)
    forks: list[Decoded[Any]] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)

    def take(self, run: Sequence[Decoded[Any]]) -> int:
        """Settle what is new; answers how many are here now."""
        self._look_up(run)
        if any(decoded.kind.bank_wide for decoded in run):
            self.home.lock_feeds((BANK_FEED,))
        book = self.home.book()
        fresh = [decoded for decoded in run if decoded.operation.seq > self.heads[_chain(decoded)].seq]
        book.prefetch(key for decoded in fresh for key in rules.touches(decoded, with_balances=True))
        taken = self.home.hashes_of([decoded.operation.id for decoded in fresh])
        here = sum(self._take_one(decoded, book, taken) for decoded in run)
        if self.settled:
            self._write(book)
        for fork in self.forks:
            self._forked(fork)
        return here

    def _look_up(self, run: Sequence[Decoded[Any]]) -> None:
        """Every chain locked, in order, and what is known of it where something comes again."""
        seqs: dict[ChainName, list[int]] = {}
        for decoded in run:
            seqs.setdefault(_chain(decoded), []).append(decoded.operation.seq)
        for chain in sorted(seqs):
            row = self.home.lock_chain(chain)
            self.heads[chain] = ChainHead(row.seq, row.hash) if row is not None else ChainHead(0, None)
            if row is not None and row.state != "living":
                self.ended.add(chain)
            first = min(seqs[chain])
            if row is not None and first <= row.seq:
                known = self.home.verdicts(chain, first, min(row.seq, max(seqs[chain])))
                self.hashes.update({(chain, verdict.seq): verdict.hash for verdict in known})

    def _take_one(self, decoded: Decoded[Any], book: CentreBook, taken: dict[str, str]) -> bool:
        """Whether it is here now."""
        chain, operation, hash_ = _chain(decoded), decoded.operation, decoded.signed.hash
        head = self.heads[chain]
        if chain in self.stopped:
            return False
        if operation.seq <= head.seq or (operation.seq == head.seq + 1 and operation.prev != head.hash):
            if self.hashes.get((chain, operation.seq)) == hash_:
                return True
            self.stopped.add(chain)
            self.forks.append(decoded)
            return False
        lacking = operation.seq > head.seq + 1 or self._is_late(decoded, book)
        if lacking or taken.setdefault(operation.id, hash_) != hash_:
            self.stopped.add(chain)
            return False
        try:
            rules.verify(decoded, book)
        except IntegrityFault:
            # What it rests on may come from somebody else yet: whoever gives back stops nobody's chain.
            self.stopped.add(chain)
            return False
        self.settled.append(settle_one(decoded, book, self.at, stands=self._stands(operation)))
        self.heads[chain] = ChainHead(operation.seq, hash_)
        self.hashes[chain, operation.seq] = hash_
        return True

    def _stands(self, operation: Operation) -> bool:
        return is_centres(operation) and operation.epoch < self.home.incarnations.number()

    def _is_late(self, decoded: Decoded[Any], book: CentreBook) -> bool:
        """Whether it lies behind the end of its chain; up to that end the centre had it once."""
        if _chain(decoded) not in self.ended:
            return False
        device = book.get(DeviceEpoch, *_chain(decoded))
        return device is None or device.state == "living" or decoded.operation.seq > (device.head_seq or 0)

    def _write(self, book: CentreBook) -> None:
        held = {item.decoded.body.cause for item in self.settled if isinstance(item.decoded.body, HoldPlaced)}
        doubtful = [
            (item, posting)
            for item, posting in doubtful_credits(self.settled)
            if not is_centres(item.decoded.operation) and item.decoded.operation.id not in held
        ]
        lock_chains_for(self.home, doubtful)
        write_settled(self.home, self.settled, book, self.records)
        for chain in sorted({_chain(item.decoded) for item in self.settled}):
            self.home.begin_chain(chain)
            self.home.move_chain(chain, self.heads[chain].seq, self.heads[chain].hash)
        for item in self.settled:
            self._follow(item.decoded)
        hold_back(self.home, self.centre, book, doubtful)

    def _follow(self, decoded: Decoded[Any]) -> None:
        """What the centre did beside the books when it made the operation."""
        body, payments = decoded.body, self.home.payments
        match body:
            case DeviceEnrolled():
                self.home.begin_chain((body.device, body.epoch))
            case DeviceRevoked() | DeviceWrittenOff():
                self.home.end_chain((body.device, body.epoch))
            case BranchFounded():
                number = self.home.incarnations.number()
                issue(self.home, self.centre, None, IncarnationExtended(incarnation=number, branch=body.branch))
            case TransferSettled():
                payments.conclude(body.transfer, "settled", None, self.at)
            case TransferReturned():
                payments.conclude(body.transfer, "returned", body.reason, self.at)
            case TransferCompleted() if payments.was_received(body.transfer):
                payments.conclude(body.transfer, "completed", None, self.at)
            case TransferReceived(transfer=str() as transfer):
                payments.note_received(transfer)
            case TransferReceived():
                recover_inbound(self.home, decoded)
            case _:
                pass

    def _forked(self, decoded: Decoded[Any]) -> None:
        """Two operations of one maker at one place: what a device made is kept as bytes, and its chain ends."""
        chain = _chain(decoded)
        if is_centres(decoded.operation):
            open_cases(self.home, [Case("chain_forked", decoded, {"where": str(decoded.operation.seq)})], self.at)
            return
        fault = None if chain in self.ended else IntegrityFault("chain_forked", str(decoded.operation.seq))
        quarantine(self.home, chain, [decoded], fault, self.at, self.records)


def _chain(decoded: Decoded[Any]) -> ChainName:
    return decoded.operation.device, decoded.operation.epoch
