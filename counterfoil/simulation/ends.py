"""Devices that are gone: two supervisors write one off, and two decide over what an ended one still brought."""

from __future__ import annotations

from core.operations.ended import DeviceWriteOffRequested, LateDecided
from counterfoil.simulation.counter import Account, Visit
from counterfoil.simulation.desk import Desk
from counterfoil.simulation.restoring import awaited
from counterfoil.simulation.simulation import Simulation
from sync_server.centre.late import undecided_run
from sync_server.centre.write_offs import exposure_of

_NOBODY = Account("", "", "", "")
_LOST_PERCENT = 80
"""How often it is a device that is really off or out of use that is written off."""


def written_off(simulation: Simulation) -> None:
    """Two supervisors take a device of their branch for lost, having been shown what that may cost."""
    chance = simulation.chance
    if awaited(simulation):
        return
    gone = [desk for desk in simulation.machines if not desk.on or desk.is_lost or desk.is_replaced]
    known = gone if gone and chance.happens(_LOST_PERCENT) else simulation.desks
    desk = chance.one_of(known)
    simulation.conversations.begin("centre", lambda: write_off(simulation, desk))


def write_off(simulation: Simulation, lost: Desk) -> None:
    """Two supervisors of its branch ask for it, where a desk of theirs is free. Called inside a conversation."""
    with simulation.centre.database.transaction() as home:
        shown = exposure_of(home, *lost.chain)
    if shown is None or shown.state == "written_off":
        return
    body = DeviceWriteOffRequested(
        device=shown.device,
        epoch=shown.epoch,
        head_seq=shown.head_seq,
        currency=shown.currency,
        exposure=shown.amount,
    )
    simulation.note(f"{lost.title} is to be written off, exposed {shown.amount}")
    _two_supervisors(simulation, lost, body)


def late_decided(simulation: Simulation) -> None:
    """Two supervisors decide at once over all that an ended device still brought."""
    desk = simulation.chance.one_of(simulation.machines)
    simulation.conversations.begin("centre", lambda: _decide(simulation, desk))


def _decide(simulation: Simulation, ended: Desk) -> None:
    with simulation.centre.database.transaction() as home:
        late = undecided_run(home.lookups.late(ended.chain))
    if not late:
        return
    body = LateDecided(
        device=ended.name,
        epoch=ended.epoch,
        first_seq=late[0].seq,
        last_seq=late[-1].seq,
        last_hash=late[-1].hash,
        accept=simulation.chance.happens(75),
    )
    simulation.note(f"{len(late)} late operations of {ended.title} are decided over: {body.accept}")
    _two_supervisors(simulation, ended, body)


def _two_supervisors(simulation: Simulation, about: Desk, body: DeviceWriteOffRequested | LateDecided) -> None:
    free = [desk for desk in simulation.free_desks() if desk.branch == about.branch and desk.is_open]
    others = [desk for desk in free if desk.chain != about.chain]
    if not others:
        return
    desk = simulation.chance.one_of(others)

    def sign() -> None:
        if desk.sign_in_second():
            Visit(simulation, desk, _NOBODY).do(body, by=desk.supervisor, approver=desk.second)

    simulation.at_desk(desk, sign)
