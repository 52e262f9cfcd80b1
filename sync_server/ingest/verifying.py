"""Before the transaction: every signature checked, every body decoded, every row named that settling will read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.book import Key
from core.canonical import from_base64url
from core.envelope import check_signature, read_operation
from core.errors import IntegrityFault
from core.operations import rules
from core.operations.kind import Decoded
from core.records import RECORD_BYTES_MAX, record_digest
from core.sync.messages import Push, Refused
from sync_server.ingest.keys import KnownKeys, opened_key
from sync_server.store.home import Database
from sync_server.store.values import ChainName


@dataclass(frozen=True, slots=True)
class Verified:
    """The operations of a push that verified, in order, the rows each one touches, and the first that did not."""

    run: tuple[Decoded[Any], ...]
    touched: tuple[tuple[Key, ...], ...]
    refused: Refused | None


def verify_run(database: Database, keys: KnownKeys, push: Push) -> Verified:
    """Check every signature and decode every body, up to the first that fails."""
    chain = (push.device, push.epoch)
    run: list[Decoded[Any]] = []
    touched: list[tuple[Key, ...]] = []
    refused: Refused | None = None
    for jws in push.operations:
        try:
            decoded = _verify_one(database, keys, chain, jws, run)
            touched.append(tuple(rules.touches(decoded, with_balances=True)))
        except IntegrityFault as fault:
            refused = Refused(run[-1].operation.seq + 1 if run else 0, fault.code)
            break
        run.append(decoded)
    return Verified(tuple(run), tuple(touched), refused)


def _verify_one(
    database: Database, keys: KnownKeys, chain: ChainName, jws: str, before: Sequence[Decoded[Any]]
) -> Decoded[Any]:
    signed = read_operation(jws)
    operation = signed.operation
    if (operation.device, operation.epoch) != chain:
        raise IntegrityFault("chain_differs", operation.device)
    if before and operation.seq != before[-1].operation.seq + 1:
        raise IntegrityFault("seq_not_contiguous", str(operation.seq))
    check_signature(jws, keys.find(database, chain, signed.kid))
    decoded = rules.decode(signed)
    opened = opened_key(decoded)
    if opened is not None:
        keys.remember(chain, *opened)
    return decoded


def read_records(carried: Mapping[str, str]) -> dict[str, bytes]:
    """The records that are what their digest says, and not too long.

    The others are passed over: a record that is not there stops no operation, it opens a case beside it.
    """
    records: dict[str, bytes] = {}
    for digest, text in carried.items():
        try:
            data = from_base64url(text)
        except IntegrityFault:
            continue
        if len(data) <= RECORD_BYTES_MAX and record_digest(data) == digest:
            records[digest] = data
    return records
