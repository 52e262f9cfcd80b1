"""Enrolling a device epoch: people admitted, a key made and trusted, the desk opened for the first time."""

from __future__ import annotations

import msgspec
from nacl.signing import SigningKey

from core.book.rows import Staff
from core.clock import instant
from core.device import Device, DeviceIdentity, Performed
from core.errors import Refused
from core.operations.bank import Role, StaffAdmitted
from core.operations.drawers import DayOpened, DrawerOpened, VaultFunded
from core.operations.sessions import KeyRegistered
from core.people.keys import key_name, new_signing_key, public_text
from core.people.registration import Registration, RegistrationStatement, make_registration, make_witness
from core.records import make_record
from core.store.memory import MemoryHome
from core.sync.enrolment import make_enrolment
from counterfoil.simulation.centre_host import LEASE
from counterfoil.simulation.chance import generator
from counterfoil.simulation.clocks import DeskClock
from counterfoil.simulation.counter import CURRENCY
from counterfoil.simulation.desk import Desk, Person
from counterfoil.simulation.network import Line
from counterfoil.simulation.simulation import Simulation
from sync_server.centre.devices import EnrolmentState, invite_device, trust_device
from sync_server.centre.issue import issue
from sync_server.centre.keys import CentreKeys
from sync_server.exchange.enrolments import enrol

ROLES: tuple[Role, ...] = ("teller", "supervisor", "supervisor")
"""Of a desk's people: who serves, who approves, and who is asked where two supervisors must sign."""
_LIMIT = 10**9


def admit(simulation: Simulation, name: str, branch: str) -> tuple[str, ...]:
    centre = simulation.centre.servers[0].centre
    people = (f"{name}-t", f"{name}-s", f"{name}-v")
    for person, role in zip(people, ROLES, strict=True):
        if (person,) in simulation.centre.database.rows(Staff):
            # As their device was to be enrolled and was not.
            continue
        digest, record = make_record({"name": person.title()}, simulation.chance.randbytes)
        body = StaffAdmitted(
            person=person, branch=branch, role=role, currency=CURRENCY, approval_limit=_LIMIT, record=digest
        )
        with simulation.centre.database.transaction() as home:
            issue(home, centre, None, body, records={digest: record})
    return people


def enrolled(simulation: Simulation, keys: CentreKeys, name: str, branch: str, people: tuple[str, ...]) -> Desk:
    """A device's next epoch, with a new key and an empty file, trusted at the centre; its people get new keys."""
    chance = simulation.chance
    key = new_signing_key(chance.randbytes)
    epoch = _trusted(simulation, name, branch, key)
    simulation.network.lines.setdefault(name, Line(0))
    tellers, supervisors, seconds = (Person(code, new_signing_key(chance.randbytes)) for code in people)
    desk = Desk(
        name=name,
        branch=branch,
        epoch=epoch,
        key=key,
        home=MemoryHome(),
        clock=DeskClock(simulation.time),
        randomness=generator("desk", simulation.seed, name, epoch).randbytes,
        network=simulation.network,
        tellers=tellers,
        supervisors=supervisors,
        seconds=seconds,
        drawer=f"{name}-{epoch}",
        next_step=59_000_000,
    )
    desk.start(DeviceIdentity(name, epoch, branch, "desktop", key_name(key), keys.public, "https://centre.example"))
    return desk


def _trusted(simulation: Simulation, name: str, branch: str, key: SigningKey) -> int:
    """The epoch. Raises `Refused` while others have yet to say to a restored centre how far the last one came."""
    centre = simulation.centre.servers[0].centre
    with simulation.centre.database.transaction() as home:
        code = invite_device(home, centre, simulation.chance.randbytes, device=name, branch=branch, purpose="desktop")
    if not isinstance(code, str):
        raise TypeError(code)
    shown = msgspec.json.encode(make_enrolment(code, key))
    enrol(simulation.centre.exchange(simulation.centre.servers[0]), shown)
    with simulation.centre.database.transaction() as home:
        state = trust_device(home, centre, name, key_name(key), LEASE)
    if not isinstance(state, EnrolmentState):
        raise Refused(state)
    return state.epoch


def open_desk(desk: Desk, date: str) -> bool:
    """Read the feeds, register the first keys, sign in, open the day and a drawer. False where it can't yet."""
    device = desk.device
    if device is None or desk.loop is None:
        return False
    desk.loop.step()
    joining = _registered(desk, device, desk.seconds, desk.supervisors)
    keys = (device.register_keys(_registrations(desk, device)), device.register_keys([joining]))
    if not all(isinstance(done, Performed) for done in keys) or not desk.sign_in():
        return False
    teller, supervisor = desk.teller, desk.supervisor
    steps = (
        device.act("day.opened", DayOpened(), session=teller, business_date=date),
        device.act("vault.funded", VaultFunded(currency=CURRENCY, amount=10**9), session=supervisor),
        device.act("drawer.opened", DrawerOpened(currency=CURRENCY, amount=10**8), session=teller, drawer=desk.drawer),
    )
    return all(isinstance(step, Performed) for step in steps)


def _registrations(desk: Desk, device: Device) -> list[KeyRegistered]:
    people = (desk.tellers, desk.supervisors)
    return [_registered(desk, device, person, other) for person, other in zip(people, people[::-1], strict=True)]


def _registered(desk: Desk, device: Device, person: Person, witness: Person) -> KeyRegistered:
    said = RegistrationStatement(
        person=person.code,
        branch=desk.branch,
        device=desk.name,
        epoch=desk.epoch,
        key=public_text(person.key),
        at=instant(device.clock.now_ms()),
    )
    signatures = Registration(make_registration(said, person.key), make_witness(said, witness.key), None)
    return KeyRegistered(person=person.code, key=said.key, registration=signatures)
