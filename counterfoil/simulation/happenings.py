"""What may happen in a step, and how often: people at work, the line, the machines, the clocks, the centre.

A happening is a function of the simulation that draws from `simulation.chance` alone. To add one: write the function,
and name it with its weight in `HAPPENINGS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from counterfoil.simulation import clerks, counter, ends, machines, office, restoring
from counterfoil.simulation.desk import Desk
from counterfoil.simulation.simulation import Simulation
from counterfoil.simulation.steps import BACKED_UP, RESTORED

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
TROUBLE_PERCENT = 8
"""How many messages fare badly on a line that is well."""


def let_time_pass(simulation: Simulation) -> None:
    """Before each step: mostly seconds, sometimes minutes, seldom hours."""
    chance = simulation.chance
    roll = chance.random()
    if roll < 0.80:
        simulation.time.advance(chance.up_to(5_000))
    elif roll < 0.99:
        simulation.time.advance(chance.up_to(10 * MINUTE_MS))
    else:
        simulation.time.advance(chance.up_to(3 * HOUR_MS))


def _some_desk(simulation: Simulation) -> Desk | None:
    free = simulation.free_desks()
    return simulation.chance.one_of(free) if free else None


def customer(simulation: Simulation) -> None:
    """Somebody comes to a counter."""
    desk = _some_desk(simulation)
    if desk is None:
        return

    def visit() -> None:
        if not desk.is_open:
            machines.opened(simulation, desk)
        elif desk.sign_in():
            counter.serve(simulation, desk)
        else:
            simulation.note(f"{desk.title} lets nobody sign in: {desk.device.stopped if desk.device else 'off'}")

    simulation.at_desk(desk, visit)


def sync(simulation: Simulation) -> None:
    """A desk's loop makes a step."""
    desk = _some_desk(simulation)
    if desk is not None:
        step_loop(simulation, desk)


def step_loop(simulation: Simulation, desk: Desk) -> None:
    """One step of the real loop."""
    loop = desk.loop

    def step() -> None:
        if loop is not None:
            state = loop.step()
            simulation.note(f"{desk.title} syncs: waiting {state.waiting}, {state.problem or 'well'}")

    simulation.at_desk(desk, step)


def resume(simulation: Simulation) -> None:
    """Something that had stopped in the middle goes on; where nothing has, another customer comes."""
    paused = simulation.conversations.paused
    if not paused:
        customer(simulation)
    else:
        conversation = simulation.chance.one_of(paused)
        simulation.note(f"{conversation.owner} goes on after {conversation.waits_for}")
        simulation.resume(conversation)


def late_message(simulation: Simulation) -> None:
    """A message arrives for which nobody waits any more."""
    late = simulation.network.late
    if late:
        place = int(simulation.chance.random() * len(late))
        simulation.note(f"a late message arrives: {late[place].device} {late[place].target}")
        simulation.conversations.begin("line", lambda: simulation.network.deliver_late(place))


def line(simulation: Simulation) -> None:
    """A line goes down, one way or both, gets worse, or is mended."""
    chance = simulation.chance
    desk = chance.one_of(simulation.machines)
    found = simulation.network.line(desk.name)
    kind = chance.choices(("mended", "down", "requests", "answers", "bad"), weights=(5, 3, 1, 2, 2))[0]
    found.mend(TROUBLE_PERCENT)
    if kind == "bad":
        found.trouble_percent = 50
    found.requests_cut = kind in ("down", "requests")
    found.answers_cut = kind in ("down", "answers")
    simulation.note(f"the line of {desk.title}: {kind}")


def desk_dies(simulation: Simulation) -> None:
    """A desk's machine dies, or is about to at one of its next writes."""
    chance = simulation.chance
    running = [desk for desk in simulation.machines if desk.on]
    if not running:
        return
    desk = chance.one_of(running)
    if chance.happens(70):
        desk.die_at_write(chance.up_to(9))
        simulation.note(f"{desk.title} will die at one of its next writes")
    else:
        simulation.note(f"{desk.title} dies")
        simulation.die(desk)


def desk_starts(simulation: Simulation) -> None:
    """A desk that is off is switched on."""
    off = [desk for desk in simulation.machines if not desk.on and not desk.is_lost]
    if off:
        start(simulation, simulation.chance.one_of(off))


def start(simulation: Simulation, desk: Desk) -> None:
    """Switch a desk on."""
    simulation.note(f"{desk.title} starts")
    simulation.at_desk(desk, desk.start)


def server_dies(simulation: Simulation) -> None:
    """A server process is killed and started again; sometimes all of them with their database."""
    servers = simulation.centre.servers
    killed = servers if simulation.chance.happens(20) else [simulation.chance.one_of(servers)]
    for server in killed:
        simulation.note(f"{server.name} is killed and starts again")
        simulation.centre.restart(server)
    # Whoever was in the middle of something with it has gone on.
    simulation.active |= {desk.title: desk for desk in simulation.machines}


def server_trouble(simulation: Simulation) -> None:
    """Servers get slow and mortal, or well again."""
    simulation.centre.trouble_percent = simulation.chance.one_of((0, 5, 20))
    simulation.note(f"the servers' trouble is at {simulation.centre.trouble_percent} percent")


def clock(simulation: Simulation) -> None:
    """A desk's clock goes wrong, or is set right."""
    chance = simulation.chance
    desk = chance.one_of(simulation.machines)
    kind = chance.choices(("right", "back", "ahead", "stopped", "a little off"), weights=(5, 2, 2, 2, 3))[0]
    desk.clock.set_right()
    if kind == "back":
        desk.clock.offset_ms = -chance.up_to(30 * 24 * HOUR_MS)
    elif kind == "ahead":
        desk.clock.offset_ms = chance.up_to(365 * 24 * HOUR_MS)
    elif kind == "stopped":
        desk.clock.stop()
    elif kind == "a little off":
        desk.clock.offset_ms = chance.up_to(4 * MINUTE_MS) - 2 * MINUTE_MS
    simulation.note(f"the clock of {desk.title}: {kind}")


def partner_trouble(simulation: Simulation) -> None:
    """The partner bank gets better or worse; something that was long on its way arrives there."""
    partner, chance = simulation.partner, simulation.chance
    partner.trouble_percent = chance.one_of((0, 20, 60))
    if partner.late:
        partner.deliver_late()
    simulation.note(f"the partner's trouble is at {partner.trouble_percent} percent")


Happening = Callable[[Simulation], None]
HAPPENINGS: Mapping[str, tuple[Happening, int]] = {
    "customer": (customer, 420),
    "sync": (sync, 220),
    "resume": (resume, 110),
    "late message": (late_message, 20),
    "line": (line, 30),
    "desk dies": (desk_dies, 15),
    "desk starts": (desk_starts, 25),
    "server dies": (server_dies, 10),
    "server trouble": (server_trouble, 6),
    "clock": (clock, 8),
    "jobs": (office.jobs, 45),
    "money comes in": (office.money_comes_in, 15),
    "clerk": (clerks.clerk, 45),
    "partner trouble": (partner_trouble, 8),
    "revoked": (machines.revoked, 3),
    "enrolled anew": (machines.enrolled_anew, 12),
    "cloned": (machines.cloned, 2),
    "file kept": (machines.file_kept, 4),
    "file put back": (machines.file_put_back, 6),
    "lost": (machines.lost, 2),
    "written off": (ends.written_off, 5),
    "late decided": (ends.late_decided, 14),
    "reversal asked": (ends.reversal_asked, 10),
    "tampered with": (machines.tampered_with, 2),
    BACKED_UP: (restoring.backed_up, 0),
    RESTORED: (restoring.restored, 0),
}
ALWAYS = frozenset({"customer", "sync", "resume", "desk starts"})
"""Without these nothing moves."""
