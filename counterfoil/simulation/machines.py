"""What happens to desks' machines: revoked, enrolled anew, cloned, lost."""

from __future__ import annotations

from core.device.anchor import Anchored, MemoryAnchor
from core.errors import Refused
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
_ANCHOR_TOO_PERCENT = 15


def revoked(simulation: Simulation) -> None:
    """The centre ends a device epoch; the device may not hear of it for long."""
    desk = simulation.chance.one_of(simulation.desks)
    simulation.note(f"the centre revokes {desk.title}")
    office.at_centre(simulation, lambda home, server: revoke_device(home, server.centre, *desk.chain))


def enrolled_anew(simulation: Simulation) -> None:
    """A device that has stopped gets a new key, an empty file and its next epoch; its old machine may go on running."""
    ended = [desk for desk in simulation.desks if _has_ended(desk) and desk.epoch < EPOCHS_MAX and not desk.is_replaced]
    if not ended or len(simulation.machines) >= _MACHINES_MAX:
        return
    old = simulation.chance.one_of(ended)
    old.is_replaced = True
    simulation.conversations.begin("centre", lambda: _replaced(simulation, old))


def _replaced(simulation: Simulation, old: Desk) -> None:
    people = admit(simulation, f"{old.name}-{old.epoch + 1}", old.branch)
    try:
        new = enrolled(simulation, simulation.keys, old.name, old.branch, people)
    except Refused as refused:
        simulation.note(f"{old.title} is not enrolled anew: {refused.refusal.code}")
        old.is_replaced = False
        return
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


def _is_busy(simulation: Simulation, desk: Desk) -> bool:
    """Whether its machine is gone, or in the middle of something."""
    return desk.is_lost or simulation.conversations.of(desk.title) is not None


def file_kept(simulation: Simulation) -> None:
    """Somebody copies a desk's file, for a bad day."""
    desk = simulation.chance.one_of(simulation.desks)
    if not _is_busy(simulation, desk):
        desk.kept = [desk.home.copy()]
        simulation.note(f"the file of {desk.title} is copied")


def file_put_back(simulation: Simulation) -> None:
    """Somebody puts a copy of a desk's file back, or the right one; the anchor outside the file stays.

    Not where the machine died between the file and its anchor: nobody has been told of that last operation, so an
    older file without it is as good.

    Seldom the whole machine is set back, anchor and all: that is a clone of a machine that is gone.
    """
    chance = simulation.chance
    desks = [desk for desk in simulation.desks if desk.kept and _is_anchored(desk) and not _is_busy(simulation, desk)]
    if not desks:
        return
    desk = chance.one_of(desks)
    simulation.note(f"another file of {desk.title} is put in its place")
    simulation.die(desk)
    desk.kept = [desk.put_back(desk.kept[0])]
    if chance.happens(_ANCHOR_TOO_PERCENT):
        simulation.dishonest.add(desk.chain)
        desk.anchor = MemoryAnchor(_head_of(desk))
    if chance.happens(70):
        simulation.at_desk(desk, desk.start)


def _is_anchored(desk: Desk) -> bool:
    return desk.anchor.head == _head_of(desk) or (desk.device is not None and desk.device.stopped is not None)


def _head_of(desk: Desk) -> Anchored:
    """What the anchor would say, had it been kept with the file."""
    last = desk.home.log.own_head(*desk.chain, 0)
    return Anchored(*desk.chain, last.seq, last.hash)


def lost(simulation: Simulation) -> None:
    """A machine is gone for good, with all that it had not sent."""
    chance = simulation.chance
    desk = chance.one_of(simulation.machines)
    if desk.on and not _is_busy(simulation, desk):
        simulation.note(f"{desk.title} is lost")
        simulation.die(desk)
        desk.is_lost = True
