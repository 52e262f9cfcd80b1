"""A home in memory undoes what a disk would undo, keeps what a disk would keep, and copies do not touch each other."""

import pytest

from core.device import Device
from core.store.log import ChainHead
from core.store.memory import MemoryHome
from core.store.sign_in import LocalPerson
from tests.core.device.conftest import OpenBranch, branch, centre, clock
from tests.core.device.desk import entries_of

__all__ = ["branch", "centre", "clock"]


class Died(BaseException):
    """The machine stopped here."""


def fill(home: MemoryHome) -> None:
    home.put_setting("theme", "dark")
    home.put_person(LocalPerson("jens", "Jens Holm"))
    home.log.move_chain("odense-1", 1, 7, "hash")
    home.log.add_records({"digest": b"data"})
    home.log.add_verdict(1, "applied", None, "", "[]")


def change(home: MemoryHome) -> None:
    home.put_setting("theme", "light")
    home.remove_person("jens")
    home.log.move_chain("odense-1", 1, 8, "other")
    home.log.chain("odense-2", 1)
    raise KeyError


def what_is_in(home: MemoryHome) -> object:
    log = home.log
    return home.setting("theme"), home.people(), dict(log.chains), log.record("digest"), dict(log.verdicts)


@pytest.mark.parametrize(("place", "kept"), [("begin", False), ("commit", False), ("committed", True)])
def test_a_machine_that_dies_at_a_write_keeps_all_of_it_or_nothing(place: str, kept: bool) -> None:
    home = MemoryHome()
    empty = what_is_in(home)

    def die(name: str) -> None:
        if name == place:
            raise Died

    home.on_write = die
    with pytest.raises(Died), home.transaction():
        fill(home)
    home.on_write = None
    assert (what_is_in(home) != empty) is kept
    with home.transaction():
        fill(home)
    assert home.log.chain("odense-1", 1) == ChainHead(1, 7, "hash")


def test_what_was_there_is_there_again_when_a_later_write_fails() -> None:
    home = MemoryHome()
    with home.transaction():
        fill(home)
    before = what_is_in(home)
    with pytest.raises(KeyError), home.transaction():
        change(home)
    assert what_is_in(home) == before


@pytest.mark.parametrize("branch", ["memory"], indirect=True)
@pytest.mark.parametrize(("place", "kept"), [("begin", False), ("commit", False), ("committed", True)])
def test_a_desk_that_dies_at_a_payment_has_made_it_or_not(branch: OpenBranch, place: str, kept: bool) -> None:
    desk = branch.desk
    account = desk.account(branch.teller, desk.customer(branch.teller, branch.supervisor))
    desk.perform(branch.teller, desk.deposited(account, 1_000_00))
    before, entries = desk.device.chain_head()[0], entries_of(desk)

    def die(name: str) -> None:
        if name == place:
            raise Died

    desk.memory.on_write = die
    with pytest.raises(Died):
        desk.perform(branch.teller, desk.withdrawn(account, 400_00))
    desk.memory.on_write = None
    device = Device.over(desk.memory, desk.device.key, branch.clock, desk.randomness, anchor=desk.anchor)
    assert device.stopped is None
    assert device.payable_here(account) == (600_00 if kept else 1_000_00)
    assert device.chain_head()[0] == before + kept + 2, "two sessions are closed"
    assert (entries_of(desk) != entries) is kept


@pytest.mark.parametrize("branch", ["memory"], indirect=True)
def test_a_copy_goes_its_own_way(branch: OpenBranch) -> None:
    desk = branch.desk
    account = desk.account(branch.teller, desk.customer(branch.teller, branch.supervisor))
    desk.perform(branch.teller, desk.deposited(account, 1_000_00))
    copy = desk.memory.copy()
    here = entries_of(desk)
    other = Device.over(copy, desk.device.key, branch.clock, desk.randomness)
    desk.perform(branch.teller, desk.withdrawn(account, 1_000_00))
    assert (desk.device.payable_here(account), other.payable_here(account)) == (0, 1_000_00)
    assert len(entries_of(desk)) > len(here)
    assert len(list(other.export_chain("odense-1", 1))) != len(list(desk.device.export_chain("odense-1", 1)))


def test_screens_read_a_file_only() -> None:
    with pytest.raises(NotImplementedError):
        MemoryHome().reading()
