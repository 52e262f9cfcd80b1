"""Operations that verify but can't be honest, and all that come behind them on their chain: kept as bytes, unbooked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.errors import IntegrityFault
from core.operations.kind import Decoded
from core.sync.messages import Verdict
from sync_server.database import Connection
from sync_server.ingest.cases import Case, open_cases
from sync_server.ingest.keys import ChainName

BEHIND = "chain_quarantined"
"""The reason that is kept with whatever comes behind what stopped the chain."""

_KEEP = (
    b"INSERT INTO quarantined_operations (device, epoch, hash, seq, reason, received_at, jws) "
    b"SELECT %s, %s, hash, seq, CASE WHEN place = 1 THEN %s ELSE %s END, %s, jws "
    b"FROM unnest(%s::text[], %s::bigint[], %s::text[]) WITH ORDINALITY AS kept(hash, seq, jws, place) "
    b"ON CONFLICT DO NOTHING"
)
_RECEIVED = b"SELECT hash, received_at FROM quarantined_operations WHERE device = %s AND epoch = %s AND hash = ANY(%s)"


def quarantine(
    connection: Connection,
    chain: ChainName,
    rest: Sequence[Decoded[Any]],
    fault: IntegrityFault | None,
    received_at: str,
) -> list[Verdict]:
    """Keep the rest as bytes; the chain takes nothing more. `fault` is what stopped it, the first time only."""
    if fault is not None:
        connection.execute(b"UPDATE chains SET state = 'quarantined' WHERE device = %s AND epoch = %s", chain)
        open_cases(connection, [Case(fault.code, rest[0], {"where": fault.where})], received_at)
    _keep(connection, chain, rest, fault.code if fault else BEHIND, received_at)
    hashes = [decoded.signed.hash for decoded in rest]
    first: dict[str, str] = dict(connection.execute(_RECEIVED, (*chain, hashes)).fetchall())
    return [
        Verdict(decoded.operation.seq, decoded.signed.hash, "quarantined", None, first[decoded.signed.hash])
        for decoded in rest
    ]


def _keep(
    connection: Connection, chain: ChainName, rest: Sequence[Decoded[Any]], reason: str, received_at: str
) -> None:
    connection.execute(
        _KEEP,
        (
            *chain,
            reason,
            BEHIND,
            received_at,
            [decoded.signed.hash for decoded in rest],
            [decoded.operation.seq for decoded in rest],
            [decoded.signed.jws for decoded in rest],
        ),
    )
