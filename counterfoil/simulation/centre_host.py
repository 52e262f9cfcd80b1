"""The centre's servers: the real ingest, grants, feeds and payments behind the routes, over one database in memory.

Each server keeps its own cache of keys, as a process does. A server may stop in mid-transaction while others go on,
wait for a lock, or die between any two statements; the database undoes what it had not committed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, cast
from urllib.parse import parse_qs, urlsplit

import msgspec

from core.book.rows import DeviceEpoch
from core.clock import Clock, instant
from core.errors import LineProblem, Refusal, Refused
from core.ids import Identifiers
from core.rights import AllowancePolicy
from core.sync.messages import (
    BATCH_MAX,
    AllowancesAnswer,
    AllowancesWanted,
    GivenBack,
    GivenBackAnswer,
    IbanBlockWanted,
    IncarnationWanted,
    LeaseWanted,
    Push,
    Reported,
    RightsAnswer,
    RightsWanted,
    VisitAnswer,
    VisitWanted,
)
from core.sync.requests import CLOCK_SKEW_MS_MAX
from counterfoil.simulation.chance import Chance
from counterfoil.simulation.conversations import Conversations
from counterfoil.simulation.network import Answer, Request
from sync_server.centre.allowances import top_up_all
from sync_server.centre.devices import find_device, lease_if_few
from sync_server.centre.feed import read_page
from sync_server.centre.given_back import IncarnationDiffers, take_given_back
from sync_server.centre.incarnations import forgotten_device, incarnation_for, take_report
from sync_server.centre.issue import Centre
from sync_server.centre.keys import CentreKeys
from sync_server.centre.leases import renew_lease
from sync_server.centre.rights import grant_rights
from sync_server.centre.visits import lend_file
from sync_server.ingest.keys import KnownKeys
from sync_server.ingest.push import ChainUnknown, take_push
from sync_server.ingest.settle import BANK_FEED
from sync_server.policies import LeasePolicy
from sync_server.problems import PROBLEMS, Problem
from sync_server.store.home import Home, MetOthers
from sync_server.store.memory import MemoryDatabase
from sync_server.store.memory.tables import OPERATIONS

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
_push_decoder = msgspec.json.Decoder(Push)
_allowances_decoder = msgspec.json.Decoder(AllowancesWanted)
_rights_decoder = msgspec.json.Decoder(RightsWanted)
_visit_decoder = msgspec.json.Decoder(VisitWanted)
_lease_decoder = msgspec.json.Decoder(LeaseWanted)
_block_decoder = msgspec.json.Decoder(IbanBlockWanted)
_incarnation_decoder = msgspec.json.Decoder(IncarnationWanted)
_given_decoder = msgspec.json.Decoder(GivenBack)
_reported_decoder = msgspec.json.Decoder(Reported)
_encode = msgspec.json.Encoder().encode


class ServerDied(BaseException):
    """The process that worked on a request is gone; nothing runs after it."""


@dataclass
class Server:
    """One server process. `life` counts its starts: work begun in an earlier life never goes on."""

    name: str
    centre: Centre
    keys: KnownKeys = field(default_factory=KnownKeys)
    life: int = 1

    def restart(self) -> None:
        """What it remembered is gone; what was under way in it is dead."""
        self.keys = KnownKeys()
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

    def _answer(self, server: Server, request: Request) -> Answer:
        try:
            return Answer(200, _encode(self._handled(server, request)))
        except Problem as problem:
            return Answer(problem.status, _encode(problem.document()))
        except Refused as refused:
            no = _refuse(refused.refusal)
            return Answer(no.status, _encode(no.document()))
        except MetOthers:
            busy = Problem("database_busy")
            return Answer(busy.status, _encode(busy.document()))

    def _handled(self, server: Server, request: Request) -> msgspec.Struct:
        """What the routes in `sync_server.api` do, without HTTP."""
        parts = urlsplit(request.target)
        if parts.path == "/v1/operations":
            return self._push(server, request)
        if parts.path == "/v1/rights":
            return self._rights(server, request)
        if parts.path == "/v1/visits":
            return self._visit(server, request)
        if parts.path == "/v1/allowances":
            return self._allowances(server, request)
        if parts.path == "/v1/leases":
            return self._lease(server, request)
        if parts.path == "/v1/iban-blocks":
            return self._iban_block(server, request)
        if parts.path == "/v1/incarnation":
            return self._incarnation(request)
        if parts.path == "/v1/given-back":
            return self._given_back(server, request)
        if parts.path == "/v1/reported":
            return self._reported(server, request)
        if parts.path.startswith("/v1/feeds/"):
            query = parse_qs(parts.query)
            return self._feed(
                request, parts.path.removeprefix("/v1/feeds/"), int(query["after"][0]), int(query["limit"][0])
            )
        raise Problem("not_found")

    def _push(self, server: Server, request: Request) -> msgspec.Struct:
        with self.database.transaction() as home:
            self._any_device(home, request)
        message = _push_decoder.decode(request.body)
        if (message.device, message.epoch) != (request.device, request.epoch):
            raise Problem("device_differs")
        try:
            return take_push(self.database, server.keys, server.centre, message)
        except ChainUnknown as unknown:
            raise Problem("device_unknown") from unknown

    def _feed(self, request: Request, feed: str, after: int, limit: int) -> msgspec.Struct:
        with self.database.transaction() as home:
            device = self._living_device(home, request)
            if feed not in (BANK_FEED, device.branch):
                raise Problem("feed_not_yours")
            return read_page(home, feed, after, limit, instant(self._clock.now_ms()))

    def _rights(self, server: Server, request: Request) -> msgspec.Struct:
        wanted = _rights_decoder.decode(request.body)
        with self.database.transaction() as home:
            device = self._working_device(home, request)
            grant = grant_rights(
                home,
                server.centre,
                device,
                wanted.account,
                least=wanted.least,
                amount=wanted.amount,
                holding=wanted.holding,
            )
            if isinstance(grant, Refusal):
                raise _refuse(grant)
        with self.database.transaction() as home:
            page = read_page(home, device.branch or "", wanted.after, BATCH_MAX)
        return RightsAnswer(grant.granted, grant.available, page, grant.coming)

    def _visit(self, server: Server, request: Request) -> msgspec.Struct:
        wanted = _visit_decoder.decode(request.body)
        with self.database.transaction() as home:
            device = self._working_device(home, request)
            lent = lend_file(home, server.centre, self._chance().randbytes, device, wanted.iban)
            if isinstance(lent, Refusal):
                raise _refuse(lent)
        with self.database.transaction() as home:
            page = read_page(home, device.branch or "", wanted.after, BATCH_MAX)
        return VisitAnswer(lent.account, page)

    def _allowances(self, server: Server, request: Request) -> msgspec.Struct:
        wanted = _allowances_decoder.decode(request.body)
        with self.database.transaction() as home:
            device = self._working_device(home, request)
            done = top_up_all(home, server.centre, device, wanted.accounts, ALLOWANCE)
            if isinstance(done, Refusal):
                raise _refuse(done)
        with self.database.transaction() as home:
            page = read_page(home, device.branch or "", wanted.after, BATCH_MAX)
        return AllowancesAnswer(done.granted, done.skipped, ALLOWANCE, page, done.retry_after_ms)

    def _lease(self, server: Server, request: Request) -> msgspec.Struct:
        wanted = _lease_decoder.decode(request.body)
        with self.database.transaction() as home:
            device = self._working_device(home, request)
            renew_lease(home, server.centre, device, LEASE)
        with self.database.transaction() as home:
            return read_page(home, device.branch or "", wanted.after, BATCH_MAX)

    def _iban_block(self, server: Server, request: Request) -> msgspec.Struct:
        wanted = _block_decoder.decode(request.body)
        with self.database.transaction() as home:
            device = self._working_device(home, request)
            lease_if_few(home, server.centre, device.device, device.epoch)
        with self.database.transaction() as home:
            return read_page(home, BANK_FEED, wanted.after, BATCH_MAX)

    def _incarnation(self, request: Request) -> msgspec.Struct:
        wanted = _incarnation_decoder.decode(request.body)
        with self.database.transaction() as home:
            device = self._any_device(home, request, forgotten_device(home, wanted.enrolment))
            return incarnation_for(home, device.branch or "")

    def _given_back(self, server: Server, request: Request) -> msgspec.Struct:
        given = _given_decoder.decode(request.body)
        with self.database.transaction() as home:
            self._any_device(home, request, forgotten_device(home, given.enrolment))
        try:
            here = take_given_back(self.database, server.keys, server.centre, given)
        except IncarnationDiffers as differs:
            raise Problem("incarnation_differs") from differs
        return GivenBackAnswer(given.incarnation, here)

    def _reported(self, server: Server, request: Request) -> msgspec.Struct:
        with self.database.transaction() as home:
            device = self._any_device(home, request)
            said = take_report(home, server.centre, device, _reported_decoder.decode(request.body))
            if isinstance(said, Refusal):
                raise _refuse(said)
        return said

    # Who asks; the line has vouched for the signature.

    def _any_device(self, home: Home, request: Request, forgotten: DeviceEpoch | None = None) -> DeviceEpoch:
        now_ms = self._clock.now_ms()
        device = find_device(home, request.device, request.epoch)
        if device is None and forgotten is not None and (forgotten.device, forgotten.epoch) == request[:2]:
            device = forgotten
        if device is None or device.purpose == "centre":
            raise Problem("device_unknown")
        if abs(request.at_ms - now_ms) > CLOCK_SKEW_MS_MAX:
            raise Problem("clock_wrong", server_time_ms=now_ms)
        return device

    def _living_device(self, home: Home, request: Request) -> DeviceEpoch:
        device = self._any_device(home, request)
        if device.state != "living":
            raise Problem("device_revoked")
        return device

    def _working_device(self, home: Home, request: Request) -> DeviceEpoch:
        device = self._living_device(home, request)
        chain = home.chain((device.device, device.epoch))
        if chain is None or chain.state != "living":
            raise Problem("device_quarantined")
        return device


def _refuse(refusal: Refusal) -> Problem:
    problem = Problem(refusal.code if refusal.code in PROBLEMS else "refused", reason=refusal.code)
    problem.members.update(refusal.detail)
    return problem
