"""What devices give back after a restore: the feeds as they were, each operation at its place as it was signed.

A device brings what it read behind the restored heads. It is kept until it can stand where it stood: behind what came
before it on its chain, and in each branch's feed that it enters, behind what came before it there. So a branch's
feed is the same again as far as anybody had read it, and whatever was decided is decided again as it was. The
centre's own operations of an earlier incarnation stand as they were said: they were checked then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from nacl.signing import VerifyKey

from core.book.rows import Bank, DeviceEpoch, Session
from core.canonical import from_base64url, thumbprint
from core.clock import instant
from core.envelope import Operation, check_signature, operation_hash, read_operation
from core.errors import IntegrityFault
from core.operations import rules
from core.operations.bank import BranchFounded, DeviceEnrolled, DeviceRevoked
from core.operations.ended import DeviceWrittenOff
from core.operations.holds import HoldPlaced
from core.operations.incarnations import FIRST, IncarnationExtended
from core.operations.kind import Decoded, Signer
from core.operations.money import is_centres
from core.operations.transfers import TransferCompleted, TransferReceived, TransferReturned, TransferSettled
from core.sync.messages import GivenBack
from sync_server.centre.forgotten import say_again
from sync_server.centre.issue import Centre, issue
from sync_server.ingest.cases import Case, open_cases
from sync_server.ingest.doubting import doubtful_credits
from sync_server.ingest.keys import KnownKeys
from sync_server.ingest.quarantine import quarantine
from sync_server.ingest.settle import BANK_FEED, ChainHead, Settled, feeds_of, settle_one
from sync_server.ingest.verifying import read_records
from sync_server.ingest.writing import write_settled
from sync_server.payments.inbound import recover_inbound
from sync_server.store.home import CentreBook, Database, Home
from sync_server.store.incarnations import Given
from sync_server.store.values import ChainName

TWICE = "credited_twice"
"""The case of a partner's payment that was credited again while nobody had said that it was here."""

PLACED_AT_ONCE = 200
"""Operations that find their place in one transaction, so that no branch's feed is held for long."""


_BANK_WIDE_LOOKED_AT = 2_000
"""Items of the bank-wide feed among which those are found that fit: they need not come in their order."""


class IncarnationDiffers(Exception):
    """The centre is in another incarnation than the message is for."""


def take_given_back(database: Database, keys: KnownKeys, message: GivenBack, *, signed_only: bool = False) -> int:
    """How many of the operations the centre keeps now. Raises `IncarnationDiffers`, `MetOthers`.

    `signed_only`: none whose key is not known, as of a device that has said before that it knew no more.
    """
    records = read_records(message.records)
    given = _readable(database, keys, message, signed_only=signed_only)
    with database.transaction() as home:
        number = home.incarnations.hold()
        if number != message.incarnation:
            raise IncarnationDiffers
        if number == FIRST:
            # Nothing is forgotten.
            return 0
        home.incarnations.keep_given([one for one, _ in given])
        named = {digest for _, decoded in given for digest in rules.records_named(decoded)}
        home.keep_records({digest: records[digest] for digest in sorted(named) if digest in records})
    return len(given)


def _readable(
    database: Database, keys: KnownKeys, message: GivenBack, *, signed_only: bool
) -> list[tuple[Given, Decoded[Any]]]:
    """Those that say something and that nobody else has signed: a key that is not known yet may come back too."""
    with database.transaction() as home:
        bank = home.book(locking=False).get(Bank, "bank")
    centre_key = from_base64url(bank.centre_key) if bank is not None else b""
    found: list[tuple[Given, Decoded[Any]]] = []
    for item in message.items:
        try:
            decoded = rules.decode(read_operation(item.jws))
            tuple(rules.touches(decoded, with_balances=True))  # as it will be asked for inside the transaction
            _check_signature(database, keys, decoded, centre_key, signed_only=signed_only)
        except IntegrityFault:
            continue
        given = Given(message.feed, "item", item.position, decoded.signed.hash, item.jws)
        found.append((given, decoded))
    return found


def _check_signature(
    database: Database, keys: KnownKeys, decoded: Decoded[Any], centre_key: bytes, *, signed_only: bool
) -> None:
    operation, signed = decoded.operation, decoded.signed
    if is_centres(operation):
        check_signature(signed.jws, VerifyKey(centre_key))
        return
    try:
        key = keys.find(database, (operation.device, operation.epoch), signed.kid)
    except IntegrityFault:
        if signed_only:
            raise
        return
    check_signature(signed.jws, key)


def place_some(home: Home, centre: Centre) -> bool:
    """Give some operations that devices have given back their places; False if none can have it."""
    home.incarnations.hold()
    return _Placing(home, centre, instant(centre.clock.now_ms())).place()


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One that waits for its place."""

    given: Given
    decoded: Decoded[Any]

    @property
    def chain(self) -> ChainName:
        """Of its maker."""
        return _chain(self.decoded)


@dataclass
class _Placing:
    """As much as one transaction does. `going_on` are feeds of which more is kept than `queues` has of them."""

    home: Home
    centre: Centre
    at: str
    queues: dict[str, list[_Waiting]] = field(default_factory=dict)
    going_on: set[str] = field(default_factory=set)
    awaited: dict[str, bool] = field(default_factory=dict)
    heads: dict[ChainName, ChainHead] = field(default_factory=dict)
    ended: set[ChainName] = field(default_factory=set)
    taken: dict[str, str] = field(default_factory=dict)
    settled: list[Settled] = field(default_factory=list)
    gone: list[Given] = field(default_factory=list)
    forks: list[Decoded[Any]] = field(default_factory=list)

    def place(self) -> bool:
        """Settle what can be; whether anything was dealt with."""
        feeds = self.home.incarnations.given_feeds()
        of_each = max(2, PLACED_AT_ONCE // max(1, len(feeds)))
        for feed in feeds:
            most = _BANK_WIDE_LOOKED_AT if feed == BANK_FEED else of_each
            rows = self.home.incarnations.given(feed, "item", most)
            if len(rows) == most:
                self.going_on.add(feed)
            self.queues[feed] = [_Waiting(row, rules.decode(read_operation(row.jws))) for row in rows]
        waiting = [one for queue in self.queues.values() for one in queue]
        if not waiting:
            return False
        book = self._look_up(waiting)
        while len(self.settled) < PLACED_AT_ONCE and any(self._go_through(feed, book) for feed in sorted(self.queues)):
            pass
        if self.settled:
            self._write(book)
        for fork in self.forks:
            self._forked(fork)
        if not self.gone:
            self._give_one_up(book)
        self.home.incarnations.remove_given(self.gone)
        return bool(self.gone)

    def _look_up(self, waiting: Sequence[_Waiting]) -> CentreBook:
        """Every chain locked, in order, and what is known of what may come again."""
        for chain in sorted({one.chain for one in waiting}):
            row = self.home.lock_chain(chain)
            self.heads[chain] = ChainHead(row.seq, row.hash) if row is not None else ChainHead(0, None)
            if row is not None and row.state != "living":
                self.ended.add(chain)
        fresh = [one.decoded for one in waiting if one.decoded.operation.seq > self.heads[one.chain].seq]
        if any(decoded.kind.bank_wide for decoded in fresh):
            self.home.lock_feeds((BANK_FEED,))
        book = self.home.book()
        book.prefetch(key for decoded in fresh for key in rules.touches(decoded, with_balances=True))
        self.taken = self.home.hashes_of([one.decoded.operation.id for one in waiting])
        return book

    def _go_through(self, feed: str, book: CentreBook) -> bool:
        """Place what comes next in a feed; whether anything was dealt with.

        A branch's feed goes on at its beginning only, or others would come before it.
        """
        before = len(self.gone)
        for one in self._in_turn(feed):
            if len(self.settled) >= PLACED_AT_ONCE:
                break
            if self._is_dealt_with(one, book):
                self._remove(one)
        return len(self.gone) > before

    def _in_turn(self, feed: str) -> Iterator[_Waiting]:
        queue = self.queues[feed]
        if feed == BANK_FEED:
            yield from list(queue)
            return
        while queue:
            first = queue[0]
            yield from [one for one in queue if one.given.position == first.given.position]
            if queue and queue[0] is first:
                return

    def _remove(self, one: _Waiting) -> None:
        """From every feed that it stood in."""
        for queue in self.queues.values():
            for other in [other for other in queue if other.given.hash == one.given.hash]:
                queue.remove(other)
                self.gone.append(other.given)

    def _give_one_up(self, book: CentreBook) -> None:
        """One for which nobody is awaited any more, that lacks what lies before it; others may have been behind it.

        Before it goes all that nobody's key is known to have signed.
        """
        while (one := self._stuck(book)) is not None:
            self._remove(one)
            if is_centres(one.decoded.operation):
                say_again(self.home, self.centre, one.decoded)
                return
            if _is_signed(one.decoded, book):
                # Its maker sends it again, behind what nobody else had heard of; if it still can.
                self.home.incarnations.keep_given([one.given._replace(purpose="left")])
                return

    def _stuck(self, book: CentreBook) -> _Waiting | None:
        first = [queue[0] for feed, queue in sorted(self.queues.items()) if queue and not self._is_awaited(feed)]
        stuck = [one for one in first if not any(self._is_awaited(feed) for feed in self._feeds(one, book))]
        in_turn = [one for one in stuck if self._may_enter(one, self._feeds(one, book))]
        return next(iter(in_turn or stuck), None)

    def _feeds(self, one: _Waiting, book: CentreBook) -> frozenset[str]:
        return feeds_of(one.decoded, book) | {one.decoded.operation.branch or BANK_FEED}

    def _is_awaited(self, feed: str) -> bool:
        """Whether a device has yet to say what stood in a feed."""
        if feed not in self.awaited:
            self.awaited[feed] = bool(self.home.incarnations.awaited(None if feed == BANK_FEED else feed))
        return self.awaited[feed]

    def _is_dealt_with(self, one: _Waiting, book: CentreBook) -> bool:
        """Whether it is here now, or will never be."""
        chain, decoded, operation = one.chain, one.decoded, one.decoded.operation
        head = self.heads[chain]
        if self.taken.get(operation.id) == decoded.signed.hash and operation.seq <= head.seq:
            return True
        if operation.seq <= head.seq or (operation.seq == head.seq + 1 and operation.prev != head.hash):
            if not _is_signed(decoded, book):
                return False
            self.forks.append(decoded)
            return True
        if operation.seq > head.seq + 1 or self._is_late(decoded, book) or operation.id in self.taken:
            return False
        if not self._may_enter(one, feeds_of(decoded, book)):
            return False
        try:
            check_signature(decoded.signed.jws, _key_of(decoded, book))
            rules.verify(decoded, book)
        except IntegrityFault:
            # What it rests on may come from somebody else yet: whoever gives back stops nobody's chain.
            return False
        self.settled.append(settle_one(decoded, book, self.at, stands=self._stands(operation)))
        self.heads[chain] = ChainHead(operation.seq, decoded.signed.hash)
        self.taken[operation.id] = decoded.signed.hash
        return True

    def _may_enter(self, one: _Waiting, feeds: frozenset[str]) -> bool:
        """Whether it is its turn in each branch's feed that it enters: behind all that anybody had read there."""
        for feed in feeds - {BANK_FEED}:
            queue = self.queues.get(feed, [])
            in_turn = [other.given.hash for other in queue if other.given.position == queue[0].given.position]
            others = bool(queue) or feed in self.going_on or self._is_awaited(feed)
            if others and one.given.hash not in in_turn:
                return False
        return True

    def _stands(self, operation: Operation) -> bool:
        return is_centres(operation) and operation.epoch < self.home.incarnations.number()

    def _is_late(self, decoded: Decoded[Any], book: CentreBook) -> bool:
        """Whether it lies behind the end of its chain; up to that end the centre had it once."""
        device = book.get(DeviceEpoch, *_chain(decoded))
        if device is None or device.state == "living":
            return _chain(decoded) in self.ended
        return decoded.operation.seq > (device.head_seq or 0)

    def _write(self, book: CentreBook) -> None:
        write_settled(self.home, self.settled, book, {})
        for chain in sorted({_chain(item.decoded) for item in self.settled}):
            self.home.begin_chain(chain)
            self.home.move_chain(chain, self.heads[chain].seq, self.heads[chain].hash)
        for item in self.settled:
            self._follow(item.decoded)
        self._note_doubts(book)

    def _note_doubts(self, book: CentreBook) -> None:
        """What came with an exception is held back, unless the hold that was placed for it comes back too."""
        doubts = [
            Given(posting.branch, "doubt", item.verdict.seq, item.decoded.signed.hash, item.decoded.signed.jws)
            for item, posting in doubtful_credits(self.settled)
            if not is_centres(item.decoded.operation)
        ]
        if doubts:
            self.home.incarnations.keep_given(doubts)
        holds = [item.decoded for item in self.settled if isinstance(item.decoded.body, HoldPlaced)]
        causes = [(hold, book.operation(hold.body.cause)) for hold in holds if hold.body.cause is not None]
        self.home.incarnations.remove_given(
            [
                Given(hold.operation.branch or "", "doubt", 0, operation_hash(jws), jws)
                for hold, jws in causes
                if jws is not None
            ]
        )

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
                if not recover_inbound(self.home, decoded):
                    self._twice(decoded)
            case _:
                pass

    def _twice(self, decoded: Decoded[TransferReceived]) -> None:
        """Money that a partner sent in again while nobody had said yet that it was here: one credit is to be undone."""
        open_cases(self.home, [Case(TWICE, decoded, {"account": decoded.body.account})], self.at)
        signed, branch = decoded.signed, decoded.operation.branch or BANK_FEED
        self.home.incarnations.keep_given([Given(branch, "doubt", 0, signed.hash, signed.jws)])

    def _forked(self, decoded: Decoded[Any]) -> None:
        """Two operations of one maker at one place: what a device made is kept as bytes, and its chain ends."""
        chain = _chain(decoded)
        if is_centres(decoded.operation):
            open_cases(self.home, [Case("chain_forked", decoded, {"where": str(decoded.operation.seq)})], self.at)
            return
        fault = None if chain in self.ended else IntegrityFault("chain_forked", str(decoded.operation.seq))
        quarantine(self.home, chain, [decoded], fault, self.at)


def _is_signed(decoded: Decoded[Any], book: CentreBook) -> bool:
    """Whether it is known whose key has signed it."""
    try:
        check_signature(decoded.signed.jws, _key_of(decoded, book))
    except IntegrityFault:
        return False
    return True


def _key_of(decoded: Decoded[Any], book: CentreBook) -> VerifyKey:
    """The key that must have signed, from what the book knows. Raises `IntegrityFault("key_unknown")`."""
    operation, kid = decoded.operation, decoded.signed.kid
    if is_centres(operation):
        bank = book.get(Bank, "bank")
        public_key = (
            bank.centre_key if bank is not None and thumbprint(from_base64url(bank.centre_key)) == kid else None
        )
    elif rules.signer_of(operation) is Signer.STAFF:
        session = book.get(Session, kid)
        of_chain = session is not None and (session.device, session.epoch) == _chain(decoded)
        public_key = session.public_key if session is not None and of_chain else None
    else:
        device = book.get(DeviceEpoch, operation.device, operation.epoch)
        public_key = device.public_key if device is not None and device.kid == kid else None
    if public_key is None:
        raise IntegrityFault("key_unknown", kid)
    return VerifyKey(from_base64url(public_key))


def _chain(decoded: Decoded[Any]) -> ChainName:
    return decoded.operation.device, decoded.operation.epoch
