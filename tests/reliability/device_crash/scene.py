"""A desk that has served customers, as every case finds it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.clock import FixedClock, instant_ms
from core.device import Device, OpenSession, Performed
from core.operations.leases import LeaseRenewed, lease_of
from core.people.keys import new_signing_key
from tests.bank import DATE
from tests.core.device.desk import Desk
from tests.core.device.memory_centre import MemoryCentre

NEXT_DATE = "2026-11-21"


@dataclass
class Scene:
    """A desk, what it has worked with, and, once signed in, its people."""

    desk: Desk
    customer: str = ""
    account: str = ""
    payee: str = ""
    kept: dict[str, Any] = field(default_factory=dict)
    sessions: dict[str, OpenSession] = field(default_factory=dict)

    @property
    def device(self) -> Device:
        """The open device."""
        return self.desk.device

    @property
    def teller(self) -> OpenSession:
        """Jens, who serves."""
        return self.sessions["jens"]

    @property
    def supervisor(self) -> OpenSession:
        """Mette, who approves."""
        return self.sessions["mette"]

    def open(self) -> None:
        """Start the program."""
        desk = self.desk
        desk.device = Device.open(desk.path, desk.secrets, desk.clock, desk.randomness)

    def sign_in(self) -> None:
        """Both at their places."""
        self.sessions = {person: self.desk.sign_in(person) for person in ("mette", "jens")}

    def sign_out(self) -> None:
        """Both gone."""
        for session in self.sessions.values():
            self.device.close_session(session, "signed-out")
        self.sessions = {}


def found(folder: Path) -> Scene:
    """A bank with a desk that has served customers, everything delivered, the program ended."""
    clock = FixedClock(instant_ms(f"{DATE}T08:00:00.000Z"))
    centre = MemoryCentre(clock, "odense", "aarhus")
    for person, role in (("mette", "supervisor"), ("karen", "supervisor"), ("jens", "teller"), ("sofie", "teller")):
        centre.admit(person, role, "odense")  # type: ignore[arg-type]
    scene = Scene(Desk(folder, centre, clock, "odense-1", "odense"))
    desk = scene.desk
    _lease(centre)
    desk.read()
    desk.found("mette", "jens")
    desk.staff_keys["karen"] = karen = new_signing_key(desk.randomness)
    done = desk.device.register_keys([desk._registration("karen", karen, desk.staff_keys["mette"])])
    assert isinstance(done, Performed), done
    scene.sign_in()
    desk.open_day(scene.teller, scene.supervisor)
    scene.customer = desk.customer(scene.teller, scene.supervisor)
    scene.account, scene.payee = (desk.account(scene.teller, scene.customer) for _ in range(2))
    for account in (scene.account, scene.payee):
        desk.perform(scene.teller, desk.deposited(account, 2_000_00))
    desk.perform(scene.teller, desk.withdrawn(scene.account, 100_00))
    scene.sign_out()
    desk.sync()
    desk.device.close()
    return scene


def another_desk(scene: Scene, device: str, branch: str) -> tuple[Desk, OpenSession, OpenSession]:
    """A second desk, in a folder of its own, with its supervisor and its teller signed in."""
    desk = scene.desk
    folder = desk.path.parent / device
    folder.mkdir()
    other = Desk(folder, desk.centre, desk.clock, device, branch)
    for person, role in (("freja", "supervisor"), ("karl", "teller")):
        desk.centre.admit(person, role, branch)  # type: ignore[arg-type]
    other.read()
    other.found("freja", "karl")
    return other, other.sign_in("freja"), other.sign_in("karl")


def _lease(centre: MemoryCentre) -> None:
    """Let the desk pay out for the day."""
    before = lease_of("odense-1", 1, centre.book)
    lease = LeaseRenewed(
        device="odense-1",
        epoch=1,
        number=before.number + 1 if before else 1,
        ends_at=f"{NEXT_DATE}T08:00:00.000Z",
        currency="DKK",
        per_payment=50_000_00,
        payments_to=1_000,
        sum_to=500_000_00,
        standin_per_payment=0,
        standin_payments_to=0,
        standin_sum_to=0,
    )
    centre.issue(lease, "odense")
