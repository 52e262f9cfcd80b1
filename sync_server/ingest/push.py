"""A device's push: verified outside the transaction, settled and written inside one, answered with verdicts.

What does not verify is refused and stops nothing that came before it. What verifies but can't be honest (a fork, a
closed session's key) quarantines the chain: it is kept as bytes, nothing of it is booked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import psycopg
from psycopg.errors import DeadlockDetected, SerializationFailure, UniqueViolation

from core.clock import Clock, instant
from core.errors import IntegrityFault
from core.operations.kind import Decoded
from core.sync.messages import Exceptional, Push, PushAnswer, Verdict
from sync_server.database import Connection, Pool
from sync_server.ingest.keys import KnownKeys
from sync_server.ingest.quarantine import quarantine
from sync_server.ingest.settle import BANK_FEED, ChainHead, Settlement, settle
from sync_server.ingest.verifying import Verified, read_records, verify_run
from sync_server.ingest.writing import write_settled
from sync_server.store.rows import CentreBook

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


def take_push(pool: Pool, keys: KnownKeys, clock: Clock, push: Push) -> PushAnswer:
    """Settle a push. Raises `ChainUnknown`; database trouble is raised as psycopg does."""
    records = read_records(push)
    with pool.connection() as connection:
        connection.autocommit = True
        try:
            verified = verify_run(connection, keys, push)
            received = _Received(push, verified, records, instant(clock.now_ms()))
            for _ in range(_ATTEMPTS):
                try:
                    with connection.transaction():
                        return _settle_run(connection, received)
                except (DeadlockDetected, SerializationFailure):
                    continue
                except UniqueViolation:
                    received = replace(received, reused_id=_reused_id(connection, verified.run))
        finally:
            connection.autocommit = False
    raise psycopg.errors.SerializationFailure("the push met others too often")


def _settle_run(connection: Connection, received: _Received) -> PushAnswer:
    push, run = received.push, received.verified.run
    chain = (push.device, push.epoch)
    head, state = _lock_chain(connection, push)
    known = [decoded for decoded in run if decoded.operation.seq <= head.seq]
    fresh = run[len(known) :]
    answers, forked = _known_verdicts(connection, push, known)
    if forked is not None:
        fault = IntegrityFault("chain_forked", str(forked.operation.seq)) if state == "living" else None
        rest = run[len(answers) :]
        answers += quarantine(connection, chain, rest, fault, received.at)
        return PushAnswer(tuple(answers), head.seq, head.hash)
    if fresh and state == "quarantined":
        answers += quarantine(connection, chain, fresh, None, received.at)
        return PushAnswer(tuple(answers), head.seq, head.hash)
    if not fresh or fresh[0].operation.seq > head.seq + 1:
        return PushAnswer(tuple(answers), head.seq, head.hash, received.verified.refused)
    settlement = _settle_fresh(connection, received, len(known), head)
    answers += (item.verdict for item in settlement.settled)
    head = settlement.head
    if settlement.fault is not None:
        rest = fresh[len(settlement.settled) :]
        answers += quarantine(connection, chain, rest, settlement.fault, received.at)
        return PushAnswer(tuple(answers), head.seq, head.hash)
    return PushAnswer(tuple(answers), head.seq, head.hash, received.verified.refused)


def _settle_fresh(connection: Connection, received: _Received, known: int, head: ChainHead) -> Settlement:
    push, fresh = received.push, received.verified.run[known:]
    if any(decoded.kind.bank_wide for decoded in fresh):
        connection.execute(b"SELECT 1 FROM feed_heads WHERE feed = %s FOR UPDATE", (BANK_FEED,))
    book = CentreBook(connection)
    book.prefetch(key for keys in received.verified.touched[known:] for key in keys)
    settlement = settle(fresh, book, head, received.at, reused_id=received.reused_id)
    if settlement.settled:
        write_settled(connection, settlement.settled, book, received.records)
        connection.execute(
            b"UPDATE chains SET seq = %s, hash = %s WHERE device = %s AND epoch = %s",
            (settlement.head.seq, settlement.head.hash, push.device, push.epoch),
            prepare=True,
        )
    return settlement


def _lock_chain(connection: Connection, push: Push) -> tuple[ChainHead, str]:
    row = connection.execute(
        b"SELECT seq, hash, state FROM chains WHERE device = %s AND epoch = %s FOR UPDATE",
        (push.device, push.epoch),
        prepare=True,
    ).fetchone()
    if row is None:
        raise ChainUnknown
    return ChainHead(row[0], row[1]), str(row[2])


def _known_verdicts(
    connection: Connection, push: Push, known: Sequence[Decoded[Any]]
) -> tuple[list[Verdict], Decoded[Any] | None]:
    """The verdicts given before, and the first operation that is another than the one that stands at its place."""
    if not known:
        return [], None
    rows = connection.execute(
        b"SELECT seq, hash, verdict, accounting_date::text, received_at, exceptions, stamp FROM operations "
        b"WHERE device = %s AND epoch = %s AND seq BETWEEN %s AND %s ORDER BY seq",
        (push.device, push.epoch, known[0].operation.seq, known[-1].operation.seq),
    )
    verdicts = [stored_verdict(*row) for row in rows]
    for place, (decoded, verdict) in enumerate(zip(known, verdicts, strict=True)):
        if decoded.signed.hash != verdict.hash:
            return verdicts[:place], decoded
    return verdicts, None


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
    found = tuple(Exceptional(**item) for item in _decode(exceptions)) if exceptions else ()
    return Verdict(seq, hash_, verdict, accounting_date, received_at, found, stamp)


def _decode(text: str) -> list[dict[str, Any]]:
    return msgspec.json.decode(text, type=list[dict[str, Any]])


def _reused_id(connection: Connection, run: Sequence[Decoded[Any]]) -> str | None:
    """The hash of the first operation whose id stands for another operation already, here or earlier in the run."""
    ids = [decoded.operation.id for decoded in run]
    rows = connection.execute(b"SELECT id::text, hash FROM operations WHERE id = ANY(%s::uuid[])", (ids,))
    taken: dict[str, str] = dict(rows.fetchall())
    for decoded in run:
        if taken.setdefault(decoded.operation.id, decoded.signed.hash) != decoded.signed.hash:
            return decoded.signed.hash
    return None
