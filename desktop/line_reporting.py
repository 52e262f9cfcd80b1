"""What the status strip says, from the sync loop's state: never better than it is, and never asked of the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

from core.clock import Clock, instant_ms
from core.money import Money
from core.sync.line import LineState as SyncState
from desktop.widgets import LineState, LineStatus

TICK_MS = 1000
_REFUSED = frozenset(
    {
        "device_unknown",
        "device_revoked",
        "device_differs",
        "signature_missing",
        "signature_wrong",
        "feed_not_yours",
        "protocol_unsupported",
    }
)


def _tr(text: str) -> str:
    return QCoreApplication.translate("line_reporting", text)


def local_time(milliseconds: int) -> datetime:
    """The time in the branch's own zone, which is this machine's."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone()


def status_of(state: SyncState, now_ms: int, *, drawer: Money | None, simulated: bool) -> LineStatus:
    """The strip's moment for a moment of the loop."""
    oldest = state.oldest_waiting_at
    sending = state.sending
    return LineStatus(
        state=_state_of(state),
        unsent=state.waiting,
        oldest_unsent=timedelta(milliseconds=now_ms - instant_ms(oldest)) if oldest else None,
        sent=sending.done if sending else 0,
        sending=sending.total if sending else 0,
        offline_since=local_time(state.offline_since_ms) if state.offline_since_ms is not None else None,
        balances_as_of=local_time(state.last_heard_ms) if state.last_heard_ms is not None else None,
        drawer=drawer,
        detail=_detail_of(state),
        simulated_clock=local_time(now_ms) if simulated else None,
    )


def _state_of(state: SyncState) -> LineState:
    if state.problem in _REFUSED or state.device_stopped:
        return LineState.REFUSED
    if state.problem == "clock_wrong" or state.clock_wrong:
        return LineState.CLOCK
    if state.stopped or state.push_refused or state.feed_faults:
        return LineState.HELD
    if not state.online:
        return LineState.STARTING if state.problem is None else LineState.OFFLINE
    if state.problem:
        return LineState.HELD
    return LineState.SENDING if state.sending else LineState.ONLINE


def _detail_of(state: SyncState) -> str:
    """Why it is not as it should be; an absent line needs no reason."""
    if state.device_stopped and state.problem not in _REFUSED:
        return _stopped(state.device_stopped)
    if state.push_refused:
        return _tr("What was done here is not taken ({code})").format(code=state.push_refused)
    if state.feed_faults:
        feed, code = state.feed_faults[0]
        if code == "checkpoint_differs":
            return _tr(
                "The centre's past of {feed} is not the one that this desk has read ({code}). Call an auditor"
            ).format(feed=feed, code=code)
        return _tr("News of {feed} can't be trusted ({code})").format(feed=feed, code=code)
    if state.problem == "bug":
        return _tr("The program ran into a fault of its own. It tries again by itself.")
    if state.problem and (state.online or _state_of(state) is not LineState.OFFLINE):
        return state.message or state.problem
    return ""


def _stopped(code: str) -> str:
    if code == "rolled_back":
        said = _tr("This desk's file is an older copy ({code}): put back the newest one, or enrol the desk anew")
    elif code == "anchor_missing":
        said = _tr("This desk's anchor is not beside its file ({code}): put it back, or enrol the desk anew")
    else:
        said = _tr("This desk was stopped ({code}) and must be enrolled anew")
    return said.format(code=code)


class LineReporter(QObject):
    """Turns the loop's states, which come from its thread, into statuses on the UI thread, and keeps ages right."""

    status_changed = Signal(object)

    _state_came = Signal(object)

    def __init__(self, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._state = SyncState()
        self._drawer: Money | None = None
        self.status = LineStatus()
        self._state_came.connect(self._take)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.refresh)
        self._timer.start()

    def take_state(self, state: SyncState) -> None:
        """Called by the loop, from any thread."""
        self._state_came.emit(state)

    def set_drawer(self, drawer: Money | None) -> None:
        """What the drawer of the person at work should hold."""
        self._drawer = drawer
        self.refresh()

    def refresh(self) -> None:
        """Say how it is at this moment, if that is different from before."""
        status = status_of(self._state, self._clock.now_ms(), drawer=self._drawer, simulated=self._clock.simulated)
        if status != self.status:
            self.status = status
            self.status_changed.emit(status)

    def stop(self) -> None:
        """Say nothing more."""
        self._timer.stop()

    def _take(self, state: SyncState) -> None:
        self._state = state
        self.refresh()
