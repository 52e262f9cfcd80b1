"""The bank that every run begins with: founded once in a process by the real code, then copied for each seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from core.clock import instant_ms
from core.iban import make_iban
from core.operations.bank import BankFounded, BranchFounded
from core.people.keys import new_signing_key
from counterfoil.simulation.centre_host import CentreHost
from counterfoil.simulation.chance import Chance, generator
from counterfoil.simulation.clocks import DeskClock, TrueTime
from counterfoil.simulation.conversations import Conversations
from counterfoil.simulation.counter import CURRENCY, Account, Visit, deposit, open_account
from counterfoil.simulation.desk import Desk
from counterfoil.simulation.enrolling import admit, enrolled, open_desk
from counterfoil.simulation.happenings import TROUBLE_PERCENT
from counterfoil.simulation.network import Line, Network
from counterfoil.simulation.partner import PartnerBank
from counterfoil.simulation.simulation import PARTNER, Simulation
from sync_server.centre.issue import issue
from sync_server.centre.keys import CentreKeys
from sync_server.store.memory import MemoryDatabase

MORNING = "2026-11-20T08:00:00.000Z"
DATE = "2026-11-20"
BRANCHES = {"nor": 3, "syd": 2}
"""Branches, and how many desks each has."""

ACCOUNTS = {"nor": 4, "syd": 3}
SERVERS = 2
_BANK_CODE = "7654"


@dataclass
class World:
    """A founded bank at rest: everything sent, everything read, people signed in, drawers open."""

    time_ms: int
    keys: CentreKeys
    database: MemoryDatabase
    desks: tuple[Desk, ...]
    accounts: dict[str, tuple[Account, ...]]
    partner_ibans: tuple[str, ...]


@cache
def founded() -> World:
    """The bank of every run, made once."""
    chance = generator("world")
    time = TrueTime(instant_ms(MORNING))
    keys = CentreKeys(new_signing_key(chance.randbytes), chance.randbytes(32))
    simulation = _empty(0, time, chance, MemoryDatabase(), keys)
    simulation.conversations.begin("founders", lambda: _found(simulation, keys))
    return World(
        time_ms=time.now_ms(),
        keys=keys,
        database=simulation.centre.database,
        desks=tuple(simulation.desks),
        accounts={branch: tuple(accounts) for branch, accounts in simulation.accounts.items()},
        partner_ibans=tuple(make_iban("DK", PARTNER.bank_code, number) for number in range(1_000, 1_003)),
    )


def _found(simulation: Simulation, keys: CentreKeys) -> None:
    _found_bank(simulation, keys)
    for branch, desks in BRANCHES.items():
        for number in range(1, desks + 1):
            simulation.desks.append(_desk(simulation, keys, f"{branch}-{number}", branch))
        simulation.accounts[branch] = []
    for desk in simulation.desks:
        _open_for_the_day(desk)
    _sync_all(simulation)
    _first_customers(simulation)
    _sync_all(simulation)


def begin(seed: int) -> Simulation:
    """A run of that seed, at its beginning."""
    world = founded()
    chance = generator("run", seed)
    simulation = _empty(seed, TrueTime(world.time_ms), chance, world.database.copy(), world.keys)
    simulation.accounts = {branch: list(accounts) for branch, accounts in world.accounts.items()}
    simulation.centre.trouble_percent = chance.one_of((0, 3, 10))
    simulation.founded = world.desks
    simulation.partner_ibans = world.partner_ibans
    for desk in world.desks:
        simulation.network.lines[desk.name] = Line(TROUBLE_PERCENT)
        clock = DeskClock(simulation.time)
        copied = desk.copy(clock, simulation.network, generator("desk", seed, desk.name).randbytes)
        copied.go_on()
        simulation.desks.append(copied)
    return simulation


def _empty(seed: int, time: TrueTime, chance: Chance, database: MemoryDatabase, keys: CentreKeys) -> Simulation:
    conversations = Conversations()
    simulation = Simulation(seed=seed, keys=keys, date=DATE, time=time, chance=chance, conversations=conversations)

    def current() -> Chance:
        return simulation.chance

    simulation.centre = CentreHost(database, keys, time, conversations, current, SERVERS, seed)
    simulation.partner = PartnerBank(simulation.centre.pause, current)
    simulation.network = Network(conversations, simulation.centre.answer, current)
    return simulation


def _found_bank(simulation: Simulation, keys: CentreKeys) -> None:
    founded_as = BankFounded(
        name="Counterfoil Bank",
        country="DK",
        bank_code=_BANK_CODE,
        bic="CFOLDKKK",
        currency=CURRENCY,
        centre_key=keys.public,
    )
    centre = simulation.centre.servers[0].centre
    with simulation.centre.database.transaction() as home:
        issue(home, centre, None, founded_as)
    for branch in BRANCHES:
        with simulation.centre.database.transaction() as home:
            body = BranchFounded(branch=branch, name=branch.title(), address="Torvet 1", currency=CURRENCY)
            issue(home, centre, None, body)


def _desk(simulation: Simulation, keys: CentreKeys, name: str, branch: str) -> Desk:
    """A desk that the centre trusts, with two people of its own, who are each other's witness."""
    return enrolled(simulation, keys, name, branch, admit(simulation, name, branch))


def _open_for_the_day(desk: Desk) -> None:
    if not open_desk(desk, DATE):
        raise RuntimeError(f"{desk.title} does not open")
    desk.is_open = True


def _first_customers(simulation: Simulation) -> None:
    """Accounts with money in them, opened and filled at the branches' desks in turn."""
    nobody = Account("", "", "", "")
    for branch, count in ACCOUNTS.items():
        here = [desk for desk in simulation.desks if desk.branch == branch]
        for number in range(count):
            open_account(Visit(simulation, here[number % len(here)], nobody))
        _sync_all(simulation)
        for number, account in enumerate(simulation.accounts[branch]):
            deposit(Visit(simulation, here[number % len(here)], account))


def _sync_all(simulation: Simulation) -> None:
    for _ in range(2):
        for desk in simulation.desks:
            if desk.loop is not None:
                desk.loop.step()
    simulation.time.advance(1000)
