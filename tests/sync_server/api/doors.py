"""Every door of the centre that a device, a partner bank or a stranger can come to, and what is well said there."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from core.clock import instant
from core.envelope import Signed
from core.operations.bank import StaffAdmitted
from core.operations.ended import DeviceWriteOffRequested
from core.people.keys import new_signing_key, public_text
from core.people.registration import IntroductionStatement, make_introduction
from core.records import make_record
from core.sync.enrolment import make_enrolment
from core.sync.requests import SIGNATURE_HEADER
from sync_server.centre.devices import invite_device, request_enrolment, revoke_device
from sync_server.centre.issue import issue
from sync_server.centre.people import admit_staff
from sync_server.centre.write_offs import exposure_of, write_off
from tests.bank import Chain
from tests.sync_server.api.hostility import JSON, signature
from tests.sync_server.centre_bank import CentreBank, Desk

PARTNER_TOKEN = "fjord-0123456789-abcdef"
_numbers = count(1)

Headers = Sequence[tuple[str, str | bytes]]
Message = dict[str, Any]


@dataclass(frozen=True)
class Answered:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass
class Scene:
    """A bank at work: a desk, its neighbour, a customer of another branch, and devices that were ended in every way."""

    bank: CentreBank
    address: str
    desk: Desk
    neighbour: Desk
    visitor_iban: str
    ended: dict[str, Desk]
    newcomer: Desk
    connection: psycopg.Connection[Any]
    tables: tuple[str, ...]
    drafted: Signed | None = None

    def send(
        self, method: str, target: str, body: bytes, headers: Headers, *, length: bool = True, host: str = "centre"
    ) -> Answered:
        """A request as raw as HTTP lets it be: nothing of the target is put in order on its way."""
        parts = urlsplit(self.address)
        line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        line.connect()
        head = [f"{method} {target} HTTP/1.1".encode(), b"Host: " + host.encode("latin-1")]
        for name, value in headers:
            head.append(name.encode() + b": " + (value if isinstance(value, bytes) else value.encode()))
        if length and (body or method == "POST"):
            head.append(b"Content-Length: %d" % len(body))
        return said_on(line.sock, b"\r\n".join([*head, b"Connection: close", b"", body]), method)

    def send_chunks(self, door: Door, body: bytes, chunks: bytes) -> Answered:
        """The body in chunks, its length not said beforehand."""
        head = [*door.headers(self, door.target(self), body), ("Transfer-Encoding", "chunked")]
        return self.send(door.method, door.target(self), chunks, head, length=False)

    def ask(self, door: Door, body: bytes | None = None, /, **changes: Any) -> Answered:
        """What the door answers to that body (or a good one), signed as it must be but for `changes`."""
        target = changes.pop("to", None) or door.target(self)
        said = door.body(self) if body is None else body
        return self.send(door.method, target, said, door.headers(self, target, said, **changes))

    def tables_now(self) -> dict[str, str]:
        """A digest of what is in each table of the centre's, apart from when each device was heard last."""
        one = "SELECT {}, md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) FROM {} t"
        each = (sql.SQL(one).format(table, sql.Identifier(table)) for table in self.tables)
        return dict(self.connection.execute(sql.SQL(" UNION ALL ").join(each)).fetchall())


@dataclass(frozen=True)
class Door:
    """A method and an address (`path` as the OpenAPI document has it), and what an honest caller says there.

    `heard_when`: devices that were ended so are still listened to there. `as_good` names ways to spoil the message that
    leave it good, `idle` those that are answered and change nothing.
    """

    method: str
    path: str
    message: Callable[[Scene], Message] | None = None
    place: Callable[[Scene], Mapping[str, object]] = lambda _scene: {}
    query: str = ""
    opened_by: Literal["device", "token", "nobody"] = "device"
    heard_when: frozenset[str] = frozenset()
    as_good: frozenset[str] = frozenset()
    idle: frozenset[str] = frozenset()

    @staticmethod
    def headers_of(method: str, scene: Scene, target: str) -> Headers:
        """A true signature of the desk's over a request without a body."""
        return [(SIGNATURE_HEADER, signature(scene.desk, method, target))]

    @property
    def name(self) -> str:
        """As a test's name has it."""
        return f"{self.method} {self.path}"

    def target(self, scene: Scene) -> str:
        """Where to ask."""
        return self.path.format(**self.place(scene)) + self.query

    def body(self, scene: Scene) -> bytes:
        """Something good to say; nothing where nothing is said."""
        return json.dumps(self.message(scene)).encode() if self.message is not None else b""

    def headers(self, scene: Scene, target: str, body: bytes, /, *, by: Desk | None = None, **changes: Any) -> Headers:
        """What goes before the body: its signature says what is true but for `changes` (`named`: another target)."""
        kind = [("Content-Type", JSON)] if self.method == "POST" else []
        if self.opened_by == "token":
            return [*kind, ("Authorization", f"Bearer {PARTNER_TOKEN}")]
        if self.opened_by == "nobody":
            return kind
        named = changes.pop("named", target)
        signed = body if self.method == "POST" else b""
        return [*kind, (SIGNATURE_HEADER, signature(by or scene.desk, self.method, named, signed, **changes))]


def said_on(line: socket.socket, text: bytes, method: str = "GET") -> Answered:
    """What is answered to that text on a connection; it is closed then."""
    with suppress(BrokenPipeError, ConnectionResetError):
        # What is refused early need not be read to its end: the answer is there.
        line.sendall(text)
    return answer_on(line, method)


def answer_on(line: socket.socket, method: str = "GET") -> Answered:
    """The answer that comes on a connection; it is closed then."""
    with line, http.client.HTTPResponse(line, method=method) as response:
        response.begin()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answered(response.status, headers, response.read())


# What an honest caller would say at each.


def _account(scene: Scene) -> str:
    return next(iter(scene.desk.iban_of))


def _enrolment(scene: Scene) -> Message:
    with scene.bank.transaction() as home:
        device = f"nor-e{next(_numbers)}"
        code = invite_device(
            home, scene.bank.centre, scene.bank.maker.randomness, device=device, branch="nor", purpose="desktop"
        )
    assert isinstance(code, str)
    made = make_enrolment(code, new_signing_key(scene.bank.maker.randomness))
    return {"code": made.code, "key": made.key, "proof": made.proof, "protocol": 1}


def _next_operation(scene: Scene) -> str:
    """Signed for the place after the last that the centre took."""
    desk = scene.desk
    ((taken,),) = scene.bank.rows("SELECT seq FROM chains WHERE device = %s", desk.chain.device)
    if taken > len(desk.chain.operations):
        assert scene.drafted is not None
        desk.chain.operations.append(scene.drafted)
    scene.drafted = desk.draft(desk.deposit(_account(scene), 5))
    return scene.drafted.jws


def _push(scene: Scene) -> Message:
    chain = scene.desk.chain
    return {"device": chain.device, "epoch": 1, "operations": [_next_operation(scene)], "records": {}}


def _given_back(scene: Scene) -> Message:
    items = [{"position": 1, "jws": _next_operation(scene)}]
    return {"incarnation": 1, "feed": "nor", "items": items, "records": {}, "enrolment": None}


def _activation(scene: Scene) -> Message:
    person = f"p{next(_numbers)}"
    with scene.bank.transaction() as home:
        admitted = admit_staff(
            home,
            scene.bank.centre,
            scene.bank.maker.randomness,
            person=person,
            name="Gro Lund",
            branch="nor",
            role="teller",
            currency="DKK",
            approval_limit=0,
        )
    return {"person": person, "activation_code": admitted, "password": "the gulls are loud today"}


def _introduction(scene: Scene) -> Message:
    teller = scene.desk.teller
    statement = IntroductionStatement(
        person=teller.person,
        device=scene.neighbour.chain.device,
        epoch=1,
        expires_at=instant(scene.bank.clock.now_ms() + 60_000),
    )
    return {"introduction": make_introduction(statement, teller.chain.staff_keys[teller.person])}


def _payment(scene: Scene) -> Message:
    return {
        "end_to_end_id": f"INV-{next(_numbers)}",
        "amount": 125_00,
        "currency": "DKK",
        "debtor": {"name": "Skovby Tømrer", "iban": "DK5095700001400217"},
        "debtor_agent": "SKOVDKKK",
        "creditor": {"name": "Ane Holm", "iban": scene.desk.iban_of[_account(scene)]},
        "creditor_agent": "CFOLDKKK",
        "remittance": "Invoice 7",
    }


ENDED = ("revoked", "quarantined", "written off")
_EVEN_ENDED = frozenset(ENDED)
"""What a device that was ended still has to say is kept."""
_OF_NO_LIFE = frozenset({"enrolment empty", "enrolment a null byte", "enrolment SQL", "enrolment a path"})
"""What is no enrolment of an earlier life makes nobody known."""
_OTHER_RECORDS = frozenset({"records missing", "records a key of null bytes"})
"""A record that no operation names is passed over."""
_UNREADABLE = frozenset({"operations a list of null bytes"})
"""The answer says that the operation was refused, and by what code."""
_NO_HOLDING = frozenset({"null", "missing", "below zero", "beyond a double", "beyond a word", "endless"})
_UNREAD = frozenset({"of broken characters", "of half a surrogate"})
"""The name of a member that is not known, where none need be."""
_ANY_TEXT = frozenset(
    {
        *(f"{name} {way}" for name in ("debtor.name", "creditor.name", "remittance") for way in ("SQL", "a path")),
        *("remittance missing", "remittance empty"),
    }
)

DOORS = (
    Door("POST", "/v1/enrolments", _enrolment, opened_by="nobody", as_good=frozenset({"protocol missing"})),
    Door("GET", "/v1/enrolments/{fingerprint}", place=lambda _: {"fingerprint": "x" * 43}, opened_by="nobody"),
    Door("GET", "/v1/snapshot"),
    Door(
        "POST",
        "/v1/operations",
        _push,
        heard_when=_EVEN_ENDED,
        as_good=_OTHER_RECORDS,
        idle=_UNREADABLE,
    ),
    Door(
        "GET",
        "/v1/feeds/{feed}",
        place=lambda _: {"feed": "nor"},
        query="?after=0&limit=50",
        heard_when=frozenset({"quarantined"}),
    ),
    Door(
        "POST",
        "/v1/rights",
        lambda scene: {"account": _account(scene), "least": 0, "amount": 1_00, "after": 0, "holding": 0},
        idle=frozenset(f"holding {way}" for way in _NO_HOLDING),
    ),
    Door(
        "POST",
        "/v1/allowances",
        lambda scene: {"after": 0, "accounts": [[_account(scene), 0]]},
        idle=frozenset({"accounts a list"}),
    ),
    Door("POST", "/v1/iban-blocks", lambda _: {"after": 0}),
    Door("POST", "/v1/leases", lambda _: {"after": 0}),
    Door("POST", "/v1/visits", lambda scene: {"iban": scene.visitor_iban, "after": 0}),
    Door(
        "POST",
        "/v1/incarnation",
        lambda _: {"enrolment": None},
        heard_when=_EVEN_ENDED,
        as_good=_UNREAD,
        idle=_OF_NO_LIFE | {"enrolment missing"},
    ),
    Door(
        "POST",
        "/v1/given-back",
        _given_back,
        heard_when=frozenset({"quarantined"}),
        as_good=_OTHER_RECORDS | _OF_NO_LIFE | {"enrolment missing"},
    ),
    Door(
        "POST",
        "/v1/reported",
        lambda scene: {"incarnation": 1, "grants": [_next_operation(scene)], "more": False},
        heard_when=_EVEN_ENDED,
        as_good=frozenset({"grants missing", "grants a list", "grants a list of null bytes", "more missing"}),
        idle=frozenset({"more true"}),
    ),
    Door("GET", "/v1/devices"),
    Door(
        "GET",
        "/v1/devices/{device}/{epoch}/late-operations",
        place=lambda scene: {"device": scene.neighbour.chain.device, "epoch": 1},
    ),
    Door("POST", "/v1/staff/activations", _activation, as_good=frozenset({"password SQL", "password a path"})),
    Door("POST", "/v1/staff/sign-ins", lambda _: {"person": "nobody", "password": "x", "code": "123456"}),
    Door("POST", "/v1/staff/introductions", _introduction),
    Door("GET", "/v1/staff/introductions"),
    Door("POST", "/v1/partner-payments", _payment, opened_by="token", as_good=_ANY_TEXT),
)


# The bank behind them.


def open_scene(bank: CentreBank, address: str, connection: psycopg.Connection[Any]) -> Scene:
    """A bank at work, and devices that were ended: `revoked`, `quarantined`, `written off`."""
    desk, neighbour = (_desk(bank, address, "nor") for _ in range(2))
    visited = _desk(bank, address, "syd")
    ended = {name: _desk(bank, address, "nor") for name in ENDED}
    with bank.transaction() as home:
        assert revoke_device(home, bank.centre, ended["revoked"].chain.device, 1) is None
    _fork(ended["quarantined"], address)
    _write_off(bank, address, _desk(bank, address, "nor"), ended["written off"])
    waiting = Chain(f"nor-w{next(_numbers)}", 1, "nor", new_signing_key(bank.maker.randomness))
    with bank.transaction() as home:
        code = invite_device(
            home, bank.centre, bank.maker.randomness, device=waiting.device, branch="nor", purpose="desktop"
        )
        assert isinstance(code, str)
        request_enrolment(home, bank.centre, code, public_text(waiting.key))
    newcomer = Desk(bank, waiting, desk.teller, desk.supervisor, [])
    names = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
        "AND relname NOT IN ('heard', 'alembic_version')"
    )
    tables = tuple(name for (name,) in names)
    visitor_iban = next(iter(visited.iban_of.values()))
    return Scene(bank, address, desk, neighbour, visitor_iban, ended, newcomer, connection, tables)


def _desk(bank: CentreBank, address: str, branch: str) -> Desk:
    made = bank.desk(f"{branch}-d{next(_numbers)}", branch)
    made.account(deposit=100_00)
    made.settle(address)
    return made


def _fork(desk: Desk, address: str) -> None:
    account = next(iter(desk.iban_of))
    forked = desk.draft(desk.deposit(account, 7_00))
    desk.make(desk.deposit(account, 1_00))
    desk.settle(address)
    assert desk.push(address, [forked]).json()["verdicts"][0]["verdict"] == "quarantined"


def _write_off(bank: CentreBank, address: str, asking: Desk, lost: Desk) -> None:
    """Two supervisors ask for it, and the centre carries it out."""
    person = f"{asking.chain.device}-b"
    digest, record = make_record({"name": "Bo"}, bank.maker.randomness)
    with bank.transaction() as home:
        second = StaffAdmitted(
            person=person, branch="nor", role="supervisor", currency="DKK", approval_limit=0, record=digest
        )
        issue(home, bank.centre, None, second, records={digest: record})
        shown = exposure_of(home, lost.chain.device, 1)
    assert shown is not None
    bank.maker.join_desk(asking.chain, person, asking.supervisor.person)
    approver = bank.maker.sign_in(asking.chain, person)
    body = DeviceWriteOffRequested(
        device=lost.chain.device, epoch=1, head_seq=shown.head_seq, currency=shown.currency, exposure=shown.amount
    )
    asked = bank.maker.draft(asking.supervisor, body, approver=approver).signed
    asking.chain.operations.append(asked)
    asking.settle(address)
    with bank.transaction() as home:
        assert write_off(home, bank.centre, asked.operation.id)
