"""`paid_once`: what a partner bank has booked is what left, once; what came in from it is credited once.

Looked at when all is mended and at rest: each payment has ended by then, or waits for a person.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from core.book.rows import Transfer
from core.records import read_record
from counterfoil.simulation import restoring
from counterfoil.simulation.model import payload_of
from counterfoil.simulation.simulation import Simulation
from sync_server.partner_bank.messages import end_to_end_id
from sync_server.store.memory.tables import CASES, OPERATIONS, RECORDS


def look_at_payments(simulation: Simulation) -> None:
    """Raises `Violation`."""
    unheard = restoring.unheard(simulation)
    _went_out(simulation, unheard)
    _came_in(simulation, unheard)


def _went_out(simulation: Simulation, unheard: set[str]) -> None:
    partner = simulation.partner
    sent = {end_to_end_id(row.id): row for row in simulation.centre.database.rows(Transfer).values()}
    for named, amount in sorted(partner.booked.items()):
        row = sent.get(named)
        if row is None and named in unheard:
            continue
        if row is None or row.amount != amount or row.state == "returned":
            simulation.violated("paid_once", f"the partner has booked {amount} as {named}, here stands {row}")
    for named, row in sorted(sent.items()):
        if row.route == "partner" and row.state == "settled" and named not in partner.booked:
            simulation.violated("paid_once", f"{row.id} is settled, the partner has not booked it")


def _came_in(simulation: Simulation, unheard: set[str]) -> None:
    database = simulation.centre.database
    records, credited = database.committed(RECORDS), Counter[str]()
    cases = [case for case in database.committed(CASES).values() if case.code == "credited_twice"]
    twice = {msgspec.json.decode(case.detail)["account"] for case in cases}
    for kept in database.committed(OPERATIONS).values():
        if kept.kind == "transfer.received":
            body = payload_of(kept.jws)["body"]
            if body["route"] == "partner" and body["account"] not in twice:
                credited[read_record(records[body["details"]])["end_to_end_id"]] += body["amount"]
    amounts = {payment.end_to_end_id: payment.amount for payment in simulation.sent_in}
    for named, amount in sorted(credited.items()):
        if amount != amounts[named]:
            simulation.violated("paid_once", f"{amount} was credited for {named}, which brought {amounts[named]}")
    missing = simulation.came_in.keys() - credited.keys() - unheard
    for named in sorted(missing) if not twice else ():
        simulation.violated("paid_once", f"nothing was credited for {named}, which was accepted")
