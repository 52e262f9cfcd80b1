"""The centre restored: its database put back as at a backup, every server begun anew, the next incarnation begun.

The partner bank, the desks and what is under way on lines know nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.book.rows import DeviceEpoch
from core.records import read_record
from counterfoil.simulation.desk import Desk
from counterfoil.simulation.model import payload_of
from counterfoil.simulation.register import Chain
from counterfoil.simulation.simulation import Simulation
from sync_server.centre.incarnations import begin_incarnation
from sync_server.partner_bank.messages import end_to_end_id
from sync_server.store.memory.tables import GIVEN, INCARNATIONS, OPERATIONS, RECORDS, REPORTS, KeptReport

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
    rows = simulation.centre.database.rows(DeviceEpoch).values()
    simulation.once_ended |= {(row.device, row.epoch) for row in rows if row.state != "living"}
    before = simulation.centre.database.committed(OPERATIONS)
    records = simulation.centre.database.committed(RECORDS)
    try:
        simulation.centre.database.restore(backup)
    except RuntimeError:
        simulation.note("somebody is at the database: it is not restored")
        return
    # Whoever was in the middle of something went on as its server died.
    simulation.active |= {desk.title: desk for desk in simulation.machines}
    # Two lives that begin from one backup are told apart by the second in which they begin.
    simulation.time.advance(_SECOND_MS)
    kept = simulation.centre.database.committed(OPERATIONS)
    simulation.forgotten = tuple(item.jws for number, item in before.items() if number not in kept)
    simulation.forgotten_payments |= _payments(simulation, records)
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


def _payments(simulation: Simulation, records: Mapping[str, bytes]) -> dict[str, str]:
    """The end-to-end ids of payments that were forgotten, and the operations that say of them."""
    gone = [payload_of(jws) for jws in simulation.forgotten]
    out = {end_to_end_id(payload["id"]): payload["id"] for payload in gone if payload["kind"] in _LEAVES}
    received = [payload for payload in gone if payload["kind"] == "transfer.received"]
    for payload in received:
        if payload["body"]["route"] == "partner":
            out[read_record(records[payload["body"]["details"]])["end_to_end_id"]] = payload["id"]
    return out


def unheard(simulation: Simulation) -> set[str]:
    """The end-to-end ids of payments that only the partner bank knows of: nobody has heard of them who can say so."""
    homes = [desk.home for desk in simulation.machines if not is_silent(desk)]
    known = {payload_of(stored.jws)["id"] for home in homes for stored in home.log.operations}
    return {named for named, operation in simulation.forgotten_payments.items() if operation not in known}


def is_silent(desk: Desk) -> bool:
    """Whether what it had said to a centre that forgot it may never be said again."""
    return desk.is_lost or (desk.device is not None and desk.device.stopped is not None)


def _begin(simulation: Simulation) -> None:
    with simulation.centre.database.transaction() as home:
        begin_incarnation(home, simulation.centre.servers[0].centre)


# What is known of it afterwards


def has_reported(simulation: Simulation, chain: Chain) -> bool:
    """Whether a device epoch has said to this incarnation all that it knows; so has everybody in the first."""
    number = incarnation(simulation)
    return number == 1 or simulation.centre.database.committed(REPORTS).get(chain) == KeptReport(number)


def incarnation(simulation: Simulation) -> int:
    """The life that the centre's database is in."""
    return max(simulation.centre.database.committed(INCARNATIONS), default=1)


def awaited(simulation: Simulation) -> list[DeviceEpoch]:
    """The living device epochs that have yet to report."""
    return [row for row in unaccounted(simulation) if row.state == "living"]


def unaccounted(simulation: Simulation) -> list[DeviceEpoch]:
    """The same, with those that were revoked before they did: what they hold is not known."""
    rows = simulation.centre.database.rows(DeviceEpoch).values()
    return [
        row
        for row in sorted(rows, key=lambda row: (row.device, row.epoch))
        if row.purpose != "centre"
        and row.state != "written_off"
        and not has_reported(simulation, (row.device, row.epoch))
    ]


def is_recovering(simulation: Simulation) -> bool:
    """Whether it is not known yet what was promised on some account."""
    given = simulation.centre.database.committed(GIVEN)
    return bool(unaccounted(simulation)) or any(one.purpose != "left" for one in given.values())


def remembered(simulation: Simulation) -> set[str]:
    """The ids of all operations that a machine that is not lost has in a file."""
    homes = (home for desk in simulation.machines if not desk.is_lost for home in (desk.home, *desk.kept))
    return {payload_of(stored.jws)["id"] for home in homes for stored in home.log.operations}
