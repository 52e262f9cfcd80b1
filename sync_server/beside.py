"""Runs a job of the server in a thread beside the requests, a step at a time, until the server stops."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import structlog

from sync_server.store.home import MetOthers

Step = Callable[[], bool]
"""Takes the work one step further; False if nothing was to be done."""

_STOP_SECONDS = 15.0


@contextmanager
def beside(name: str, step: Step, idle_seconds: float) -> Iterator[None]:
    """Take steps while the block lasts: at once behind one that did something, otherwise after that pause."""
    stop = threading.Event()
    thread = threading.Thread(target=_run, args=(name, step, idle_seconds, stop), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_STOP_SECONDS)


def _run(name: str, step: Step, idle_seconds: float, stop: threading.Event) -> None:
    log = structlog.get_logger("sync_server.jobs")
    pause = idle_seconds
    while not stop.wait(pause):
        worked = False
        try:
            worked = step()
        except (psycopg.OperationalError, MetOthers) as problem:
            # A database that is away is waited for.
            log.warning("job.database", job=name, problem=type(problem).__name__)
        except Exception:
            # What is wrong with one thing stops no other; it is tried again later.
            log.exception("job.failed", job=name)
        pause = 0.0 if worked else idle_seconds
