"""What the status strip says, from the sync loop's state: never better than it is, and never asked of the database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

from core.clock import Clock, instant_ms
from core.money import Money
from core.sync.line import LineState as SyncState
from desktop.line_states import CHECKPOINT, ENDINGS, decide, may_ask
from desktop.widgets import LineState, LineStatus
from desktop.widgets.line_status import PayingOut, clock_text

TICK_MS = 1000
LEASE_ENDS_SOON_MS = 2 * 60 * 60_000
"""From then on it is said, without the line, that paying out is about to end."""

_PAYING = (LineState.OFFLINE, LineState.OVERDUE, LineState.HELD, LineState.RECOVERING, LineState.REFUSED)
"""Where cash is paid out although the centre can't be asked."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("line_reporting", text)


def local_time(milliseconds: int) -> datetime:
    """The time in the branch's own zone, which is this machine's."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone()


@dataclass(frozen=True, slots=True)
class AtDesk:
    """What the strip says besides the line: the drawer of the person at work, findings of the centre that nobody has
    looked at, and when the lease ends (0 where there is none, None while nobody has looked).
    """

    drawer: Money | None = None
    exceptions: int = 0
    lease_ends_ms: int | None = None


_NOTHING = AtDesk()


def status_of(state: SyncState, now_ms: int, at_desk: AtDesk = _NOTHING, *, simulated: bool = False) -> LineStatus:
    """The strip's moment for a moment of the loop."""
    oldest = state.oldest_waiting_at
    sending = state.sending
    shown = decide(state, now_ms, exceptions=at_desk.exceptions)
    up, ends = may_ask(state), at_desk.lease_ends_ms
    return LineStatus(
        state=shown,
        unsent=state.waiting,
        oldest_unsent=timedelta(milliseconds=now_ms - instant_ms(oldest)) if oldest else None,
        sent=sending.done if sending else 0,
        sending=sending.total if sending else 0,
        offline_since=local_time(state.offline_since_ms) if state.offline_since_ms is not None else None,
        balances_as_of=local_time(state.last_heard_ms) if state.last_heard_ms is not None else None,
        drawer=at_desk.drawer,
        detail=_detail_of(state, shown),
        simulated_clock=local_time(now_ms) if simulated else None,
        code=_code_of(state),
        line_up=up,
        exceptions=at_desk.exceptions,
        pays_until=local_time(ends) if ends else None,
        paying_out=paying_out(ends, now_ms) if ends is not None and not up and shown in _PAYING else "plain",
    )


def paying_out(ends_ms: int, now_ms: int) -> PayingOut:
    """What is to be said, without the line, of a lease that ends then."""
    if now_ms > ends_ms:
        return "ended"
    return "ending" if ends_ms - now_ms <= LEASE_ENDS_SOON_MS else "plain"


def _code_of(state: SyncState) -> str:
    """What is in the way; an absent line is none of it."""
    fault = state.feed_faults[0][1] if state.feed_faults else ""
    problem = state.problem if state.online or state.problem == "bug" else ""
    return state.device_stopped or problem or state.push_refused or fault or ""


def _detail_of(state: SyncState, shown: LineState) -> str:
    """Why it is not as it should be; an absent line needs no reason."""
    if state.device_stopped and state.problem not in ENDINGS:
        return _stopped(state.device_stopped)
    if state.push_refused:
        return _tr("What was done here is not taken ({code})").format(code=state.push_refused)
    if state.feed_faults:
        return _feed_fault(*state.feed_faults[0])
    if state.problem == "bug":
        return _tr("The program ran into a fault of its own. It tries again by itself.")
    if state.problem == "protocol_unsupported":
        return _tr("The centre speaks another version; what was done here is kept")
    if state.clock_wrong:
        return _clock_wrong(state.clock_wrong_by)
    if state.problem and state.online:
        return state.message or state.problem
    if shown is LineState.OVERDUE and state.offline_since_ms is not None:
        return _tr("Offline since {time}").format(time=clock_text(local_time(state.offline_since_ms)))
    return ""


def _feed_fault(feed: str, code: str) -> str:
    if code == CHECKPOINT:
        said = _tr("The centre's past of {feed} is not the one that this desk has read ({code}). Call an auditor")
        return said.format(feed=feed, code=code)
    return _tr("What the centre sends of {feed} can't be trusted ({code})").format(feed=feed, code=code)


def _clock_wrong(minutes: int) -> str:
    said = _tr("It is {n} min ahead of the centre's") if minutes > 0 else _tr("It is {n} min behind the centre's")
    return said.format(n=abs(minutes))


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
        self._at_desk = AtDesk()
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
        self.set_at_desk(replace(self._at_desk, drawer=drawer))

    def set_at_desk(self, at_desk: AtDesk) -> None:
        """What is said besides the line."""
        self._at_desk = at_desk
        self.refresh()

    def refresh(self) -> None:
        """Say how it is at this moment, if that is different from before."""
        status = status_of(self._state, self._clock.now_ms(), self._at_desk, simulated=self._clock.simulated)
        if status != self.status:
            self.status = status
            self.status_changed.emit(status)

    def stop(self) -> None:
        """Say nothing more."""
        self._timer.stop()

    def _take(self, state: SyncState) -> None:
        self._state = state
        self.refresh()
