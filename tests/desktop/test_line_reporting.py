"""The strip is green only when everything is at the centre, whatever else the loop says of itself."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from pytestqt.qtbot import QtBot

from core.clock import FixedClock, instant
from core.money import Money
from core.sync.line import LineState as SyncState
from core.sync.line import Sending
from desktop.line_reporting import AtDesk, LineReporter, status_of
from desktop.widgets import LineState, LineStatus
from desktop.widgets.line_faces import face_of

NOW = 1_795_000_000_000
WELL = SyncState(online=True, last_heard_ms=NOW - 1_000)


def status(state: SyncState) -> LineStatus:
    return status_of(state, NOW)


OLD = instant(NOW - 16 * 60_000)
YOUNG = instant(NOW - 60_000)
DOWN = SyncState(problem="line_down", message="No.", offline_since_ms=NOW - 60_000)


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (SyncState(), LineState.STARTING),
        (WELL, LineState.ONLINE),
        (replace(WELL, waiting=7, oldest_waiting_at=YOUNG), LineState.WAITING),
        (replace(WELL, sending=Sending(3, 10), waiting=7, oldest_waiting_at=OLD), LineState.SENDING),
        (replace(WELL, waiting=7, oldest_waiting_at=OLD), LineState.OVERDUE),
        (replace(DOWN, waiting=7, oldest_waiting_at=OLD), LineState.OVERDUE),
        (replace(DOWN, waiting=7, oldest_waiting_at=YOUNG), LineState.OFFLINE),
        (DOWN, LineState.OFFLINE),
        (SyncState(problem="bug", offline_since_ms=NOW), LineState.OFFLINE),
        (replace(WELL, problem="database_busy", message="Busy."), LineState.HELD),
        (replace(WELL, push_refused="chain_gap"), LineState.HELD),
        (replace(WELL, feed_faults=(("bank", "jws_signature"),)), LineState.HELD),
        (replace(DOWN, push_refused="chain_gap", waiting=7, oldest_waiting_at=OLD), LineState.HELD),
        (replace(WELL, recovering=True, push_refused="chain_gap"), LineState.RECOVERING),
        (replace(WELL, problem="clock_wrong"), LineState.CLOCK),
        (replace(DOWN, clock_wrong_by=-7, waiting=1, oldest_waiting_at=OLD), LineState.CLOCK),
        (replace(WELL, problem="device_unknown", stopped=True), LineState.REFUSED),
        (replace(WELL, problem="protocol_unsupported", stopped=True, clock_wrong_by=9), LineState.REFUSED),
        (replace(WELL, feed_faults=(("odense", "checkpoint_differs"),), clock_wrong_by=9), LineState.CHECKPOINT),
        (replace(WELL, problem="device_revoked", stopped=True), LineState.STOPPED),
        (replace(WELL, device_stopped="device_behind"), LineState.STOPPED),
        (
            replace(DOWN, device_stopped="chain_forked", feed_faults=(("bank", "checkpoint_differs"),)),
            LineState.STOPPED,
        ),
    ],
)
def test_the_worst_that_is_true_is_what_is_shown(state: SyncState, shown: LineState) -> None:
    assert status(state).state is shown
    assert (face_of(status(state)).tone == "ok") is state.all_sent


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (WELL, LineState.HELD),
        (replace(WELL, sending=Sending(3, 10), waiting=7), LineState.HELD),
        (DOWN, LineState.OFFLINE),
        (replace(WELL, waiting=7, oldest_waiting_at=OLD), LineState.OVERDUE),
        (replace(WELL, device_stopped="device_behind"), LineState.STOPPED),
    ],
)
def test_work_that_the_centre_found_something_about_is_held_until_it_was_looked_at(
    state: SyncState, shown: LineState
) -> None:
    found = status_of(state, NOW, AtDesk(exceptions=2))
    assert found.state is shown
    if shown is LineState.HELD:
        assert face_of(found).word == "2 to look at"
        assert found.with_line, "it does not keep the centre from answering"


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (SyncState(), None),
        (WELL, True),
        (replace(WELL, waiting=7, oldest_waiting_at=OLD), True),
        (replace(DOWN, waiting=7, oldest_waiting_at=OLD), False),
        (DOWN, False),
        (replace(WELL, push_refused="chain_gap"), False),
        (replace(WELL, recovering=True), False),
        (replace(WELL, problem="protocol_unsupported", stopped=True), False),
        (replace(WELL, device_stopped="device_behind"), False),
    ],
)
def test_whether_the_centre_can_be_asked_is_said_apart_from_the_state(state: SyncState, line: bool | None) -> None:
    found = status(state)
    assert (found.with_line, found.without_line) == (line is True, line is False)


@pytest.mark.parametrize(
    ("state", "ends_in_minutes", "said"),
    [
        (DOWN, 121, "plain"),
        (DOWN, 120, "ending"),
        (DOWN, -1, "ended"),
        (WELL, -1, "plain"),
        (replace(WELL, device_stopped="device_behind"), -1, "plain"),
    ],
)
def test_without_the_line_the_end_of_the_lease_is_said_beforehand(
    state: SyncState, ends_in_minutes: int, said: str
) -> None:
    assert status_of(state, NOW, AtDesk(lease_ends_ms=NOW + ends_in_minutes * 60_000)).paying_out == said


def test_a_desk_that_never_had_a_lease_pays_nothing_out_and_one_not_looked_at_is_not_judged() -> None:
    assert status_of(DOWN, NOW, AtDesk(lease_ends_ms=0)).paying_out == "ended"
    assert status_of(DOWN, NOW).paying_out == "plain"


def test_work_that_waits_is_never_green_and_says_how_old_it_is() -> None:
    waiting = status(replace(WELL, waiting=3, oldest_waiting_at=instant(NOW - 360_000)))
    assert (waiting.unsent, waiting.oldest_unsent) == (3, timedelta(minutes=6))
    assert face_of(waiting).tone != "ok"


def test_a_reason_stands_beside_everything_that_needs_a_person() -> None:
    assert "chain_gap" in status(replace(WELL, push_refused="chain_gap")).detail
    assert "bank" in status(replace(WELL, feed_faults=(("bank", "jws_signature"),))).detail
    assert status(replace(WELL, problem="device_revoked", message="Revoked.", stopped=True)).detail == "Revoked."
    assert "another version" in status(replace(WELL, problem="protocol_unsupported", stopped=True)).detail
    assert "7 min behind" in status(replace(WELL, clock_wrong_by=-7)).detail
    assert "device_behind" in status(replace(WELL, device_stopped="device_behind")).detail
    assert "fault of its own" in status(SyncState(problem="bug", message="?", offline_since_ms=NOW)).detail
    stopped_offline = SyncState(problem="line_down", message="No.", device_stopped="chain_forked")
    assert "chain_forked" in status(stopped_offline).detail
    assert status(SyncState(problem="line_down", message="No.", offline_since_ms=NOW)).detail == ""


def test_ages_grow_by_the_clock_and_the_drawer_is_said(qtbot: QtBot) -> None:
    clock = FixedClock(NOW)
    reporter = LineReporter(clock)
    said: list[LineStatus] = []
    reporter.status_changed.connect(said.append)
    reporter.take_state(replace(WELL, waiting=1, oldest_waiting_at=instant(NOW)))
    clock.advance(40_000)
    reporter.refresh()
    assert said[-1].oldest_unsent == timedelta(seconds=40)
    reporter.set_drawer(Money(100, "DKK"))
    assert said[-1].drawer == Money(100, "DKK")
    assert said[-1].simulated_clock is not None
    count = len(said)
    reporter.refresh()
    assert len(said) == count
    reporter.stop()


def test_while_a_restored_centre_gathers_it_says_that_work_goes_on_and_how_much_waits() -> None:
    waiting = face_of(status(replace(WELL, recovering=True, waiting=7, oldest_waiting_at=OLD)))
    assert "gathering" in waiting.word
    assert "7" in waiting.word
    assert "Go on with your work" in waiting.next_step
    assert "7" not in face_of(status(replace(WELL, recovering=True))).word
