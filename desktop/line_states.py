"""Which state of the line is shown: one decision, by one table, for the strip, for home and for the desk's own page."""

from __future__ import annotations

from core.clock import instant_ms
from core.sync.line import LineState as SyncState
from desktop.widgets import LineState

OVERDUE_MS = 15 * 60_000
"""What waits longer is overdue."""

REFUSALS = frozenset(
    {
        "device_unknown",
        "device_differs",
        "signature_missing",
        "signature_wrong",
        "feed_not_yours",
        "protocol_unsupported",
    }
)
ENDINGS = frozenset({"device_revoked", "device_quarantined"})
CHECKPOINT = "checkpoint_differs"


def decide(state: SyncState, now_ms: int, *, exceptions: int = 0) -> LineState:
    """The worst that is true at `now_ms` (milliseconds by the device's clock).

    `exceptions`: how much of this desk's work the centre found something about that nobody here has looked at.
    """
    if state.device_stopped or state.problem in ENDINGS:
        return LineState.STOPPED
    if any(code == CHECKPOINT for _feed, code in state.feed_faults):
        return LineState.CHECKPOINT
    if state.problem in REFUSALS:
        return LineState.REFUSED
    if state.problem == "clock_wrong" or state.clock_wrong:
        return LineState.CLOCK
    if state.recovering:
        return LineState.RECOVERING
    if is_held(state):
        return LineState.HELD
    if is_overdue(state, now_ms) and not state.sending:
        return LineState.OVERDUE
    if not state.online:
        return LineState.STARTING if state.problem is None else LineState.OFFLINE
    if exceptions:
        return LineState.HELD
    if state.sending:
        return LineState.SENDING
    return LineState.WAITING if state.waiting else LineState.ONLINE


def is_held(state: SyncState) -> bool:
    """Whether the centre takes nothing, or nothing more is taken from it, for a reason of its own."""
    return bool(state.stopped or state.push_refused or state.feed_faults or (state.online and state.problem))


def is_overdue(state: SyncState, now_ms: int) -> bool:
    """Whether something has waited for too long."""
    oldest = state.oldest_waiting_at
    return state.waiting > 0 and oldest is not None and now_ms - instant_ms(oldest) > OVERDUE_MS


def may_ask(state: SyncState) -> bool:
    """Whether the centre answers what it is asked."""
    trouble = state.problem or state.device_stopped or state.recovering or state.clock_wrong
    return state.online and not trouble and not is_held(state)
