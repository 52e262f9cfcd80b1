"""Operations that verify but can't be honest, and all that come behind them on their chain: kept as bytes, unbooked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import IntegrityFault
from core.operations import rules
from core.operations.kind import Decoded
from core.sync.messages import Verdict
from sync_server.ingest.cases import Case, open_cases
from sync_server.store.home import Home
from sync_server.store.values import ChainName, Unbooked

BEHIND = "chain_quarantined"
"""The reason that is kept with whatever comes behind what stopped the chain."""


def quarantine(
    home: Home,
    chain: ChainName,
    rest: Sequence[Decoded[Any]],
    fault: IntegrityFault | None,
    received_at: str,
    records: Mapping[str, bytes] | None = None,
) -> list[Verdict]:
    """Keep the rest as bytes, with the records that it names; the chain takes nothing more.

    `fault` is what stopped it, the first time only.
    """
    if fault is not None:
        home.end_chain(chain)
        open_cases(home, [Case(fault.code, rest[0], {"where": fault.where})], received_at)
    reasons = [fault.code if fault else BEHIND] + [BEHIND] * (len(rest) - 1)
    kept = [
        Unbooked(decoded.operation.seq, decoded.signed.hash, decoded.signed.jws, reason)
        for decoded, reason in zip(rest, reasons, strict=True)
    ]
    home.keep_unbooked(chain, kept, received_at)
    # Should two people accept them, they are booked whole.
    here = records or {}
    named = [digest for decoded in rest for digest in rules.records_named(decoded)]
    home.keep_records({digest: here[digest] for digest in named if digest in here})
    since = home.unbooked_since(chain, [each.hash for each in kept])
    return [Verdict(each.seq, each.hash, "quarantined", None, since[each.hash]) for each in kept]
