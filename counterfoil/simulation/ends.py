"""Devices that are gone: two supervisors write one off, decide over what it still brought, have what it did undone."""

from __future__ import annotations

from core.book.rows import DeviceEpoch
from core.envelope import Signed, read_operation
from core.ledger import reversed_postings
from core.operations.ended import CARRYING, DeviceWriteOffRequested, LateDecided, carried
from core.operations.kind import Body
from core.operations.reversals import REVERSIBLE, ReversalRequested, lines
from counterfoil.simulation.counter import Account, Visit
from counterfoil.simulation.desk import Desk
from counterfoil.simulation.simulation import Simulation
from sync_server.centre.late import undecided_run
from sync_server.centre.write_offs import exposure_of
from sync_server.store.memory.tables import OPERATIONS

_NOBODY = Account("", "", "", "")
_ANEW_PERCENT = 30
"""How often two people decide anew over what was decided, where nothing else is left to decide."""
_LOST_PERCENT = 80
"""How often it is a device that is really off or out of use that is written off."""


def written_off(simulation: Simulation) -> None:
    """Two supervisors take a device of their branch for lost, having been shown what that may cost."""
    chance = simulation.chance
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
        kept = home.lookups.late(ended.chain)
    late = undecided_run(kept)
    if not late and kept and simulation.chance.happens(_ANEW_PERCENT):
        late = list(kept)
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


def reversal_asked(simulation: Simulation) -> None:
    """Two supervisors have something undone that an ended device did, sometimes what was undone before."""
    desk = simulation.chance.one_of(simulation.machines)
    simulation.conversations.begin("centre", lambda: _ask_to_reverse(simulation, desk))


def _ask_to_reverse(simulation: Simulation, ended: Desk) -> None:
    database = simulation.centre.database
    row = database.rows(DeviceEpoch).get(ended.chain)
    done = _done_by(simulation, ended)
    if row is None or row.state == "living" or not done:
        return
    original = simulation.chance.one_of(done)
    body = ReversalRequested(
        reverses=original.operation.id,
        reverses_hash=original.hash,
        postings=lines(reversed_postings(simulation.decode(original).postings)),
    )
    simulation.note(f"{original.operation.kind} {original.operation.id} of {ended.title} is to be undone")
    _two_supervisors(simulation, ended, body)


def _done_by(simulation: Simulation, desk: Desk) -> list[Signed]:
    """What it did and a counter may undo, in the central order, as it was sent or as it was booked late."""
    done = []
    for kept in simulation.centre.database.committed(OPERATIONS).values():
        if kept.kind in REVERSIBLE and kept.place[:2] == desk.chain:
            done.append(read_operation(kept.jws))
        elif kept.kind == CARRYING:
            inside = carried(simulation.decode(read_operation(kept.jws)).body)
            if inside.kind.name in REVERSIBLE and (inside.operation.device, inside.operation.epoch) == desk.chain:
                done.append(inside.signed)
    return done


def _two_supervisors(simulation: Simulation, about: Desk, body: Body) -> None:
    free = [desk for desk in simulation.free_desks() if desk.branch == about.branch and desk.is_open]
    others = [desk for desk in free if desk.chain != about.chain]
    if not others:
        return
    desk = simulation.chance.one_of(others)

    def sign() -> None:
        if desk.sign_in_second():
            Visit(simulation, desk, _NOBODY).do(body, by=desk.supervisor, approver=desk.second)

    simulation.at_desk(desk, sign)
