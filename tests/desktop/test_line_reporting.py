"""The strip is green only when everything is at the centre, whatever else the loop says of itself."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pytestqt.qtbot import QtBot

from core.clock import FixedClock, instant
from core.money import Money
from core.sync.line import LineState as SyncState
from core.sync.line import Sending
from desktop.line_reporting import LineReporter, status_of
from desktop.widgets import LineState, LineStatus
from desktop.widgets.line_status import face_of

NOW = 1_795_000_000_000
WELL = SyncState(online=True, last_heard_ms=NOW - 1_000)


def status(state: SyncState) -> LineStatus:
    return status_of(state, NOW, drawer=None, simulated=False)


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (SyncState(), LineState.STARTING),
        (WELL, LineState.ONLINE),
        (replace(WELL, sending=Sending(3, 10), waiting=7), LineState.SENDING),
        (SyncState(problem="line_down", offline_since_ms=NOW), LineState.OFFLINE),
        (replace(WELL, problem="device_revoked", stopped=True), LineState.REFUSED),
        (replace(WELL, device_stopped="device_behind"), LineState.REFUSED),
        (SyncState(problem="line_down", message="No.", device_stopped="chain_forked"), LineState.REFUSED),
        (SyncState(problem="bug", offline_since_ms=NOW), LineState.OFFLINE),
        (replace(WELL, problem="clock_wrong"), LineState.CLOCK),
        (replace(WELL, problem="database_busy", message="Busy."), LineState.HELD),
        (replace(WELL, push_refused="chain_gap"), LineState.HELD),
        (replace(WELL, feed_faults=(("bank", "jws_signature"),)), LineState.HELD),
        (SyncState(problem="line_down", offline_since_ms=NOW, push_refused="chain_gap"), LineState.HELD),
    ],
)
def test_each_state_of_the_loop_has_its_own_face(state: SyncState, shown: LineState) -> None:
    assert status(state).state is shown
    assert (face_of(status(state)).tone == "ok") is state.all_sent


def test_work_that_waits_is_never_green_and_says_how_old_it_is() -> None:
    waiting = status(replace(WELL, waiting=3, oldest_waiting_at=instant(NOW - 360_000)))
    assert (waiting.unsent, waiting.oldest_unsent) == (3, timedelta(minutes=6))
    assert face_of(waiting).tone != "ok"


def test_a_reason_stands_beside_everything_that_needs_a_person() -> None:
    assert "chain_gap" in status(replace(WELL, push_refused="chain_gap")).detail
    assert "bank" in status(replace(WELL, feed_faults=(("bank", "jws_signature"),))).detail
    assert status(replace(WELL, problem="device_revoked", message="Revoked.", stopped=True)).detail == "Revoked."
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
