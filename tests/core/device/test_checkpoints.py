"""A past that was rewritten, however well signed, is noticed by a desk that has read the old one."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from core.device.evidence import PastDiffers
from core.device.feed_hashes import FeedHashes
from core.envelope import read_operation
from core.errors import IntegrityFault
from core.operations.checkpoints import CheckpointMade, FeedMark, running_hashes
from core.operations.leases import LeaseRenewed
from core.operations.sessions import SessionOpened
from core.people.sessions import SessionStatement
from core.people.statements import read_statement
from core.sync.messages import FeedPage
from tests.core.device.conftest import OpenBranch
from tests.core.device.desk import Desk, both_homes
from tests.core.device.memory_centre import MemoryCentre


def marks(centre: MemoryCentre) -> tuple[FeedMark, ...]:
    """What the centre would say of its feeds now."""
    return tuple(
        FeedMark(feed, len(items), running_hashes("", [item.verdict.hash for item in items])[-1])
        for feed, items in sorted(centre.feeds.items())
        if items
    )


def make_checkpoint(centre: MemoryCentre) -> str:
    """A checkpoint of the centre; its hash."""
    return centre.issue(CheckpointMade(incarnation=1, feeds=marks(centre))).signed.hash


def rewrite(centre: MemoryCentre) -> None:
    """Put another operation in the place of the newest of the branch, under the centre's own key."""
    item = centre.feeds["odense"].pop()
    old = read_operation(item.jws).operation
    assert old.device == "centre-odense"
    end = centre.ends[old.device, old.epoch]
    end.seq, end.hash = old.seq - 1, old.prev
    body = msgspec.json.decode(old.body, type=LeaseRenewed)
    centre.issue(msgspec.structs.replace(body, number=body.number + 1), "odense")


def evidence_of(desk: Desk) -> PastDiffers | None:
    return desk.device.past_differs


def code_of(desk: Desk) -> str:
    with pytest.raises(IntegrityFault) as caught:
        desk.read()
    return caught.value.code


@both_homes
def test_a_rewritten_past_is_noticed_by_a_desk_that_has_read_the_old_one(branch: OpenBranch, tmp_path: Path) -> None:
    branch.desk.sync()
    branch.centre.renew("odense-1", "odense", number=2)
    branch.desk.sync()
    rewrite(branch.centre)
    make_checkpoint(branch.centre)
    bank = branch.desk.device.feed_position("bank")
    assert code_of(branch.desk) == "checkpoint_differs"
    assert branch.desk.device.feed_position("bank") == bank
    assert branch.desk.device.newest_checkpoint is None
    newcomer = Desk(tmp_path / "new", branch.centre, branch.clock, "odense-9", "odense", "memory")
    newcomer.read()
    assert newcomer.device.newest_checkpoint is not None


@both_homes
def test_what_shows_the_difference_is_kept_and_stays(branch: OpenBranch) -> None:
    desk = branch.desk
    desk.sync()
    branch.centre.renew("odense-1", "odense", number=2)
    desk.sync()
    assert evidence_of(desk) is None
    rewrite(branch.centre)
    made = make_checkpoint(branch.centre)
    assert code_of(desk) == "checkpoint_differs"
    found = evidence_of(desk)
    assert found is not None
    assert (found.feed, found.position) == ("bank", desk.device.feed_position("bank"))
    assert [read_operation(jws).hash for jws in found.said][-1] == made, "in the centre's own signed words"
    make_checkpoint(branch.centre)
    assert code_of(desk) == "checkpoint_differs"
    desk.reopen()
    assert evidence_of(desk) == found


@both_homes
def test_checkpoints_that_agree_are_kept_and_signed_for(branch: OpenBranch) -> None:
    desk = branch.desk
    desk.sync()
    hash_ = ""
    for _ in range(3):
        hash_ = make_checkpoint(branch.centre)
        desk.sync()
    seen = desk.device.newest_checkpoint
    assert seen is not None
    assert seen.hash == hash_
    session = desk.sign_in("mette")
    body = msgspec.json.decode(read_operation(session.opened).operation.body, type=SessionOpened)
    assert read_statement(body.statement, SessionStatement).checkpoint == hash_
    desk.reopen()
    assert desk.device.newest_checkpoint == seen


@both_homes
def test_a_checkpoint_about_what_is_not_read_yet_waits_for_it(branch: OpenBranch) -> None:
    desk, centre = branch.desk, branch.centre
    desk.sync()
    centre.renew("odense-1", "odense", number=2)
    make_checkpoint(centre)
    rewrite(centre)
    assert code_of(desk) == "checkpoint_differs"
    assert desk.device.newest_checkpoint is not None, "the bank-wide feed was sound"
    assert desk.device.feed_position("odense") < len(centre.feeds["odense"])


@both_homes
def test_a_page_that_states_another_past_is_not_taken(branch: OpenBranch) -> None:
    desk, centre = branch.desk, branch.centre
    desk.sync()
    page = centre.page("odense", desk.device.feed_position("odense"))
    stated = marks(centre)[-1].hash
    sound = FeedPage(page.feed, page.items, page.head, page.read_bank_to, 1, page.now, stated)
    desk.device.accept_feed_page(sound)
    with pytest.raises(IntegrityFault, match="checkpoint_differs"):
        desk.device.accept_feed_page(msgspec.structs.replace(sound, hash="A" * 43))


def test_the_newest_positions_are_known_and_older_ones_are_not() -> None:
    feed = FeedHashes(5, ("c", "d", "e"))
    assert [feed.at(position) for position in (2, 3, 5, 6)] == [None, "c", "e", None]
