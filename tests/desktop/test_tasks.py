"""Work is done off the UI thread and its answers come back on it."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from core.errors import EnvironmentProblem, LineProblem
from desktop.tasks import Tasks


def test_answers_come_back_on_the_thread_of_the_window(tasks: Tasks, qtbot: QtBot) -> None:
    answered: list[tuple[str, str]] = []
    tasks.run(
        lambda: threading.current_thread().name,
        done=lambda worker: answered.append((worker, threading.current_thread().name)),
    )
    qtbot.waitUntil(lambda: bool(answered))
    worker, home = answered[0]
    assert worker.startswith("database")
    assert home == threading.current_thread().name


def test_the_database_thread_does_one_thing_at_a_time_in_the_order_asked(tasks: Tasks, qtbot: QtBot) -> None:
    under_way: list[int] = []
    together: list[int] = []
    order: list[int] = []

    def work(number: int) -> int:
        under_way.append(number)
        together.append(len(under_way))
        under_way.remove(number)
        return number

    for number in range(50):
        tasks.run(work, number, done=order.append)
    qtbot.waitUntil(lambda: len(order) == 50)
    assert order == list(range(50))
    assert set(together) == {1}


def test_the_network_does_not_wait_for_the_database(tasks: Tasks, qtbot: QtBot) -> None:
    gate, answered = threading.Event(), list[object]()
    tasks.run(gate.wait, 30.0)
    tasks.run_network(lambda: "over the wire", done=answered.append)
    qtbot.waitUntil(lambda: answered == ["over the wire"])
    gate.set()


def test_a_problem_of_the_environment_goes_to_whoever_asked(tasks: Tasks, qtbot: QtBot) -> None:
    def unreachable() -> None:
        raise LineProblem("The centre can't be reached.")

    failed: list[EnvironmentProblem] = []
    tasks.run_network(unreachable, failed=failed.append)
    qtbot.waitUntil(lambda: bool(failed))
    assert failed[0].code == "line_down"


def test_a_problem_that_nobody_waits_for_is_still_told(tasks: Tasks, qtbot: QtBot) -> None:
    def unreachable() -> None:
        raise LineProblem("The centre can't be reached.")

    with qtbot.waitSignal(tasks.problem_found) as signal:
        tasks.run_network(unreachable)
    assert isinstance(signal.args[0], LineProblem)


def test_a_bug_is_logged_each_time_and_shown_once(tasks: Tasks, qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    shown: list[str] = []
    tasks.bug_found.connect(shown.append)
    for _ in range(3):
        tasks.run(broken, failed=lambda _problem: pytest.fail("a bug is no problem of the environment"))
    qtbot.waitUntil(lambda: not tasks.is_busy())
    assert len(shown) == 1
    assert "ZeroDivisionError" in shown[0]
    assert sum("bug" in record.message for record in caplog.records) == 3


def test_no_answer_reaches_a_screen_that_is_gone(tasks: Tasks, qtbot: QtBot) -> None:
    gate, answered = threading.Event(), list[object]()
    owner = QObject()
    tasks.run(gate.wait, 30.0, done=answered.append, owner=owner)
    with qtbot.waitSignal(owner.destroyed):
        owner.deleteLater()
    gate.set()
    qtbot.waitUntil(lambda: not tasks.is_busy())
    assert answered == []


def test_cancelled_work_is_not_begun_and_not_answered(tasks: Tasks, qtbot: QtBot) -> None:
    gate, done = threading.Event(), list[object]()
    tasks.run(gate.wait, 30.0)
    job = tasks.run(done.append, 1, done=done.append)
    job.cancel()
    gate.set()
    qtbot.waitUntil(lambda: not tasks.is_busy())
    assert done == []


def test_shutting_down_ends_its_threads_and_delivers_nothing_more(look: object, qtbot: QtBot) -> None:
    tasks, answered = Tasks(), list[object]()
    started = threading.Event()
    tasks.run(started.set, done=answered.append)
    assert started.wait(5)
    tasks.shutdown()
    tasks.shutdown()
    tasks.run(lambda: 1, done=answered.append)
    qtbot.wait(20)
    assert answered == []
    assert not [t for t in threading.enumerate() if t in tasks._database._threads]
