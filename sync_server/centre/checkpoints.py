"""Making checkpoints: the centre signs, for the whole bank, how far every feed reaches and what it has been so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from core.clock import instant_ms
from core.envelope import read_operation
from core.operations import rules
from core.operations.checkpoints import CheckpointMade, FeedMark
from core.operations.kind import Decoded
from sync_server.centre.issue import Centre, Issued, issue
from sync_server.ingest.settle import BANK_FEED
from sync_server.settings import CheckpointPolicy
from sync_server.store.home import Database, Home

FEEDS_AT_ONCE = 200
"""How many feeds one operation names: with many more it would be larger than an operation may be."""


def make_checkpoint(home: Home, centre: Centre) -> tuple[Issued, ...]:
    """Sign where every feed stands, in as many operations as that takes. No feed is held for it.

    What is read together is true together; and each part, by its place on the centre's chain, vouches for those before.
    """
    marks = [FeedMark(*mark) for mark in home.feed_marks()]
    number = home.incarnations.hold()
    bodies = [CheckpointMade(incarnation=number, feeds=part) for part in _parts(marks)]
    return tuple([issue(home, centre, None, body) for body in bodies])


def _parts(marks: Sequence[FeedMark]) -> Iterator[tuple[FeedMark, ...]]:
    for first in range(0, max(1, len(marks)), FEEDS_AT_ONCE):
        yield tuple(marks[first : first + FEEDS_AT_ONCE])


def make_if_due(home: Home, centre: Centre, policy: CheckpointPolicy) -> tuple[Issued, ...]:
    """A checkpoint if the newest one is old, or much has happened since; nothing otherwise, and where nothing has.

    One at a time makes them, whatever the number of processes.
    """
    home.lock_feeds([BANK_FEED])
    marks = {feed: position for feed, position, _hash in home.feed_marks()}
    if not marks:
        return ()
    newest = _newest(home, ceil(len(marks) / FEEDS_AT_ONCE))
    if not newest or newest[0].operation.epoch != home.incarnations.number():
        return make_checkpoint(home, centre)
    said: dict[str, int] = {}
    for part in newest:
        for mark in part.body.feeds:
            said.setdefault(mark.feed, mark.position)
    said[BANK_FEED] = said.get(BANK_FEED, 0) + len(newest)  # the checkpoint's own places
    new = sum(position - said.get(feed, 0) for feed, position in marks.items())
    old_ms = centre.clock.now_ms() - instant_ms(newest[0].operation.at)
    due = new >= policy.operations or (new > 0 and old_ms >= policy.minutes * 60_000)
    return make_checkpoint(home, centre) if due else ()


def step(database: Database, centre: Centre, policy: CheckpointPolicy) -> bool:
    """Make a checkpoint if one is due; False if none is. Raises what the home does."""
    with database.transaction() as home:
        return bool(make_if_due(home, centre, policy))


def _newest(home: Home, parts: int) -> list[Decoded[CheckpointMade]]:
    """The parts of the newest checkpoint, the last of them first."""
    return [rules.decode(read_operation(jws)) for jws in home.newest_of_kind("checkpoint.made", parts)]
