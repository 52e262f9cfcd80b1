"""A device's push: verified outside the transaction, settled and written inside one, answered with verdicts.

What does not verify is refused and stops nothing that came before it. What verifies but can't be honest (a fork, a
closed session's key) quarantines the chain: it is kept as bytes, nothing of it is booked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from core.clock import instant
from core.errors import IntegrityFault
from core.operations.incarnations import FIRST
from core.operations.kind import Decoded
from core.sync.messages import Push, PushAnswer, Verdict
from sync_server.centre.issue import Centre
from sync_server.ingest.doubting import doubtful_credits, hold_back, lock_chains_for
from sync_server.ingest.keys import KnownKeys
from sync_server.ingest.quarantine import quarantine
from sync_server.ingest.settle import BANK_FEED, ChainHead, Settlement, feeds_of, settle
from sync_server.ingest.verifying import Verified, read_records, verify_run
from sync_server.ingest.writing import write_settled
from sync_server.store.home import Database, Home, IdentifierTaken, MetOthers
from sync_server.store.incarnations import is_gathering
from sync_server.store.values import ChainName, ChainRow

_ATTEMPTS = 5


class ChainUnknown(Exception):
    """No device of that name and epoch is trusted here."""


@dataclass(frozen=True, slots=True)
class _Received:
    """A push as it is settled. `reused_id` is the hash of the first operation whose id stands for another, if known."""

    push: Push
    verified: Verified
    records: dict[str, bytes]
    at: str
    reused_id: str | None = None


def take_push(database: Database, keys: KnownKeys, centre: Centre, push: Push) -> PushAnswer:
    """Settle a push. Raises `ChainUnknown`, `MetOthers`, and what the database raises when it is in trouble."""
    records = read_records(push.records)
    verified = verify_run(database, keys, push)
    received = _Received(push, verified, records, instant(centre.clock.now_ms()))
    for _ in range(_ATTEMPTS):
        try:
            with database.transaction() as home:
                return _settle_run(home, centre, received)
        except MetOthers:
            continue
        except IdentifierTaken:
            received = replace(received, reused_id=_reused_id(database, verified.run))
    raise MetOthers("the push met others too often")


def _settle_run(home: Home, centre: Centre, received: _Received) -> PushAnswer:
    chain = (received.push.device, received.push.epoch)
    row = _lock_chain(home, chain)
    number = home.incarnations.number()
    if number > FIRST and row.state == "living":
        if not home.incarnations.has_reported(chain):
            # What it rests on may be forgotten: the device gives back first what it has read.
            return PushAnswer((), row.seq, row.hash, incarnation=number)
        received = _in_turn(home, received)
    answer = _answer_run(home, centre, received, row)
    return msgspec.structs.replace(answer, incarnation=number)


def _in_turn(home: Home, received: _Received) -> _Received:
    """Without what would come in a feed before that is whole again, and all behind it: that waits at the device."""
    run, book = received.verified.run, home.book(locking=False)
    gathering: dict[str, bool] = {}
    for place, decoded in enumerate(run):
        for feed in sorted(feeds_of(decoded, book) - {BANK_FEED}):
            if feed not in gathering:
                gathering[feed] = is_gathering(home.incarnations, feed)
            if gathering[feed]:
                verified = replace(received.verified, run=run[:place], refused=None)
                return replace(received, verified=verified)
    return received


def _answer_run(home: Home, centre: Centre, received: _Received, row: ChainRow) -> PushAnswer:
    push, run = received.push, received.verified.run
    chain = (push.device, push.epoch)
    head, state = ChainHead(row.seq, row.hash), row.state
    known = [decoded for decoded in run if decoded.operation.seq <= head.seq]
    fresh = run[len(known) :]
    answers, forked = _known_verdicts(home, chain, known)
    if forked is not None:
        fault = IntegrityFault("chain_forked", str(forked.operation.seq)) if state == "living" else None
        rest = run[len(answers) :]
        answers += quarantine(home, chain, rest, fault, received.at, received.records)
        return PushAnswer(tuple(answers), head.seq, head.hash)
    if fresh and state == "quarantined":
        answers += quarantine(home, chain, fresh, None, received.at, received.records)
        return PushAnswer(tuple(answers), head.seq, head.hash)
    if not fresh or fresh[0].operation.seq > head.seq + 1:
        return PushAnswer(tuple(answers), head.seq, head.hash, received.verified.refused)
    settlement = _settle_fresh(home, centre, received, len(known), head)
    answers += (item.verdict for item in settlement.settled)
    head = settlement.head
    if settlement.fault is not None:
        rest = fresh[len(settlement.settled) :]
        answers += quarantine(home, chain, rest, settlement.fault, received.at, received.records)
        return PushAnswer(tuple(answers), head.seq, head.hash)
    return PushAnswer(tuple(answers), head.seq, head.hash, received.verified.refused)


def _settle_fresh(home: Home, centre: Centre, received: _Received, known: int, head: ChainHead) -> Settlement:
    push, fresh = received.push, received.verified.run[known:]
    if any(decoded.kind.bank_wide for decoded in fresh):
        home.lock_feeds((BANK_FEED,))
    book = home.book()
    book.prefetch(key for keys in received.verified.touched[known:] for key in keys)
    settlement = settle(fresh, book, head, received.at, reused_id=received.reused_id)
    if settlement.settled:
        doubtful = doubtful_credits(settlement.settled)
        lock_chains_for(home, doubtful)
        write_settled(home, settlement.settled, book, received.records)
        home.move_chain((push.device, push.epoch), settlement.head.seq, settlement.head.hash)
        hold_back(home, centre, book, doubtful)
    return settlement


def _lock_chain(home: Home, chain: ChainName) -> ChainRow:
    row = home.lock_chain(chain)
    if row is None:
        raise ChainUnknown
    return row


def _known_verdicts(
    home: Home, chain: ChainName, known: Sequence[Decoded[Any]]
) -> tuple[list[Verdict], Decoded[Any] | None]:
    """The verdicts given before, and the first operation that is another than the one that stands at its place."""
    if not known:
        return [], None
    verdicts = home.verdicts(chain, known[0].operation.seq, known[-1].operation.seq)
    for place, (decoded, verdict) in enumerate(zip(known, verdicts, strict=True)):
        if decoded.signed.hash != verdict.hash:
            return verdicts[:place], decoded
    return verdicts, None


def _reused_id(database: Database, run: Sequence[Decoded[Any]]) -> str | None:
    """The hash of the first operation whose id stands for another operation already, here or earlier in the run."""
    with database.transaction() as home:
        taken = home.hashes_of([decoded.operation.id for decoded in run])
    for decoded in run:
        if taken.setdefault(decoded.operation.id, decoded.signed.hash) != decoded.signed.hash:
            return decoded.signed.hash
    return None
