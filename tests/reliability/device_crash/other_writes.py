"""A case for everything else that a desk writes: what the line brings, and the file itself."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import msgspec

from core.device import Device, DeviceIdentity
from core.device.door import Door
from core.device.keys import DATABASE_KEY, device_key
from core.operations.drawers import (
    DayOpened,
    DrawerOpened,
)
from core.people.keys import key_name, public_text
from core.store.engine import connect
from core.store.migrating import create
from core.store.store import Store
from core.sync.messages import Exceptional, PushAnswer
from tests.bank import DATE
from tests.core.device.desk import MemorySecrets
from tests.reliability.device_crash.case import Step, case
from tests.reliability.device_crash.operations import deposit
from tests.reliability.device_crash.scene import Scene, another_desk


def _accept_page(scene: Scene) -> Step:
    return lambda: scene.device.accept_feed_page(scene.kept["page"])


def _positions(scene: Scene, feed: str) -> int:
    scene.open()
    position = scene.device.feed_position(feed)
    scene.device.close()
    return position


def _stage_bank(scene: Scene) -> None:
    position = _positions(scene, "bank")
    for number in range(3):
        scene.desk.centre.admit(f"new-{number}", "teller", "odense")
    scene.kept["page"] = scene.desk.centre.page("bank", position)


def _stage_branch(times: int) -> Callable[[Scene], None]:
    """A colleague's desk has worked; this one has yet to read of it."""

    def stage(scene: Scene) -> None:
        desk, position = scene.desk, _positions(scene, "odense")
        second, supervisor, teller = another_desk(scene, "odense-2", "odense")
        second.perform(teller, DayOpened(), business_date=DATE)
        second.perform(teller, DrawerOpened(currency="DKK", amount=500_00), drawer="kasse-9")
        second.customer(teller, supervisor)
        for _ in range(times):
            second.perform(teller, second.deposited(scene.payee, 1_00))
        second.sync()
        second.device.close()
        scene.open()
        while scene.device.feed_position("bank") < len(desk.centre.feeds["bank"]):
            scene.device.accept_feed_page(desk.centre.page("bank", scene.device.feed_position("bank")))
        scene.device.close()
        scene.kept["page"] = desk.centre.page("odense", position)

    return stage


case("a page of the bank's feed", stage=_stage_bank)(_accept_page)
case("a page of the branch's feed", stage=_stage_branch(3))(_accept_page)
case("a long page", stage=_stage_branch(150))(_accept_page)


def _stage_answer(scene: Scene) -> None:
    scene.open()
    scene.sign_in()
    scene.desk.perform(scene.teller, scene.desk.deposited(scene.account, 12_00))
    run = scene.device.next_run(500)
    assert run is not None
    answer: PushAnswer = scene.desk.centre.push(run.device, run.epoch, run.operations, run.records)
    doubted = msgspec.structs.replace(
        answer.verdicts[-1], verdict="applied_with_exception", exceptions=(Exceptional("staff_suspended"),)
    )
    key = (run.device, run.epoch, doubted.seq)
    scene.desk.centre.verdicts[key] = doubted
    scene.kept["answer"] = msgspec.structs.replace(answer, verdicts=(*answer.verdicts[:-1], doubted))
    scene.device.close()


@case("a push answered", stage=_stage_answer)
def _accept_answer(scene: Scene) -> Step:
    return lambda: scene.device.accept_push_answer(scene.kept["answer"])


# The file itself


@case("a deposit and a checkpoint")
def _checkpoint(scene: Scene) -> Step:
    step = deposit(scene)
    # As after a thousand pages: the log is copied into the file behind this very commit.
    store = scene.device._workings.store
    assert isinstance(store, Store)
    store.cursor.execute("PRAGMA wal_autocheckpoint = 1")
    return step


@case("the program ended")
def _close(scene: Scene) -> Step:
    return scene.device.close


def _stage_left_open(scene: Scene) -> None:
    scene.open()
    scene.desk.sign_in("jens")
    scene.device.close()


@case("the program started", stage=_stage_left_open, cold=True)
def _start(scene: Scene) -> Step:
    return scene.open


def _stage_no_file(scene: Scene) -> None:
    """The centre trusts the key of a device that has no file yet."""
    desk = scene.desk
    desk.path.unlink()
    shutil.rmtree(desk.path.parent / "anchor", ignore_errors=True)
    desk.secrets = MemorySecrets()
    key = device_key(desk.secrets, desk.randomness)
    desk.centre.enrol("odense-3", "odense", public_text(key))
    desk.secrets.put(DATABASE_KEY, desk.randomness(32))
    centre_key = public_text(desk.centre.key)
    scene.kept["identity"] = DeviceIdentity(
        "odense-3", 1, "odense", "desktop", key_name(key), centre_key, "http://127.0.0.1:1"
    )


@case("the device made", stage=_stage_no_file, cold=True, restarts=True, works_after=False)
def _make(scene: Scene) -> Step:
    desk = scene.desk
    identity: DeviceIdentity = scene.kept["identity"]

    def step() -> None:
        desk.device = Device.create(desk.path, desk.secrets, desk.clock, desk.randomness, identity=identity)

    return step


def _stage_old_schema(scene: Scene) -> None:
    scene.desk.path.unlink()
    key = scene.desk.secrets.kept[DATABASE_KEY]
    create(scene.desk.path, key, to="0001")
    connection = connect(scene.desk.path, key)
    connection.execute("INSERT INTO settings VALUES ('language', 'da')")
    connection.close()


@case("the schema changed", stage=_stage_old_schema, cold=True, restarts=True, works_after=False)
def _migrate(scene: Scene) -> Step:
    def step() -> None:
        store = Store.open(scene.desk.path, scene.desk.secrets.kept[DATABASE_KEY])
        try:
            with Door(store.explained):
                assert store.setting("language") == "da"
        finally:
            store.close()

    return step
