"""Whether this device may go on: what has stopped it for good, and a clock that went back under it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.book.rows import DeviceEpoch
from core.clock import instant
from core.device.workings import Workings
from core.errors import IntegrityFault, Refusal
from core.operations.kind import Decoded
from core.operations.leases import lease_of

_EVEN_STOPPED = frozenset({"session.opened", "session.closed"})
"""People may still sign in to look, and sign out."""

_NOT_THIS_HOME = frozenset({"rolled_back", "anchor_missing"})
"""Not even that where the true file may turn up again: what is written here would speak against it."""

_OWN_CHAIN_IN_DOUBT = frozenset({"device_behind", "own_operation_differs"})


def stop_for(workings: Workings, fault: IntegrityFault) -> None:
    """Stop where a feed shows that this file is not what the device's chain is at the centre."""
    if fault.code in _OWN_CHAIN_IN_DOUBT:
        workings.stop(fault.code)


def stop_if_revoked(workings: Workings) -> None:
    """Stop once the book says that the bank no longer trusts this device."""
    row = workings.book.get(DeviceEpoch, workings.head.device, workings.head.epoch)
    if row is not None and row.state != "living":
        workings.stop("device_revoked")


def against(workings: Workings, decoded: Decoded[Any]) -> Iterable[Refusal]:
    """What speaks against doing it here and now, whatever the bank's rules say: `device_stopped`, `anchor_not_kept`,
    `clock_went_back`, `clock_stands_still`, `lease_ended`, `standin_line_up`.

    Rights that are spent count from a time on, so they wait for a clock that can be believed; whatever else is done
    takes the time of the operation before it, so that a chain's times never go back.
    """
    why = workings.stopped
    if why is not None and (decoded.kind.name not in _EVEN_STOPPED or why in _NOT_THIS_HOME):
        yield Refusal("device_stopped", detail={"why": why})
    authority = decoded.operation.authority
    if authority is None or not authority.rights + authority.standin:
        return
    if not workings.mooring.kept:
        yield Refusal("anchor_not_kept")
    doubt = workings.time.doubt()
    if doubt is not None:
        yield doubt
    yield from _lease_ended(workings)
    if authority.standin and workings.line_up:
        yield Refusal("standin_line_up", "amount")


def _lease_ended(workings: Workings) -> Iterable[Refusal]:
    """By the latest time that it may be: a clock that is behind the centre's does not prolong a lease."""
    lease = lease_of(workings.head.device, workings.head.epoch, workings.book)
    if lease is not None and lease.ends_at < instant(workings.time.latest_ms()):
        yield Refusal("lease_ended", detail={"ended": lease.ends_at})


def leaving(decoded: Decoded[Any], findings: Iterable[Refusal]) -> tuple[Refusal, ...]:
    """The findings without those that may not keep anybody from signing out."""
    if decoded.kind.name != "session.closed":
        return tuple(findings)
    return tuple(finding for finding in findings if finding.code != "device_revoked")
