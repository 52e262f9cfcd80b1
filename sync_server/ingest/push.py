"""A device's push: verified outside the transaction, settled and written inside one, answered with verdicts.

What does not verify is refused and stops nothing that came before it. What verifies but can't be honest (a fork, a
closed session's key) quarantines the chain: it is kept as bytes, nothing of it is booked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import psycopg
from psycopg.errors import DeadlockDetected, SerializationFailure, UniqueViolation

from core.book import Book
from core.canonical import from_base64url
from core.clock import Clock, instant
from core.envelope import check_signature, read_operation
from core.errors import IntegrityFault
from core.operations import rules
from core.operations.kind import Decoded
from core.sync.messages import Exceptional, Push, PushAnswer, Refused, Verdict
from sync_server.database import Connection, Pool
from sync_server.ingest.cases import open_case
from sync_server.ingest.keys import ChainName, KnownKeys, opened_key
from sync_server.ingest.settle import BANK_FEED, ChainHead, Settlement, settle
from sync_server.ingest.writing import write_settled
from sync_server.store.rows import PostgresStore

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Verified:
    """The operations of a push that verified, in order, and the first that did not."""

    run: tuple[Decoded[Any], ...]
    refused: Refused | None


class ChainUnknown(Exception):
    """No device of that name and epoch is trusted here."""


def take_push(pool: Pool, keys: KnownKeys, clock: Clock, push: Push) -> PushAnswer:
    """Settle a push. Raises `ChainUnknown`; database trouble is raised as psycopg does."""
    records = _read_records(push)
    with pool.connection() as connection:
        connection.autocommit = True
        try:
            verified = verify_run(connection, keys, push)
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    with connection.transaction():
                        return _settle_run(connection, push, verified, records, instant(clock.now_ms()))
                except (DeadlockDetected, SerializationFailure):
                    if attempt == _ATTEMPTS:
                        raise
                except UniqueViolation:
                    verified = _without_reused_id(connection, verified)
        finally:
            connection.autocommit = False
    raise psycopg.OperationalError("the push could not be settled")


def _read_records(push: Push) -> dict[str, bytes]:
    records: dict[str, bytes] = {}
    for digest, text in push.records.items():
        try:
            records[digest] = from_base64url(text)
        except IntegrityFault:
            continue
    return records


def verify_run(connection: Connection, keys: KnownKeys, push: Push) -> Verified:
    """Check every signature and decode every body, up to the first that fails."""
    chain = (push.device, push.epoch)
    run: list[Decoded[Any]] = []
    for jws in push.operations:
        try:
            run.append(_verify_one(connection, keys, chain, jws, run))
        except IntegrityFault as fault:
            expected = run[-1].operation.seq + 1 if run else 0
            return Verified(tuple(run), Refused(expected, fault.code))
    return Verified(tuple(run), None)


def _verify_one(
    connection: Connection, keys: KnownKeys, chain: ChainName, jws: str, before: Sequence[Decoded[Any]]
) -> Decoded[Any]:
    signed = read_operation(jws)
    operation = signed.operation
    if (operation.device, operation.epoch) != chain:
        raise IntegrityFault("chain_differs", operation.device)
    if before and operation.seq != before[-1].operation.seq + 1:
        raise IntegrityFault("seq_not_contiguous", str(operation.seq))
    check_signature(jws, keys.find(connection, chain, signed.kid))
    decoded = rules.decode(signed)
    opened = opened_key(decoded)
    if opened is not None:
        keys.remember(chain, *opened)
    return decoded


def _settle_run(
    connection: Connection, push: Push, verified: Verified, records: dict[str, bytes], received_at: str
) -> PushAnswer:
    head, state = _lock_chain(connection, push)
    known = [decoded for decoded in verified.run if decoded.operation.seq <= head.seq]
    fresh = verified.run[len(known) :]
    answers, forked = _known_verdicts(connection, push, known)
    if forked is not None:
        fault = IntegrityFault("chain_forked", str(forked.operation.seq))
        return _quarantine(connection, push, (forked, *fresh), answers, head, fault, received_at)
    if fresh and state == "quarantined":
        return _quarantine(connection, push, fresh, answers, head, None, received_at)
    if not fresh or fresh[0].operation.seq > head.seq + 1:
        return PushAnswer(tuple(answers), head.seq, head.hash, verified.refused)
    settlement = _settle_fresh(connection, push, fresh, head, records, received_at)
    answers.extend(item.verdict for item in settlement.settled)
    if settlement.fault is not None:
        rest = fresh[len(settlement.settled) :]
        return _quarantine(connection, push, rest, answers, settlement.head, settlement.fault, received_at)
    return PushAnswer(tuple(answers), settlement.head.seq, settlement.head.hash, verified.refused)


def _settle_fresh(
    connection: Connection,
    push: Push,
    fresh: Sequence[Decoded[Any]],
    head: ChainHead,
    records: dict[str, bytes],
    received_at: str,
) -> Settlement:
    if any(decoded.kind.bank_wide for decoded in fresh):
        connection.execute(b"SELECT 1 FROM feed_heads WHERE feed = %s FOR UPDATE", (BANK_FEED,))
    book = Book(PostgresStore(connection))
    book.prefetch(key for decoded in fresh for key in rules.touches(decoded, with_balances=True))
    settlement = settle(fresh, book, head, received_at)
    if settlement.settled:
        write_settled(connection, settlement.settled, book, records)
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
        b"SELECT seq, hash, verdict, accounting_date::text, received_at, exceptions FROM operations "
        b"WHERE device = %s AND epoch = %s AND seq BETWEEN %s AND %s ORDER BY seq",
        (push.device, push.epoch, known[0].operation.seq, known[-1].operation.seq),
    )
    verdicts = [stored_verdict(*row) for row in rows]
    for decoded, verdict in zip(known, verdicts, strict=True):
        if decoded.signed.hash != verdict.hash:
            return verdicts[: known.index(decoded)], decoded
    return verdicts, None


def stored_verdict(
    seq: int, hash_: str, verdict: Any, accounting_date: str | None, received_at: str, exceptions: str | None
) -> Verdict:
    """A verdict as the operations' table keeps it."""
    found = tuple(Exceptional(**item) for item in _decode(exceptions)) if exceptions else ()
    return Verdict(seq, hash_, verdict, accounting_date, received_at, found)


def _decode(text: str) -> list[dict[str, Any]]:
    return msgspec.json.decode(text, type=list[dict[str, Any]])


def _quarantine(
    connection: Connection,
    push: Push,
    rest: Sequence[Decoded[Any]],
    answers: list[Verdict],
    head: ChainHead,
    fault: IntegrityFault | None,
    received_at: str,
) -> PushAnswer:
    """Keep the rest as bytes; the chain takes nothing more. The first time, a case is opened."""
    if fault is not None:
        connection.execute(
            b"UPDATE chains SET state = 'quarantined' WHERE device = %s AND epoch = %s", (push.device, push.epoch)
        )
        open_case(connection, fault.code, rest[0], {"where": fault.where}, received_at)
    for decoded in rest:
        connection.execute(
            b"INSERT INTO quarantined_operations (device, epoch, hash, seq, reason, received_at, jws) "
            b"VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (
                push.device,
                push.epoch,
                decoded.signed.hash,
                decoded.operation.seq,
                fault.code if fault else "chain_quarantined",
                received_at,
                decoded.signed.jws,
            ),
        )
        answers.append(Verdict(decoded.operation.seq, decoded.signed.hash, "quarantined", None, received_at))
    return PushAnswer(tuple(answers), head.seq, head.hash)


def _without_reused_id(connection: Connection, verified: Verified) -> Verified:
    """Stop the run before the first operation whose id already stands for another operation."""
    ids = [decoded.operation.id for decoded in verified.run]
    rows = connection.execute(b"SELECT id::text, hash FROM operations WHERE id = ANY(%s::uuid[])", (ids,))
    taken: dict[str, str] = dict(rows.fetchall())
    seen: set[str] = set()
    for index, decoded in enumerate(verified.run):
        identifier = decoded.operation.id
        if identifier in seen or taken.get(identifier, decoded.signed.hash) != decoded.signed.hash:
            return Verified(verified.run[:index], Refused(decoded.operation.seq, "id_reused"))
        seen.add(identifier)
    return verified
