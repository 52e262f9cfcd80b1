"""Once the line is back, home says how much was sent, what the centre found about it, and where to look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from PySide6.QtCore import Qt

from core.clock import instant
from core.operations.bank import StaffSuspended
from core.sync.line import LineState as SyncState
from desktop.desk_watch import DeskWatch
from desktop.line_reporting import LineReporter
from tests.desktop.teller.teller_window import TellerWindow

MINUTE = 60_000


@dataclass
class Cut:
    """A desk at work whose line is cut and comes back, as the loop would say it."""

    window: TellerWindow
    reporter: LineReporter
    account: str

    def say(self, state: SyncState) -> None:
        self.reporter.take_state(state)
        self.window.settle()

    def waiting(self) -> int:
        return self.window.bench.device.outbox().length

    def cut(self) -> None:
        self.say(SyncState(problem="line_down", offline_since_ms=self.window.clock.now_ms(), waiting=self.waiting()))

    def deposit(self) -> None:
        bench = self.window.bench
        bench.perform(self.window.teller, bench.deposited(self.account, 200_00), drawer="kasse-1")
        self.window.clock.advance(MINUTE)
        self.cut()

    def mend(self) -> None:
        """The centre takes it all before the loop says that the line is there."""
        now_ms = self.window.clock.now_ms()
        self.window.bench.sync()
        self.cut()
        self.say(SyncState(online=True, last_heard_ms=now_ms))

    def mend_for_a_moment(self) -> None:
        """The centre answers, and the line is cut again before it has taken anything."""
        now_ms = self.window.clock.now_ms()
        oldest = instant(now_ms - MINUTE)
        self.say(SyncState(online=True, waiting=self.waiting(), oldest_waiting_at=oldest, last_heard_ms=now_ms))
        self.cut()


@pytest.fixture
def cut(window: TellerWindow) -> Iterator[Cut]:
    """Everything is at the centre, and the line is cut."""
    window.open_day()
    account = window.account(window.customer(), 1_000_00)
    window.bench.sync()
    reporter = LineReporter(window.clock)
    watch = DeskWatch(window.desk, reporter, reporter)
    made = Cut(window, reporter, account)
    made.cut()
    yield made
    reporter.stop()
    assert watch.parent() is reporter


def test_what_was_sent_once_the_line_is_back_is_said_until_somebody_has_looked(cut: Cut) -> None:
    cut.deposit()
    cut.deposit()
    cut.mend()
    window = cut.window
    assert window.says("Line back at ")
    assert window.says("2 operations sent, all booked.")
    window.key(Qt.Key.Key_F3)
    assert window.shell.current_name() == "journal"
    window.open("home")
    assert not window.says("Line back at ")


def test_what_the_centre_found_is_counted_apart_and_named_below(cut: Cut) -> None:
    cut.window.centre.issue(StaffSuspended(person="jens"))
    cut.deposit()
    cut.mend()
    assert cut.window.says("1 operation sent: 1 with an exception, named below.")
    assert cut.window.says("This member of staff is suspended.")


def test_a_line_that_was_cut_while_nothing_was_done_needs_no_words(cut: Cut) -> None:
    cut.mend()
    assert not cut.window.says("Line back at ")


def test_a_line_that_comes_and_goes_is_told_of_once_all_is_sent(cut: Cut) -> None:
    cut.deposit()
    cut.mend_for_a_moment()
    assert not cut.window.says("Line back at ")
    cut.deposit()
    cut.mend()
    assert cut.window.says("2 operations sent, all booked.")


def test_the_next_cut_takes_it_back(cut: Cut) -> None:
    cut.deposit()
    cut.mend()
    cut.cut()
    assert not cut.window.says("Line back at ")


def test_what_waits_and_is_not_listed_is_counted_beside_the_list(window: TellerWindow) -> None:
    assert window.says("3 sign-ins and the like wait to be sent as well.")
    window.bench.sync()
    window.open("home")
    assert not window.says("sign-ins and the like")
