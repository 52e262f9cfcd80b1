"""The money itself, counted beside the bank: what was paid out, and what may be, is never more than there is.

Neither is held against the centre's books: only against what was really made, wherever it was, and what stands in the
files of the desks. The second bank tells which limit counts and who was written off.
"""

from __future__ import annotations

from typing import Any

from core.book.rows import DeviceEpoch, Right
from counterfoil.simulation import restoring
from counterfoil.simulation.desk import Desk
from counterfoil.simulation.model import Model, Payload
from counterfoil.simulation.promises import drawn
from counterfoil.simulation.register import Chain, Register
from counterfoil.simulation.simulation import Simulation


def look_at_payouts(
    simulation: Simulation, register: Register, model: Model, touched: set[str], judged: set[str]
) -> None:
    """Judge the accounts that a step has touched, and those of which all is known again. Raises `Violation`."""
    if not touched and not judged:
        return
    excused = _excused(simulation, model)
    for account in sorted(touched):
        _rights_covered(simulation, register, model, account, excused)
    for account in sorted(judged):
        there = _left(register, account, model.account(account).limit, excused)
        if there < 0:
            simulation.violated("never_beyond", f"{-there} more was paid out of {account} than it holds")


def reports_awaited(simulation: Simulation, model: Model, operation: Payload) -> None:
    """A restored centre takes nothing from an account while a device that may pay of it has yet to say so."""
    waiting = {(row.device, row.epoch) for row in restoring.unaccounted(simulation)} - simulation.dishonest
    if operation["kind"] == "rights.granted" and _holds_it(simulation, operation["body"]):
        # What was granted before is counted again: it promises nobody anything that he has not.
        return
    for account, amount in drawn(model, operation):
        for desk in simulation.machines:
            if amount > 0 and desk.chain in waiting and (held := _held(desk, account)) > 0:
                simulation.violated(
                    "reports_awaited",
                    f"the centre draws {amount} of {account}; {desk.chain} may pay {held} and has not reported",
                )


def _holds_it(simulation: Simulation, body: Payload) -> bool:
    """Whether the device has that grant in its file already."""
    chain = (body["device"], body["epoch"])
    rows = [
        desk.home.rows.tables.get(Right, {}).get((body["account"], *chain))
        for desk in simulation.machines
        if desk.chain == chain
    ]
    return any(isinstance(row, Right) and row.granted >= body["granted"] for row in rows)


def _rights_covered(
    simulation: Simulation, register: Register, model: Model, account: str, excused: set[Chain]
) -> None:
    """What honest desks may pay by rights just now, all together, is there: whoever comes first."""
    held = {
        desk.chain: held_there
        for desk in simulation.machines
        if _may_pay(desk) and desk.chain not in excused and (held_there := _held(desk, account)) > 0
    }
    limit = model.account(account).limit
    if simulation.restores:
        # The centre may have forgotten a limit by which a desk pays that has heard of it.
        limit = max(limit, register.limits.get(account, 0))
    there = _left(register, account, limit, excused)
    if sum(held.values()) > max(0, there):
        simulation.violated("rights_covered", f"of {account} {held} may be paid, and {there} is there")


def _left(register: Register, account: str, limit: int, excused: set[Chain]) -> int:
    """What is on an account, in minor units, but for what was paid at the bank's own risk or by who had no right to."""
    at_risk = register.beyond.get(account, 0)
    by_others = sum(paid for (paid_of, chain), paid in register.paid.items() if paid_of == account and chain in excused)
    return register.posted.get(account, 0) + limit + at_risk + by_others


def _excused(simulation: Simulation, model: Model) -> set[Chain]:
    """Chains for whose payments no honest desk answers: tampered with, ended, or forgotten for good."""
    rows = simulation.centre.database.rows(DeviceEpoch).values()
    ended = {(row.device, row.epoch) for row in rows if row.state != "living"}
    silent = {desk.chain for desk in simulation.machines if simulation.restores and restoring.is_silent(desk)}
    return simulation.dishonest | model.written_off | ended | simulation.once_ended | silent


def _held(desk: Desk, account: str) -> int:
    """What a desk may pay of an account, by its own file."""
    return payable(desk.home.rows.tables.get(Right, {}).get((account, *desk.chain)))


def _may_pay(desk: Desk) -> bool:
    return desk.device is not None and desk.device.stopped is None


def payable(row: Any) -> int:
    """What a device epoch may pay by its rights, in minor units."""
    return 0 if row is None else int(row.granted + row.minted - row.used - row.returned)
