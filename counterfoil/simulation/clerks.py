"""What people at the centre do: limits, fees, holds, recalls, freezes, leases ended, staff suspended and reinstated."""

from __future__ import annotations

from collections.abc import Callable

from core.book.rows import DeviceEpoch, Freeze, Hold, Staff
from core.operations.accounts import AccountFrozen, FreezeLifted
from core.operations.bank import StaffReinstated, StaffSuspended
from counterfoil.simulation import office
from counterfoil.simulation.centre_host import Server
from counterfoil.simulation.counter import Account
from counterfoil.simulation.simulation import Simulation
from sync_server.centre.issue import issue
from sync_server.centre.leases import end_lease
from sync_server.centre.recalls import recall
from sync_server.centre.terms import charge_fee, place_hold, release_hold, set_limit
from sync_server.store.home import Home

Act = Callable[[Home, Server], object]


def clerk(simulation: Simulation) -> None:
    """Somebody at the centre does something to an account, a device or a person."""
    chance = simulation.chance
    branch = chance.one_of(sorted(simulation.accounts))
    known = simulation.accounts[branch]
    account = known[0] if chance.happens(50) else chance.one_of(known)
    habit = chance.choices(tuple(ACTS), weights=tuple(weight for _, weight in ACTS.values()))[0]
    act = ACTS[habit][0](simulation, account)
    if act is not None:
        simulation.note(f"the centre: {habit} {account.id}")
        office.at_centre(simulation, act)


def _limit(simulation: Simulation, account: Account) -> Act:
    """Anybody's limit, also of those who are about to leave."""
    target = simulation.chance.one_of((0, 5_000, 20_000, 50_000))
    anybody = simulation.chance.one_of(simulation.accounts[account.branch])
    return lambda home, server: set_limit(home, server.centre, anybody.id, target)


def _fee(simulation: Simulation, account: Account) -> Act:
    amount = simulation.chance.amount(5_000)
    return lambda home, server: charge_fee(home, server.centre, account.id, amount, "keeping")


def _hold(simulation: Simulation, account: Account) -> Act:
    amount = simulation.chance.amount(20_000)
    return lambda home, server: place_hold(home, server.centre, account.id, amount, "garnishment")


def _release(simulation: Simulation, _account: Account) -> Act | None:
    holds = sorted(row.id for row in simulation.centre.database.rows(Hold).values())
    if not holds:
        return None
    hold = simulation.chance.one_of(holds)
    return lambda home, server: release_hold(home, server.centre, hold)


def _recall(simulation: Simulation, account: Account) -> Act:
    here = [desk for desk in simulation.desks if desk.branch == account.branch]
    desk, keep = simulation.chance.one_of(here), simulation.chance.one_of((0, 1_000))
    return lambda home, server: recall(home, server.centre, account.id, *desk.chain, keep)


def _freeze(_simulation: Simulation, account: Account) -> Act:
    body = AccountFrozen(account=account.id, reason="court")
    return lambda home, server: issue(home, server.centre, account.branch, body)


def _lift(simulation: Simulation, account: Account) -> Act | None:
    rows = simulation.centre.database.rows(Freeze).values()
    standing = sorted(row.id for row in rows if row.account == account.id and row.lifted_by is None)
    if not standing:
        return None
    body = FreezeLifted(account=account.id, freeze=simulation.chance.one_of(standing))
    return lambda home, server: issue(home, server.centre, account.branch, body)


def _end_lease(simulation: Simulation, _account: Account) -> Act:
    desk = simulation.chance.one_of(simulation.desks)
    row = simulation.centre.database.rows(DeviceEpoch)[desk.chain]
    return lambda home, server: end_lease(home, server.centre, row)


def _suspend(simulation: Simulation, _account: Account) -> Act:
    desk = simulation.chance.one_of(simulation.desks)
    body = StaffSuspended(person=simulation.chance.one_of((desk.tellers, desk.supervisors)).code)
    return lambda home, server: issue(home, server.centre, None, body)


def _reinstate(simulation: Simulation, _account: Account) -> Act | None:
    suspended = sorted(row.code for row in simulation.centre.database.rows(Staff).values() if row.suspended)
    if not suspended:
        return None
    body = StaffReinstated(person=simulation.chance.one_of(suspended))
    return lambda home, server: issue(home, server.centre, None, body)


ACTS: dict[str, tuple[Callable[[Simulation, Account], Act | None], int]] = {
    "limit": (_limit, 20),
    "fee": (_fee, 20),
    "hold": (_hold, 12),
    "release": (_release, 10),
    "recall": (_recall, 12),
    "freeze": (_freeze, 3),
    "lift": (_lift, 10),
    "end lease": (_end_lease, 3),
    "suspend": (_suspend, 4),
    "reinstate": (_reinstate, 8),
}
