"""The end of a run: everything is mended and started, works until it is quiet, and then all must agree.

`delivered`: everything made was sent, everything sent was read. `replicas_equal`: what a desk holds of its branch is
what the centre holds. `quiet`: the bank comes to rest by itself.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from core.book.rows import DeviceEpoch
from core.device.feeds import BANK_FEED
from counterfoil.simulation import ends, office, restoring
from counterfoil.simulation.commuting import shuffle
from counterfoil.simulation.desk import Desk
from counterfoil.simulation.feeds import COMPARED, concerning, feed_of
from counterfoil.simulation.happenings import step_loop
from counterfoil.simulation.invariants import Watch
from counterfoil.simulation.model import payload_of
from counterfoil.simulation.other_banks import look_at_payments
from counterfoil.simulation.receipts import look_at_receipts
from counterfoil.simulation.register import Chain
from counterfoil.simulation.simulation import Simulation
from sync_server.centre.devices import give_up
from sync_server.centre.forgotten import FORGOTTEN
from sync_server.store.memory.tables import FEED_HEADS, OPERATIONS, UNBOOKED

_ROUNDS_MAX = 40
_RESUMPTIONS_MAX = 2_000
_JOBS_MAX = 200
_ROUNDS_OF_WRITE_OFF = 8
"""In how many rounds two supervisors try to write off who will never report: some branch may have none left."""


def heal(simulation: Simulation, watch: Watch, since: dict[str, int]) -> None:
    """Mend everything, let it work until it is quiet, and hold all homes against one another. Raises `Violation`.

    `since` says where each feed stood in the founded bank.
    """
    _mend(simulation)
    for round_ in range(_ROUNDS_MAX):
        simulation.active = {}
        before = _progress(simulation)
        _finish_conversations(simulation)
        _work(simulation)
        _end_the_silent(simulation, round_)
        simulation.time.advance(60_000)
        watch.look(simulation)
        resting = _progress(simulation) == before and not simulation.conversations.paused
        if resting and (round_ > _ROUNDS_OF_WRITE_OFF or not restoring.unaccounted(simulation)):
            break
    else:
        simulation.violated("quiet", f"the bank does not come to rest in {_ROUNDS_MAX} rounds")
    _recovered(simulation, watch)
    for desk in simulation.machines:
        if desk.device is not None and desk.device.stopped is None:
            _delivered(simulation, desk)
            if desk.chain not in simulation.dishonest and not _has_late(simulation, desk):
                # What a desk that pays beyond its rights makes of them depends on what it had heard of by then.
                _equal(simulation, desk)
    shuffle(simulation, simulation.chance.one_of(sorted(simulation.accounts)), since)
    watch.look_at_all(simulation)
    look_at_receipts(simulation)
    look_at_payments(simulation)


def _mend(simulation: Simulation) -> None:
    simulation.note("everything is mended")
    simulation.centre.trouble_percent = 0
    simulation.partner.trouble_percent = 0
    while simulation.partner.late:
        simulation.partner.deliver_late()
    for line in simulation.network.lines.values():
        line.mend(0)
    for desk in simulation.machines:
        desk.clock.set_right()
        desk.live_on()


def _finish_conversations(simulation: Simulation) -> None:
    for _ in range(_RESUMPTIONS_MAX):
        if simulation.conversations.paused:
            simulation.resume(simulation.conversations.paused[0])
        elif simulation.network.late:
            simulation.conversations.begin("line", lambda: simulation.network.deliver_late(0))
        else:
            return
    simulation.violated("quiet", "conversations go on for ever")


def _work(simulation: Simulation) -> None:
    for desk in simulation.machines:
        if desk.is_lost:
            continue
        if not desk.on:
            simulation.at_desk(desk, desk.start)
        if desk.loop is not None:
            desk.loop.resume()
            step_loop(simulation, desk)
    office.work(simulation, _JOBS_MAX)


def _end_the_silent(simulation: Simulation, round_: int) -> None:
    """Who will never report to a restored centre is given up and written off, or it would wait for ever."""
    silent = {desk.chain: desk for desk in simulation.machines if restoring.is_silent(desk)}
    awaited = restoring.awaited(simulation)
    branches = sorted({row.branch for row in awaited if row.branch is not None})
    heard_of_all = [
        branch for branch in branches if all(_chain(row) in silent for row in awaited if row.branch == branch)
    ]
    if heard_of_all:
        office.at_centre(simulation, lambda home, server: give_up(home, server.centre, heard_of_all))
    for row in restoring.unaccounted(simulation):
        if row.state != "living" and _chain(row) in silent and round_ < _ROUNDS_OF_WRITE_OFF:
            simulation.conversations.begin("centre", partial(ends.write_off, simulation, silent[_chain(row)]))


def _chain(row: DeviceEpoch) -> Chain:
    return row.device, row.epoch


def _recovered(simulation: Simulation, watch: Watch) -> None:
    """Once nobody is awaited, whatever any desk has heard of its branch is at the centre again."""
    if not simulation.restores:
        return
    waiting = restoring.awaited(simulation)
    if waiting:
        simulation.violated("recovered", f"{waiting} have not reported")
    for desk in simulation.machines:
        if desk.device is None or desk.device.stopped is not None or desk.chain in simulation.dishonest:
            continue
        late = simulation.centre.database.committed(UNBOOKED).keys()
        for stored in desk.home.log.operations:
            operation = payload_of(stored.jws)
            if (operation["device"], operation["epoch"], stored.hash) in late:
                continue
            if operation["id"] not in watch.places and operation["branch"] in (None, desk.branch):
                simulation.violated("acknowledged_kept", f"{operation['kind']} that {desk.chain} has did not come back")


def _has_late(simulation: Simulation, desk: Desk) -> bool:
    """Whether a desk has heard what two people have to decide over: nobody is left who has what lies before it."""
    kept = simulation.centre.database.committed(UNBOOKED).items() if simulation.restores else ()
    late = {hash_ for (_, _, hash_), unbooked in kept if unbooked.operation.reason != FORGOTTEN}
    return bool(late) and any(stored.hash in late for stored in desk.home.log.operations)


def _progress(simulation: Simulation) -> tuple[Any, ...]:
    heads = simulation.centre.database.committed(FEED_HEADS)
    return (
        len(simulation.centre.database.committed(OPERATIONS)),
        tuple(sorted(heads.items())),
        tuple(desk.home.head() for desk in simulation.machines),
        tuple(len(desk.home.log.operations) for desk in simulation.machines),
    )


def _delivered(simulation: Simulation, desk: Desk) -> None:
    device, heads = desk.device, simulation.centre.database.committed(FEED_HEADS)
    if device is None:
        return
    if device.outbox().length:
        state = desk.loop.state if desk.loop is not None else None
        simulation.violated("delivered", f"{desk.chain} has {device.outbox().length} unsent: {state}")
    for feed in (BANK_FEED, desk.branch):
        if device.feed_position(feed) != heads.get(feed, 0):
            state = desk.loop.state if desk.loop is not None else None
            simulation.violated(
                "delivered",
                f"{desk.chain} has read {feed} to {device.feed_position(feed)} of {heads.get(feed)}: {state}",
            )


def _equal(simulation: Simulation, desk: Desk) -> None:
    """The same operations, the same entries, and the same rows about the branch's accounts and books."""
    log = desk.home.log
    for kept in feed_of(simulation, desk.branch):
        stored = log.stored(kept.id)
        if stored is None or stored.jws != kept.jws:
            simulation.violated("replicas_equal", f"{desk.chain} lacks {kept.kind} {kept.id}")
        if log.postings.get(kept.id, ()) != kept.postings:
            simulation.violated("replicas_equal", f"{desk.chain} has another entry of {kept.id}")
    concerns, there = concerning(simulation, desk.branch)
    for table in COMPARED:
        here = {key: row for key, row in desk.home.rows.tables.get(table, {}).items() if concerns(row)}
        if here != there[table]:
            key = min(
                (key for key in here.keys() | there[table].keys() if here.get(key) != there[table].get(key)), key=repr
            )
            simulation.violated(
                "replicas_equal", f"{desk.chain} has {here.get(key)}, the centre has {there[table].get(key)}"
            )
