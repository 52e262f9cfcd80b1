"""Work off the UI thread: one database thread, one network pool, results back on the UI thread by signal."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar, TypeVarTuple

from PySide6.QtCore import QObject, Qt, Signal, Slot
from shiboken6 import isValid

from core.errors import EnvironmentProblem

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")
_Arguments = TypeVarTuple("_Arguments")


class Job:
    """Something that was asked for. `cancel` means that nobody waits for the answer; work under way still ends."""

    def __init__(self, owner: QObject | None) -> None:
        self._owner = owner
        self._owned = owner is not None
        self._cancelled = threading.Event()
        self.future: Future[None] | None = None

    def cancel(self) -> None:
        """Drop the answer, and the work itself if it has not begun."""
        self._cancelled.set()
        if self.future is not None:
            self.future.cancel()

    def is_wanted(self) -> bool:
        """Whether somebody is still there for the answer."""
        if self._cancelled.is_set():
            return False
        return not self._owned or (self._owner is not None and isValid(self._owner))


@dataclass(frozen=True, slots=True)
class _Answer:
    job: Job
    done: Callable[[Any], None] | None
    failed: Callable[[EnvironmentProblem], None] | None
    result: Any = None
    problem: Exception | None = None


class Tasks(QObject):
    """Runs functions in the background and hands their answers to slots on the thread that made this object.

    Problems of the environment go to `failed`. Whatever else is raised is a bug: it is logged, and `bug_found` says so
    once per place, so that a broken screen does not bury its user in messages. `busy_changed` tells whether anything
    is under way.
    """

    bug_found = Signal(str)
    problem_found = Signal(object)
    """An `EnvironmentProblem` for which the caller had no `failed`."""
    busy_changed = Signal(bool)

    _answered = Signal(object)

    def __init__(self, *, network_workers: int = 4, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._database = ThreadPoolExecutor(1, thread_name_prefix="database")
        self._network = ThreadPoolExecutor(network_workers, thread_name_prefix="network")
        self._closed = False
        self._under_way = 0
        self._bugs_shown: set[str] = set()
        self._answered.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        function: Callable[[*_Arguments], _Result],
        *arguments: *_Arguments,
        done: Callable[[_Result], None] | None = None,
        failed: Callable[[EnvironmentProblem], None] | None = None,
        owner: QObject | None = None,
    ) -> Job:
        """Run on the database thread: one at a time, in the order asked. No answer comes once `owner` is gone."""
        return self._submit(self._database, lambda: function(*arguments), done, failed, owner)

    def run_network(
        self,
        function: Callable[[*_Arguments], _Result],
        *arguments: *_Arguments,
        done: Callable[[_Result], None] | None = None,
        failed: Callable[[EnvironmentProblem], None] | None = None,
        owner: QObject | None = None,
    ) -> Job:
        """Run in the network pool: several at once, in no promised order."""
        return self._submit(self._network, lambda: function(*arguments), done, failed, owner)

    def is_busy(self) -> bool:
        """Whether anything is under way or its answer not yet delivered."""
        return self._under_way > 0

    def shutdown(self) -> None:
        """Let what is under way end, drop what has not begun, deliver nothing more. Twice is harmless."""
        self._closed = True
        self._network.shutdown(wait=True, cancel_futures=True)
        self._database.shutdown(wait=True, cancel_futures=True)

    def _submit(
        self,
        pool: ThreadPoolExecutor,
        work: Callable[[], Any],
        done: Callable[[Any], None] | None,
        failed: Callable[[EnvironmentProblem], None] | None,
        owner: QObject | None,
    ) -> Job:
        job = Job(owner)
        if self._closed:
            job.cancel()
            return job
        self._count(1)
        job.future = pool.submit(self._work, job, work, done, failed)
        # Cancelled before it began, the function never runs: the count must come down all the same.
        job.future.add_done_callback(lambda f: self._say(_Answer(job, None, None)) if f.cancelled() else None)
        return job

    def _work(
        self,
        job: Job,
        work: Callable[[], Any],
        done: Callable[[Any], None] | None,
        failed: Callable[[EnvironmentProblem], None] | None,
    ) -> None:
        try:
            answer = _Answer(job, done, failed, result=work())
        except Exception as problem:  # noqa: BLE001 - carried to the UI thread, which tells bugs from circumstances
            answer = _Answer(job, done, failed, problem=problem)
        self._say(answer)

    def _say(self, answer: _Answer) -> None:
        if not self._closed:
            self._answered.emit(answer)

    @Slot(object)
    def _deliver(self, answer: _Answer) -> None:
        self._count(-1)
        if self._closed:
            return
        problem = answer.problem
        if problem is not None and not isinstance(problem, EnvironmentProblem):
            self.report_bug(problem)
        elif not answer.job.is_wanted():
            return
        elif isinstance(problem, EnvironmentProblem):
            if answer.failed is not None:
                answer.failed(problem)
            else:
                self.problem_found.emit(problem)
        elif answer.done is not None:
            answer.done(answer.result)

    def report_bug(self, problem: BaseException) -> None:
        """Log a bug, and show it if this place has not been shown yet."""
        _log.error("bug", exc_info=problem)
        place = traceback.extract_tb(problem.__traceback__)[-1:]
        where = f"{place[0].name} ({place[0].lineno})" if place else ""
        name = f"{type(problem).__name__} in {where}" if where else type(problem).__name__
        if name not in self._bugs_shown:
            self._bugs_shown.add(name)
            self.bug_found.emit(name)

    def _count(self, step: int) -> None:
        before, self._under_way = self._under_way, self._under_way + step
        if (before == 0) != (self._under_way == 0):
            self.busy_changed.emit(self._under_way > 0)
