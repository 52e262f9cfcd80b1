"""What happens to desks' machines: revoked, enrolled anew, cloned, lost."""

from __future__ import annotations

from counterfoil.simulation import office
from counterfoil.simulation.chance import generator
from counterfoil.simulation.clocks import DeskClock
from counterfoil.simulation.desk import Desk
from counterfoil.simulation.enrolling import admit, enrolled, open_desk
from counterfoil.simulation.simulation import Simulation
from sync_server.centre.devices import revoke_device

EPOCHS_MAX = 4
"""A device is not enrolled anew more often than this in one run."""

_MACHINES_MAX = 9


def revoked(simulation: Simulation) -> None:
    """The centre ends a device epoch; the device may not hear of it for long."""
    desk = simulation.chance.one_of(simulation.desks)
    simulation.note(f"the centre revokes {desk.title}")
    office.at_centre(simulation, lambda home, server: revoke_device(home, server.centre, *desk.chain))


def enrolled_anew(simulation: Simulation) -> None:
    """A device that has stopped gets a new key, an empty file and its next epoch; its old machine may go on running."""
    ended = [desk for desk in simulation.desks if _has_ended(desk) and desk.epoch < EPOCHS_MAX]
    if not ended or len(simulation.machines) >= _MACHINES_MAX:
        return
    old = simulation.chance.one_of(ended)
    people = admit(simulation, f"{old.name}-{old.epoch + 1}", old.branch)
    new = enrolled(simulation, simulation.keys, old.name, old.branch, people)
    simulation.note(f"{new.title} takes the place of {old.title}")
    simulation.desks[simulation.desks.index(old)] = new
    simulation.others.append(old)
    simulation.at_desk(new, lambda: opened(simulation, new))


def opened(simulation: Simulation, desk: Desk) -> None:
    """Open a desk for the first time, as soon as the line lets it."""
    desk.is_open = open_desk(desk, simulation.date)
    simulation.note(f"{desk.title} {'opens' if desk.is_open else 'can not open yet'}")


def _has_ended(desk: Desk) -> bool:
    return desk.device is not None and desk.device.stopped is not None


def cloned(simulation: Simulation) -> None:
    """Somebody copies a whole machine, keyring and all, and both run: no software can know before they speak."""
    honest = [desk for desk in simulation.desks if desk.on and desk.is_open and desk.chain not in simulation.dishonest]
    if not honest or len(simulation.machines) >= _MACHINES_MAX:
        return
    desk = simulation.chance.one_of(honest)
    simulation.note(f"{desk.title} is cloned")
    clock = DeskClock(simulation.time)
    clone = desk.copy(clock, simulation.network, generator("clone", simulation.seed, desk.title).randbytes)
    clone.copy_of = desk.title
    clone.go_on()
    simulation.dishonest.add(desk.chain)
    simulation.others.append(clone)


def tampered_with(simulation: Simulation) -> None:
    """Somebody changes the program of a desk, which from here on pays now and then what it may not."""
    desk = simulation.chance.one_of(simulation.desks)
    simulation.note(f"{desk.title} is tampered with")
    simulation.dishonest.add(desk.chain)


def lost(simulation: Simulation) -> None:
    """A machine is gone for good, with all that it had not sent."""
    chance = simulation.chance
    desk = chance.one_of(simulation.machines)
    if desk.on and simulation.conversations.of(desk.title) is None:
        simulation.note(f"{desk.title} is lost")
        simulation.die(desk)
        desk.is_lost = True
