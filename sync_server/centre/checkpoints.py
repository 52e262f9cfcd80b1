"""Making checkpoints: the centre signs, for the whole bank, how far every feed reaches and what it has been so far."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import structlog

from core.clock import instant_ms
from core.envelope import read_operation
from core.operations import rules
from core.operations.checkpoints import CheckpointMade, FeedMark
from core.operations.kind import Decoded
from sync_server.centre.issue import Centre, Issued, issue
from sync_server.ingest.settle import BANK_FEED
from sync_server.services import Services
from sync_server.settings import CheckpointPolicy
from sync_server.store.home import Home, MetOthers

_LOOK_SECONDS = 5.0
_STOP_SECONDS = 15.0


def make_checkpoint(home: Home, centre: Centre) -> Issued:
    """Sign where every feed stands. What is read together is true together, so no feed is held for it."""
    marks = tuple(FeedMark(*mark) for mark in home.feed_marks())
    return issue(home, centre, None, CheckpointMade(incarnation=home.incarnations.hold(), feeds=marks))


def make_if_due(home: Home, centre: Centre, policy: CheckpointPolicy) -> Issued | None:
    """A checkpoint if the newest one is old, or much has happened since; None otherwise, and where nothing has.

    One at a time makes them, whatever the number of processes.
    """
    home.lock_feeds([BANK_FEED])
    marks = {feed: position for feed, position, _hash in home.feed_marks()}
    newest = _newest(home)
    if not marks:
        return None
    if newest is None or newest.operation.epoch != home.incarnations.number():
        return make_checkpoint(home, centre)
    said = {mark.feed: mark.position for mark in newest.body.feeds}
    said[BANK_FEED] = said.get(BANK_FEED, 0) + 1  # the checkpoint's own place
    new = sum(position - said.get(feed, 0) for feed, position in marks.items())
    old_ms = centre.clock.now_ms() - instant_ms(newest.operation.at)
    due = new >= policy.operations or (new > 0 and old_ms >= policy.minutes * 60_000)
    return make_checkpoint(home, centre) if due else None


def _newest(home: Home) -> Decoded[CheckpointMade] | None:
    jws = home.newest_of_kind("checkpoint.made")
    return rules.decode(read_operation(jws)) if jws is not None else None


class CheckpointJob:
    """Looks now and then whether one is due, in this process; whoever comes second finds that none is."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._log = structlog.get_logger("sync_server.checkpoints")

    def run(self, stop: threading.Event) -> None:
        """Look until told to stop; a database that is away is waited for."""
        while not stop.wait(_LOOK_SECONDS):
            try:
                with self._services.database.transaction() as home:
                    make_if_due(home, self._services.centre, self._services.settings.checkpoints)
            except (psycopg.OperationalError, MetOthers) as problem:
                self._log.warning("checkpoints.database", problem=type(problem).__name__)
            except Exception:  # noqa: BLE001 - a checkpoint that fails stops nobody's work; the next look tries again
                self._log.exception("checkpoints.failed")


@contextmanager
def checkpoint_job(services: Services) -> Iterator[CheckpointJob]:
    """Run the job in a thread beside the requests."""
    job, stop = CheckpointJob(services), threading.Event()
    thread = threading.Thread(target=job.run, args=(stop,), name="checkpoints", daemon=True)
    thread.start()
    try:
        yield job
    finally:
        stop.set()
        thread.join(_STOP_SECONDS)
