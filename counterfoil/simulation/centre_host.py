"""The centre's servers: the real ingest, grants, feeds and payments behind the routes, over one database in memory.

Each server keeps its own cache of keys, as a process does. A server may stop in mid-transaction while others go on,
wait for a lock, or die between any two statements; the database undoes what it had not committed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar, cast
from urllib.parse import parse_qs, urlsplit

import msgspec

from core.clock import Clock
from core.errors import LineProblem, Refused
from core.ids import Identifiers
from core.rights import AllowancePolicy
from core.sync.requests import check_made
from counterfoil.simulation.chance import Chance
from counterfoil.simulation.conversations import Conversations
from counterfoil.simulation.network import Answer, Request
from sync_server.centre.issue import Centre, Gathering
from sync_server.centre.keys import CentreKeys
from sync_server.exchange import giving, incarnations, operations
from sync_server.exchange.access import Asked
from sync_server.exchange.exchange import Exchange
from sync_server.exchange.hearing import Hearing
from sync_server.ingest.keys import KnownKeys
from sync_server.policies import LeasePolicy
from sync_server.problems import Problem, database_busy, overtaken
from sync_server.store.home import MetOthers
from sync_server.store.memory import MemoryDatabase
from sync_server.store.memory.tables import OPERATIONS
from sync_server.store.values import ChainName

OWN_BIC = "CFOLDKKK"
LEASE = LeasePolicy(
    hours=2,
    per_payment=40_000,
    payments=6,
    paid=90_000,
    standin_per_payment=20_000,
    standins=2,
    stood_in=25_000,
)
"""What a lease allows in a simulated bank: little, so that its ends are met."""

ALLOWANCE = AllowancePolicy(amount=20_000, cap=60_000, accounts=5, floor=1_000, floor_percent=50)
"""What a simulated desk holds by allowance: so little that there is not always room."""

T = TypeVar("T")
FEEDS = "/v1/feeds/"
DOORS: Mapping[str, Callable[[Exchange, Asked], msgspec.Struct]] = {
    "/v1/operations": operations.push,
    "/v1/rights": giving.rights,
    "/v1/allowances": giving.allowances,
    "/v1/leases": giving.lease,
    "/v1/iban-blocks": giving.iban_block,
    "/v1/visits": giving.visit,
    "/v1/incarnation": incarnations.incarnation,
    "/v1/given-back": incarnations.given_back,
    "/v1/reported": incarnations.reported,
}
"""What answers at an address, besides the feeds."""

_encode = msgspec.json.Encoder().encode


class _VouchedFor(NamedTuple):
    """A request whose signature the simulated line has vouched for; its age is still looked at."""

    request: Request

    @property
    def body(self) -> bytes:
        """The bytes of its body."""
        return self.request.body

    def says(self) -> ChainName:
        """The device epoch that it is of."""
        return self.request.device, self.request.epoch

    def prove(self, _public_key: str, now_ms: int) -> None:
        """Raises `IntegrityFault` for a request of another time."""
        check_made(self.request.at_ms, now_ms)


class ServerDied(BaseException):
    """The process that worked on a request is gone; nothing runs after it."""


@dataclass
class Server:
    """One server process. `life` counts its starts: work begun in an earlier life never goes on."""

    name: str
    centre: Centre
    keys: KnownKeys = field(default_factory=KnownKeys)
    hearing: Hearing = field(default_factory=Hearing)
    life: int = 1

    def restart(self) -> None:
        """What it remembered is gone; what was under way in it is dead."""
        self.keys = KnownKeys()
        self.hearing = Hearing()
        self.life += 1


@dataclass
class _Work:
    """What a server is at: after `stall_in` or `die_in` more statements it stops or dies there."""

    server: Server
    life: int
    stall_in: int | None = None
    die_in: int | None = None


class CentreHost:
    """All servers before one database."""

    def __init__(
        self,
        database: MemoryDatabase,
        keys: CentreKeys,
        clock: Clock,
        conversations: Conversations,
        chance: Callable[[], Chance],
        servers: int,
        seed: object,
    ) -> None:
        self.database = database
        self._clock = clock
        self._conversations = conversations
        self._chance = chance
        self.servers = [
            Server(f"server-{number}", Centre(keys, clock, Identifiers(clock, Chance(f"{seed}/{number}").randbytes)))
            for number in range(1, servers + 1)
        ]
        self.trouble_percent = 0
        database.on_statement = self._on_statement
        database.wait = self._wait

    # Faults

    def _on_statement(self, _statement: str) -> None:
        work = self._work()
        if work is None:
            return
        if work.stall_in is not None:
            work.stall_in -= 1
            if work.stall_in <= 0:
                work.stall_in = None
                self.pause("a slow server")
        if work.die_in is not None:
            work.die_in -= 1
            if work.die_in <= 0:
                work.die_in = None
                raise ServerDied

    def _work(self) -> _Work | None:
        current = self._conversations.current
        return cast("_Work | None", current.at_server) if current is not None else None

    def _wait(self, _lock: object) -> None:
        self.pause("a lock")

    def pause(self, what: str) -> None:
        """Let others go on. Raises `ServerDied` if the server was killed meanwhile."""
        work = self._work()
        self._conversations.pause(what)
        if work is not None and work.life != work.server.life:
            raise ServerDied

    def restart(self, server: Server) -> None:
        """The process is killed and started again: its open transactions are undone at once."""
        server.restart()
        for paused in tuple(self._conversations.paused):
            work = cast("_Work | None", paused.at_server)
            if work is not None and work.server is server and paused in self._conversations.paused:
                self._conversations.resume(paused)

    def texts(self) -> list[str]:
        """Every operation that is committed, in the order of commits."""
        return [kept.jws for kept in self.database.committed(OPERATIONS).values()]

    # Requests

    def answer(self, request: Request) -> Answer:
        """One request, worked on by one of the servers. Raises `LineProblem` where that one dies."""
        return self.work(lambda server: self._answer(server, request))

    def work(self, do: Callable[[Server], T]) -> T:
        """Let one of the servers do something. Raises `LineProblem` where it dies over it."""
        chance, current = self._chance(), self._conversations.current
        if current is None:
            raise RuntimeError("only a conversation can speak to a server")
        server = chance.one_of(self.servers)
        work = _Work(server, server.life)
        if chance.happens(self.trouble_percent):
            if chance.happens(30):
                work.die_in = chance.up_to(30)
            else:
                work.stall_in = chance.up_to(30)
        before, current.at_server = current.at_server, work
        try:
            return do(server)
        except ServerDied:
            if work.life == server.life:
                self.restart(server)
            raise LineProblem("The centre can't be reached.") from None
        finally:
            current.at_server = before

    def exchange(self, server: Server) -> Exchange:
        """What a server answers with now; what it draws by lot comes from this step's chance."""
        randomness = self._chance().randbytes
        return Exchange(
            self.database, server.centre, randomness, LEASE, ALLOWANCE, OWN_BIC, server.keys, server.hearing
        )

    def _answer(self, server: Server, request: Request) -> Answer:
        try:
            return Answer(200, _encode(_answered(self.exchange(server), request)))
        except Problem as problem:
            no = problem
        except Refused as refused:
            no = overtaken(refused)
        except Gathering:
            no = Problem("centre_recovering")
        except MetOthers:
            no = database_busy()
        return Answer(no.status, _encode(no.document()))


def _answered(exchange: Exchange, request: Request) -> msgspec.Struct:
    asked, parts = _VouchedFor(request), urlsplit(request.target)
    if parts.path.startswith(FEEDS):
        query = parse_qs(parts.query)
        named, after, limit = parts.path.removeprefix(FEEDS), int(query["after"][0]), int(query["limit"][0])
        return operations.feed(exchange, asked, named, after, limit)
    if parts.path not in DOORS:
        raise Problem("not_found")
    return DOORS[parts.path](exchange, asked)
