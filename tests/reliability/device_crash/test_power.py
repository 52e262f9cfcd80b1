"""The model of the disk: what is synced stays, of the rest any part, and names only with their folder."""

import random

from tests.reliability.device_crash.disk import Call
from tests.reliability.device_crash.power import SECTOR, PowerDisk


def written(file: str, offset: int, data: bytes) -> Call:
    return Call("write", file, offset, data)


def test_what_was_synced_stays_and_the_rest_may_go() -> None:
    disk = PowerDisk({"a": b"old"})
    disk.follow(written("a", 0, b"new"))
    assert disk.image(lambda _: False) == {"a": b"old"}
    assert disk.image(lambda _: True) == {"a": b"new"}
    disk.follow(Call("sync", "a"))
    disk.follow(written("a", 3, b"er"))
    assert disk.image(lambda _: False) == {"a": b"new"}
    assert disk.unsynced == 1


def test_a_write_is_torn_between_sectors() -> None:
    disk = PowerDisk({"a": bytes(3 * SECTOR)})
    disk.follow(written("a", SECTOR // 2, b"x" * SECTOR))
    torn = disk.image(lambda _: True, lambda sector: sector == 1)["a"]
    assert torn == bytes(SECTOR) + b"x" * (SECTOR // 2) + bytes(SECTOR // 2 + SECTOR)


def test_later_writes_may_survive_earlier_ones() -> None:
    disk = PowerDisk({"a": b"...."})
    for place in range(4):
        disk.follow(written("a", place, b"x"))
    assert disk.image(lambda number: number == 3) == {"a": b"...x"}
    lost = [disk.image(place.__ne__)["a"] for place in range(4)]
    assert lost == [b".xxx", b"x.xx", b"xx.x", b"xxx."]


def test_a_deleted_file_may_be_back_until_its_folder_is_synced() -> None:
    disk = PowerDisk({"a": b"1", "log": b"2"})
    disk.follow(Call("delete", "log"))
    assert disk.image(lambda _: False) == {"a": b"1", "log": b"2"}
    disk.follow(Call("sync-folder", "."))
    assert disk.image(lambda _: False) == {"a": b"1"}


def test_the_first_sync_of_a_new_log_keeps_its_name() -> None:
    disk = PowerDisk({"a": b"1"})
    disk.follow(Call("create", "log"))
    disk.follow(written("log", 0, b"2"))
    assert disk.image(lambda _: False) == {"a": b"1"}
    disk.follow(Call("sync", "log"))
    assert disk.image(lambda _: False) == {"a": b"1", "log": b"2"}


def test_a_file_put_in_place_may_be_either() -> None:
    disk = PowerDisk({"a": b"old", "a.new": b"new"})
    disk.follow(Call("replace", "a.new", target="a"))
    assert disk.image(lambda _: False) == {"a": b"old", "a.new": b"new"}
    assert disk.image(lambda _: True) == {"a": b"new"}


def test_the_same_seed_leaves_the_same() -> None:
    disk = PowerDisk({"a": bytes(4096)})
    for place in range(8):
        disk.follow(written("a", place * SECTOR, b"x" * SECTOR))
    one, other = (list(disk.images(random.Random(7), 20)) for _ in range(2))
    assert one == other
    assert len({image["a"] for image in one}) > 10
