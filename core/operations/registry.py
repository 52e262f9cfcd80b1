"""Every kind of operation in every version, in one table."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from core.operations import (
    accounts,
    bank,
    cases,
    cash,
    checkpoints,
    customers,
    drawers,
    ended,
    holds,
    incarnations,
    leases,
    requests,
    reversals,
    rights,
    sessions,
    terms,
    transfers,
    visits,
)
from core.operations.kind import Kind

_FAMILIES: tuple[tuple[Kind[Any], ...], ...] = (
    bank.KINDS,
    sessions.KINDS,
    drawers.KINDS,
    customers.KINDS,
    accounts.KINDS,
    cash.KINDS,
    transfers.KINDS,
    reversals.KINDS,
    rights.KINDS,
    leases.KINDS,
    holds.KINDS,
    requests.KINDS,
    terms.KINDS,
    ended.KINDS,
    visits.KINDS,
    checkpoints.KINDS,
    cases.KINDS,
    incarnations.KINDS,
)

KINDS: MappingProxyType[tuple[str, int], Kind[Any]] = MappingProxyType(
    {(kind.name, kind.version): kind for family in _FAMILIES for kind in family}
)
