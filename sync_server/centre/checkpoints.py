"""Making checkpoints: the centre signs, for the whole bank, how far every feed reaches and what it has been so far."""

from __future__ import annotations

from core.clock import instant_ms
from core.envelope import read_operation
from core.operations import rules
from core.operations.checkpoints import CheckpointMade, FeedMark
from core.operations.kind import Decoded
from sync_server.centre.issue import Centre, Issued, issue
from sync_server.ingest.settle import BANK_FEED
from sync_server.settings import CheckpointPolicy
from sync_server.store.home import Database, Home


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


def step(database: Database, centre: Centre, policy: CheckpointPolicy) -> bool:
    """Make a checkpoint if one is due; False if none is. Raises what the home does."""
    with database.transaction() as home:
        return make_if_due(home, centre, policy) is not None


def _newest(home: Home) -> Decoded[CheckpointMade] | None:
    jws = home.newest_of_kind("checkpoint.made")
    return rules.decode(read_operation(jws)) if jws is not None else None
