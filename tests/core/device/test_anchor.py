"""A file that is not what the device left is recognised without any line, and nothing is done on it."""

from pathlib import Path

import pytest

from core.clock import FixedClock
from core.device import OpenSession, Performed, Refusals
from core.device.anchor import Anchored, FileAnchor, MemoryAnchor, anchor_path
from core.errors import IntegrityFault
from core.operations.rights import RightsReturned
from tests.core.device.conftest import OpenBranch
from tests.core.device.desk import Desk, both_homes
from tests.core.device.memory_centre import MemoryCentre

KEY = bytes(range(32))


def account_with(branch: OpenBranch, amount: int) -> str:
    desk, teller = branch.desk, branch.teller
    account = desk.account(teller, desk.customer(teller, branch.supervisor))
    desk.perform(teller, desk.deposited(account, amount))
    return account


def sign_in_again(branch: OpenBranch) -> None:
    branch.teller, branch.supervisor = branch.desk.sign_in("jens"), branch.desk.sign_in("mette")


def why_stopped(desk: Desk) -> str | None:
    return desk.device.stopped


def handing_back(desk: Desk, account: str) -> str:
    """What the desk says to handing back a right by itself."""
    done = desk.device.act("rights.returned", RightsReturned(account=account, currency="DKK", returned=1))
    assert isinstance(done, Refusals)
    return done.first.code


@both_homes
def test_an_old_file_put_back_spends_nothing_and_writes_nothing(branch: OpenBranch) -> None:
    desk = branch.desk
    account = account_with(branch, 1_000_00)
    put_back = desk.kept_copy()
    sign_in_again(branch)
    desk.perform(branch.teller, desk.withdrawn(account, 1_000_00))
    put_back()
    assert desk.device.stopped == "rolled_back"
    assert desk.device.payable_here(account) == 1_000_00, "the file believes that the money is there still"
    head = desk.device.chain_head()
    refused = desk.device.open_session("jens", desk.staff_keys["jens"], 60_000_000)
    assert isinstance(refused, Refusals)
    assert (refused.first.code, refused.first.detail) == ("device_stopped", {"why": "rolled_back"})
    assert handing_back(desk, account) == "device_stopped"
    desk.reopen()
    assert (desk.device.stopped, desk.device.chain_head()) == ("rolled_back", head)


@both_homes
def test_the_true_file_put_back_again_is_gone_on_with(branch: OpenBranch) -> None:
    desk = branch.desk
    account = account_with(branch, 1_000_00)
    put_old_back = desk.kept_copy()
    sign_in_again(branch)
    desk.perform(branch.teller, desk.withdrawn(account, 400_00))
    put_true_back = desk.kept_copy(starting=False)
    put_old_back()
    assert why_stopped(desk) == "rolled_back"
    put_true_back()
    assert why_stopped(desk) is None
    sign_in_again(branch)
    assert desk.device.payable_here(account) == 600_00


@both_homes
def test_a_copy_that_went_another_way_is_not_gone_on_with(branch: OpenBranch) -> None:
    """Two copies of one file: the anchor remembers the way that was gone here."""
    desk = branch.desk
    account = account_with(branch, 1_000_00)
    put_back = desk.kept_copy()
    put_back(anchor=True)
    sign_in_again(branch)
    for _ in range(5):
        desk.perform(branch.teller, desk.withdrawn(account, 1_00))
    elsewhere = desk.kept_copy()
    put_back(anchor=True)
    sign_in_again(branch)
    desk.perform(branch.teller, desk.withdrawn(account, 900_00))
    elsewhere()
    assert desk.device.stopped == "rolled_back"


@both_homes
def test_a_file_without_its_anchor_is_in_doubt_until_the_anchor_is_there_again(branch: OpenBranch) -> None:
    desk = branch.desk
    account = account_with(branch, 1_000_00)
    desk.kept_copy()
    remembered = desk.anchor.head
    content = anchor_path(desk.path).read_bytes() if desk.home == "file" else b""
    desk.forget_anchor()
    assert why_stopped(desk) == "anchor_missing"
    assert handing_back(desk, account) == "device_stopped"
    desk.device.close()
    desk.anchor.head = remembered
    if desk.home == "file":
        anchor_path(desk.path).write_bytes(content)
    desk.reopen()
    assert why_stopped(desk) is None


@both_homes
def test_an_anchor_that_lags_behind_is_caught_up_with(branch: OpenBranch) -> None:
    """After a power cut the file may be further on than what was not flushed."""
    desk = branch.desk
    account = account_with(branch, 1_000_00)
    put_back = desk.kept_copy()
    sign_in_again(branch)
    desk.perform(branch.teller, desk.withdrawn(account, 1_00))
    put_back(home=False, anchor=True)
    assert desk.device.stopped is None
    assert isinstance(desk.sign_in("jens"), OpenSession)


def test_a_new_epoch_begins_anew_where_an_older_one_was_remembered(branch: OpenBranch) -> None:
    desk = branch.desk
    account_with(branch, 1_00)
    kept = anchor_path(desk.path).read_bytes()
    another = Desk(desk.path.parent / "another", branch.centre, branch.clock, "odense-7", "odense")
    another.device.close()
    anchor_path(another.path).write_bytes(kept)
    another.reopen()
    assert another.device.stopped == "anchor_missing", "another device's anchor says nothing of this one"
    another.device.close()


def test_a_desk_that_was_never_anchored_is_taken_as_it_stands(
    tmp_path: Path, centre: MemoryCentre, clock: FixedClock
) -> None:
    desk = Desk(tmp_path, centre, clock, "odense-8", "odense", "memory")
    desk.memory._settings.pop("anchored")
    desk.forget_anchor()
    assert desk.device.stopped is None
    assert desk.anchor.head == Anchored("odense-8", 1, 0, None)


class FullAnchor(MemoryAnchor):
    """An anchor on a disk that fails."""

    failing = False

    def write(self, head: Anchored) -> None:
        if self.failing:
            raise OSError("no space left")
        super().write(head)


def test_a_desk_is_held_to_its_anchor_only_once_that_outlasts_a_power_cut(
    tmp_path: Path, centre: MemoryCentre, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as disk:
        disk.setattr(FileAnchor, "flush", _fail)
        desk = Desk(tmp_path, centre, clock, "odense-9", "odense")
    stopped = []
    for _ in range(2):
        desk.forget_anchor()
        stopped.append(desk.device.stopped)
    assert stopped == [None, "anchor_missing"]
    desk.device.close()


def _fail(_anchor: FileAnchor) -> None:
    raise OSError("the disk does not answer")


def test_a_desk_that_cannot_keep_its_anchor_takes_money_but_pays_none(branch: OpenBranch) -> None:
    desk = branch.desk
    account = account_with(branch, 1_000_00)
    anchor = FullAnchor()
    desk.device._workings.mooring._anchor = anchor
    anchor.failing = True
    desk.perform(branch.teller, desk.deposited(account, 5_00))
    assert desk.refused(branch.teller, desk.withdrawn(account, 1)) == ["anchor_not_kept"]
    anchor.failing = False
    desk.perform(branch.teller, desk.deposited(account, 5_00))
    assert isinstance(desk.perform(branch.teller, desk.withdrawn(account, 1)), Performed)


def test_what_the_centre_notices_still_stops_a_folder_that_was_put_back_whole(branch: OpenBranch) -> None:
    """The anchor is no help where it was copied too: then the centre's head tells."""
    desk = branch.desk
    desk.sync()
    put_back = desk.kept_copy()
    sign_in_again(branch)
    account_with(branch, 1_00)
    desk.sync()
    put_back(anchor=True)
    assert desk.device.stopped is None
    with pytest.raises(IntegrityFault):
        desk.read()
    assert desk.device.stopped == "device_behind"


def test_a_torn_slot_leaves_the_one_before(tmp_path: Path) -> None:
    anchor = FileAnchor(tmp_path / "anchor" / "a", KEY)
    assert anchor.read() is None
    for seq in range(1, 6):
        anchor.write(Anchored("odense-1", 1, seq, f"hash-{seq}"))
    anchor.close()
    again = FileAnchor(anchor.path, KEY)
    assert again.read() == Anchored("odense-1", 1, 5, "hash-5")
    content = bytearray(anchor.path.read_bytes())
    content[content.index(b"hash-5")] ^= 1
    anchor.path.write_bytes(content)
    assert again.read() == Anchored("odense-1", 1, 4, "hash-4")
    again.write(Anchored("odense-1", 1, 6, "hash-6"))
    again.close()
    assert FileAnchor(anchor.path, KEY).read() == Anchored("odense-1", 1, 6, "hash-6")
    assert b"hash-4" in anchor.path.read_bytes(), "what holds is not written over"


@pytest.mark.parametrize("content", [b"", b"\xff" * 1024, b"{}" * 512, b" " * 1024, bytes(range(77))])
def test_an_anchor_that_this_device_did_not_write_says_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    assert FileAnchor(tmp_path / "a", KEY).read() is None


def test_nobody_else_can_write_an_anchor(tmp_path: Path) -> None:
    anchor = FileAnchor(tmp_path / "a", KEY)
    anchor.write(Anchored("odense-1", 1, 7, "hash"))
    anchor.close()
    assert FileAnchor(tmp_path / "a", bytes(32)).read() is None
