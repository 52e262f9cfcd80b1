"""What both demos begin with: the bank founded, some weeks of past, the desks enrolled, the people arrived."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from core.clock import SharedClock
from counterfoil.demo import world
from counterfoil.demo.bank import DemoBank
from counterfoil.demo.desks import MadeDesk, People, make_desk
from counterfoil.demo.history import BUSINESS_DAYS, BackOffice, SeededAccount, business_days
from counterfoil.line_proxy import Line

SEED = 20261120
Tell = Callable[[str], None]


@dataclass
class Prepared:
    """A bank on the morning of a business day. `lines` by branch can be cut; `accounts` by branch are from the past."""

    bank: DemoBank
    people: People
    lines: dict[str, Line]
    desks: dict[str, MadeDesk]
    accounts: dict[str, list[SeededAccount]]
    clock: SharedClock


def prepare(stack: ExitStack, directory: Path, morning_ms: int, tell: Tell) -> Prepared:
    """Make everything in `directory`, on a simulated clock that ends at `morning_ms`."""
    clock = SharedClock(directory / "clock")
    days = business_days(datetime.fromtimestamp(morning_ms / 1000, UTC).date(), BUSINESS_DAYS)
    founded = datetime(days[0].year, days[0].month, days[0].day, 6, 0, tzinfo=UTC)
    clock.set(int(founded.timestamp() * 1000))
    tell("Starting PostgreSQL, the sync server and the partner bank")
    bank = DemoBank(directory, clock)
    stack.callback(bank.close)
    bank.found()
    people = People(bank, clock)
    people.admit(world.OFFICE_STAFF)
    bank.start_server(simulated=True)
    bank.start_partner_bank(simulated=True)
    lines = {branch.code: Line(bank.server_port) for branch in world.BRANCHES}
    for line in lines.values():
        stack.callback(line.close)
    tell("Booking two weeks of business, by signed operations through ingest")
    accounts = _past(bank, clock, directory, days, lines)
    clock.set(morning_ms)
    tell("Enrolling the desks and welcoming the staff")
    people.admit(world.STAFF)
    desks: dict[str, MadeDesk] = {}
    for plan in world.DESKS:
        desk = make_desk(bank, plan, directory / plan.device, clock, lines[plan.branch].address)
        introduced_at = next((known for known in desks.values() if set(known.plan.people) & set(plan.people)), None)
        desks[plan.device] = desk
        people.arrive(desk, introduced_at)
    return Prepared(bank, people, lines, desks, accounts, clock)


def _past(
    bank: DemoBank, clock: SharedClock, directory: Path, days: list[date], lines: dict[str, Line]
) -> dict[str, list[SeededAccount]]:
    made = [make_desk(bank, plan, directory / plan.device, clock, lines[plan.branch].address) for plan in world.OFFICES]
    offices = [BackOffice(desk, clock, SEED) for desk in made]
    for place, day in enumerate(days):
        for office in offices:
            office.work(day, first=place == 0)
    for office in offices:
        office.hand_over()
    for desk in made:
        desk.close()
    return {desk.plan.branch: office.accounts for desk, office in zip(made, offices, strict=True)}
