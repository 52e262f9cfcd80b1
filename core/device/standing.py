"""Whether this device may go on: what has stopped it for good, and a clock that went back under it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.book.rows import DeviceEpoch
from core.clock import instant
from core.device.workings import Workings
from core.errors import IntegrityFault, Refusal
from core.operations.kind import Decoded

CLOCK_BACK_MS_MAX = 2 * 60 * 1000
"""Clocks are set right by seconds every day; what goes back further was set by somebody."""

_EVEN_STOPPED = frozenset({"session.opened", "session.closed"})
"""People may still sign in to look, and sign out."""

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
    """What speaks against doing it here and now, whatever the bank's rules say: `device_stopped`, `clock_went_back`.

    Rights that are spent count from a time on, so they wait for a clock that can be believed; whatever else is done
    takes the time of the operation before it, so that a chain's times never go back.
    """
    if workings.stopped is not None and decoded.kind.name not in _EVEN_STOPPED:
        yield Refusal("device_stopped", detail={"why": workings.stopped})
    authority = decoded.operation.authority
    spends = authority is not None and authority.rights > 0
    if spends and workings.clock.now_ms() < workings.last_at_ms - CLOCK_BACK_MS_MAX:
        yield Refusal("clock_went_back", detail={"last": instant(workings.last_at_ms)})


def leaving(decoded: Decoded[Any], findings: Iterable[Refusal]) -> tuple[Refusal, ...]:
    """The findings without those that may not keep anybody from signing out."""
    if decoded.kind.name != "session.closed":
        return tuple(findings)
    return tuple(finding for finding in findings if finding.code != "device_revoked")
