"""The centre restored: its database put back as at a backup, every server begun anew, the next incarnation begun.

The partner bank, the desks and what is under way on lines know nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.book.rows import DeviceEpoch
from core.records import read_record
from counterfoil.simulation.model import payload_of
from counterfoil.simulation.register import Chain
from counterfoil.simulation.simulation import Simulation
from sync_server.centre.incarnations import begin_incarnation
from sync_server.partner_bank.messages import end_to_end_id
from sync_server.store.memory.tables import INCARNATIONS, OPERATIONS, RECORDS, REPORTS

_KILLS_MAX = 20
_SECOND_MS = 1000
_LEAVES = frozenset({"transfer.sent", "transfer.carried_out"})


def backed_up(simulation: Simulation) -> None:
    """A backup is taken of what the centre has committed."""
    simulation.note("the centre is backed up")
    simulation.backup = simulation.centre.database.copy()


def restored(simulation: Simulation) -> None:
    """The last backup is put back, where it knows every device that there is."""
    backup = simulation.backup
    if backup is None or any(desk.chain not in backup.rows(DeviceEpoch) for desk in simulation.machines):
        return
    _kill_servers(simulation)
    before = simulation.centre.database.committed(OPERATIONS)
    records = simulation.centre.database.committed(RECORDS)
    try:
        simulation.centre.database.restore(backup)
    except RuntimeError:
        simulation.note("somebody is at the database: it is not restored")
        return
    # Two lives that begin from one backup are told apart by the second in which they begin.
    simulation.time.advance(_SECOND_MS)
    kept = simulation.centre.database.committed(OPERATIONS)
    simulation.forgotten = tuple(item.jws for number, item in before.items() if number not in kept)
    simulation.unheard |= _unheard(simulation, records)
    simulation.restores += 1
    simulation.note(f"the centre is restored, and has forgotten {len(simulation.forgotten)} operations")
    simulation.conversations.begin("restorer", lambda: _begin(simulation))


def _kill_servers(simulation: Simulation) -> None:
    """Whatever works at the database is undone, also what begins where that ends."""
    trouble, simulation.centre.trouble_percent = simulation.centre.trouble_percent, 0
    for _ in range(_KILLS_MAX):
        for server in simulation.centre.servers:
            simulation.centre.restart(server)
        if not any(paused.at_server for paused in simulation.conversations.paused):
            break
    simulation.centre.trouble_percent = trouble


def _unheard(simulation: Simulation, records: Mapping[str, bytes]) -> set[str]:
    """End-to-end ids of payments that only the centre and the partner bank knew of."""
    known = remembered(simulation)
    gone = [payload for jws in simulation.forgotten if (payload := payload_of(jws))["id"] not in known]
    out = {end_to_end_id(payload["id"]) for payload in gone if payload["kind"] in _LEAVES}
    bodies = (payload["body"] for payload in gone if payload["kind"] == "transfer.received")
    details = [read_record(records[body["details"]]) for body in bodies if body["route"] == "partner"]
    return out | {detail["end_to_end_id"] for detail in details}


def _begin(simulation: Simulation) -> None:
    with simulation.centre.database.transaction() as home:
        begin_incarnation(home, simulation.centre.servers[0].centre)


# What is known of it afterwards


def has_reported(simulation: Simulation, chain: Chain) -> bool:
    """Whether a device epoch has said to this incarnation all that it knows; so has everybody in the first."""
    number = incarnation(simulation)
    return number == 1 or simulation.centre.database.committed(REPORTS).get(chain) == number


def incarnation(simulation: Simulation) -> int:
    """The life that the centre's database is in."""
    return max(simulation.centre.database.committed(INCARNATIONS), default=1)


def awaited(simulation: Simulation) -> list[Chain]:
    """The device epochs that have yet to report."""
    rows = simulation.centre.database.rows(DeviceEpoch).values()
    return sorted(
        (row.device, row.epoch)
        for row in rows
        if row.purpose != "centre" and row.state == "living" and not has_reported(simulation, (row.device, row.epoch))
    )


def remembered(simulation: Simulation) -> set[str]:
    """The ids of all operations that a machine that is not lost has in a file."""
    homes = (home for desk in simulation.machines if not desk.is_lost for home in (desk.home, *desk.kept))
    return {payload_of(stored.jws)["id"] for home in homes for stored in home.log.operations}
