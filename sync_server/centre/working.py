"""Runs what the centre carries further by itself in a thread beside the requests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import structlog

from sync_server.centre.standing_jobs import step
from sync_server.services import Services

_IDLE_SECONDS = 0.5
_STOP_SECONDS = 15.0


@contextmanager
def standing_jobs(services: Services) -> Iterator[None]:
    """Work until the server stops; a database that is away is waited for."""
    stop = threading.Event()
    thread = threading.Thread(target=_run, args=(services, stop), name="standing", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_STOP_SECONDS)


def _run(services: Services, stop: threading.Event) -> None:
    log = structlog.get_logger("sync_server.standing")
    while not stop.is_set():
        moved = False
        try:
            moved = step(services.database, services.centre)
        except psycopg.OperationalError as problem:
            log.warning("standing.database", problem=type(problem).__name__)
        except Exception:
            # What is wrong with one request stops no other; it is tried again later.
            log.exception("standing.failed")
        if not moved:
            stop.wait(_IDLE_SECONDS)
