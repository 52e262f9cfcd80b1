"""Every door of the centre against every way to be hostile there: one table, whose rows are the doors.

After each request the answer is a whole problem document that the door's description names, nothing in the centre's
database is another than before, and an honest device goes on at once.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import httpx
import msgspec
import psycopg
import pytest

from core.canonical import from_base64url
from core.envelope import sign_compact
from core.people.keys import key_name, new_signing_key
from core.sync.requests import REQUEST_TYPE, SIGNATURE_HEADER
from sync_server.environment import Secret
from sync_server.problems import PROBLEMS
from sync_server.settings import PartnerSettings
from tests.sync_server.api.doors import DOORS, ENDED, PARTNER_TOKEN, Answered, Door, Scene, open_scene
from tests.sync_server.api.hostility import work_on
from tests.sync_server.centre_bank import CentreBank

MINUTE_MS = 60_000
MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module")
def scene(centre_bank: CentreBank) -> Iterator[Scene]:
    partners = (
        PartnerSettings("skov", "SKOVDKKK", "9570", "http://127.0.0.1:9", Secret("x" * 16), Secret(PARTNER_TOKEN)),
        PartnerSettings("mute", "MUTEDKKK", "9571", "http://127.0.0.1:9", Secret("y" * 16)),
    )
    with (
        centre_bank.served(partners=partners) as address,
        psycopg.connect(centre_bank.owner_url, autocommit=True) as connection,
    ):
        yield open_scene(centre_bank, address, connection)


@pytest.fixture(scope="module")
def described(scene: Scene) -> Mapping[tuple[str, str], frozenset[str]]:
    """The codes that the OpenAPI document says each door answers with."""
    document = httpx.get(f"{scene.address}/openapi.json", trust_env=False).json()
    return {
        (method.upper(), path): frozenset(
            code
            for answered in operation["responses"].values()
            for code in answered.get("content", {}).get("application/problem+json", {}).get("examples", {})
        )
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


@pytest.fixture(autouse=True)
def honest_work_goes_on(scene: Scene) -> Iterator[None]:
    """Right after anything hostile, another device's next operation is applied."""
    yield
    work_on(scene.bank, scene.address, scene.neighbour)


def code_of(answered: Answered) -> str:
    """The code of a problem document that is whole and true, and gives nothing away."""
    assert answered.headers["content-type"] == "application/problem+json", answered
    document = json.loads(answered.content)
    kind = PROBLEMS[document["code"]]
    assert (document["status"], document["title"]) == (answered.status, kind.title)
    assert document["retry"] is kind.retry
    assert document["type"] == kind.type
    assert document["detail"]
    assert answered.status < 500, document
    for inner in (b"Traceback", b"psycopg", b"SELECT", b"sync_server", b"msgspec", b'File "', b".py"):
        assert inner not in answered.content
    return kind.code


def changed_since(scene: Scene, before: Mapping[str, str]) -> set[str]:
    """The tables in which anything is another than before."""
    now = scene.tables_now()
    return {table for table in now if now[table] != before[table]}


def test_the_table_has_every_door(described: Mapping[tuple[str, str], frozenset[str]]) -> None:
    assert {(door.method, door.path) for door in DOORS} == {place for place in described if "/v1/" in place[1]}


MADE_ANEW = frozenset({"/v1/visits"})
"""Asking again begins the loan anew, for the one device that it is lent to."""
SPENT = frozenset({"activation_wrong"})
"""What served once, and serves no second time."""


# What is said there, every member of it spoilt in every way.

ABSENT = object()
SPOILT: dict[str, object] = {
    "missing": ABSENT,
    "null": None,
    "true": True,
    "below zero": -1,
    "a fraction": 1.5,
    "beyond a double": 2**53,
    "beyond a word": 2**63,
    "endless": 10**30,
    "empty": "",
    "a null byte": "\x00",
    "SQL": "'; DROP TABLE operations; --",
    "a path": "../../etc/passwd",
    "long": "x" * 70_000,
    "a list": [],
    "a list of lists": [[[]]],
    "a list of null bytes": ["\x00"],
    "an object": {},
    "a key of null bytes": {"\x00": "\x00"},
    "below": {"x": {"x": {"x": [None]}}},
}


def spoilt(good: dict[str, Any], within: str = "") -> Iterator[tuple[str, bytes]]:
    """The message with one member of it, or of what is in it, in each of those ways."""
    for member, value in good.items():
        name = within + ("account" if "-" in member else member)
        for way, instead in SPOILT.items():
            if instead != value or type(instead) is not type(value):
                yield f"{name} {way}", changed(good, member, instead)
        if isinstance(value, dict):
            for what, body in spoilt(value, f"{name}."):
                yield what, changed(good, member, json.loads(body))


def changed(good: dict[str, Any], member: str, instead: object) -> bytes:
    kept = {name: value for name, value in {**good, member: instead}.items() if value is not ABSENT}
    return json.dumps(kept).encode()


SPOKEN_AT = [door for door in DOORS if door.message is not None]
Described = Mapping[tuple[str, str], frozenset[str]]


@pytest.mark.parametrize("door", SPOKEN_AT, ids=lambda door: door.path)
def test_a_message_with_anything_spoilt_is_refused_and_changes_nothing(
    scene: Scene, described: Described, door: Door
) -> None:
    assert door.message is not None
    good = door.message(scene)
    ways = {what: body for what, body in spoilt(good) if what not in door.as_good}
    before, answered = scene.tables_now(), {}
    for what, body in ways.items():
        answered[what] = scene.ask(door, body)
    assert changed_since(scene, before) == set()
    assert {what for what, each in answered.items() if each.status == 200} == door.idle
    for what, each in answered.items():
        assert what in door.idle or code_of(each) in described[door.method, door.path], what


@pytest.mark.parametrize("door", SPOKEN_AT, ids=lambda door: door.path)
def test_what_it_does_not_know_is_passed_over_or_refused(scene: Scene, door: Door) -> None:
    """A later version's members may stand there: the message means what it did, or is refused whole."""
    assert door.message is not None
    more = json.dumps({**door.message(scene), "more": {"of": ["a", "later", "version"]}}).encode()
    answered = scene.ask(door, more)
    assert answered.status == 200 or code_of(answered) in {"request_malformed", "sign_in_wrong"}


# Bodies that are none of that, and members that stand twice.

DEEP = b"[" * 100_000
WHOLE: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "cut off": lambda good: good[:-1],
    "with something behind it": lambda good: good + b"{}",
    "in UTF-16": lambda good: good.decode().encode("utf-16"),
    "with a byte order mark": lambda good: b"\xef\xbb\xbf" + good,
    "of broken characters": lambda good: good.replace(b'"', b'"\xff', 1),
    "of half a surrogate": lambda good: good.replace(b'"', b'"\\ud800', 1),
    "of a null byte": lambda good: b"\x00" + good,
    "of no number": lambda good: good[:-1] + b',"x":NaN}',
    "without an end": lambda _: DEEP,
    "deep in what it does not know": lambda good: good[:-1] + b',"x":' + DEEP + b"}",
    "deep and whole": lambda good: good[:-1] + b',"x":' + DEEP + b"]" * len(DEEP) + b"}",
    "null": lambda _: b"null",
    "a list": lambda good: b"[" + good + b"]",
    "a text": lambda good: json.dumps(good.decode()).encode(),
    "a number": lambda _: b"9" * 5000,
    "compressed": gzip.compress,
    "a form": lambda _: b"device=nor-1&epoch=1",
}


@pytest.mark.parametrize("door", SPOKEN_AT, ids=lambda door: door.path)
def test_a_body_that_is_none_is_refused_and_changes_nothing(scene: Scene, described: Described, door: Door) -> None:
    good = door.body(scene)
    bodies = {what: spoil(good) for what, spoil in WHOLE.items()}
    assert door.message is not None
    first = next(iter(door.message(scene)))
    bodies["with a member twice"] = good[:-1] + b', "%s": 1.5}' % first.encode()
    before = scene.tables_now()
    for what, body in bodies.items():
        answered = scene.ask(door, body)
        if answered.status == 200:
            assert what in door.as_good
        else:
            assert code_of(answered) in {"json_malformed", "request_malformed"}
    assert changed_since(scene, before) == set()


KINDS = ("text/plain", "application/json; charset=utf-16", "application/x-www-form-urlencoded", "multipart/x", "")


@pytest.mark.parametrize("door", SPOKEN_AT, ids=lambda door: door.path)
def test_how_a_body_is_sent_makes_it_no_other(scene: Scene, door: Door) -> None:
    good = door.body(scene)
    before = scene.tables_now()
    signed = door.headers(scene, door.target(scene), good)
    for kind in KINDS:
        kinds = [("Content-Type", kind), *(each for each in signed if each[0] != "Content-Type")]
        assert code_of(scene.send(door.method, door.target(scene), good, kinds)) == "media_type_unsupported"
    bomb = bomb_of(64)
    for encoding in ("gzip", "deflate", "br", "identity, gzip"):
        head = [*door.headers(scene, door.target(scene), bomb), ("Content-Encoding", encoding)]
        assert code_of(scene.send(door.method, door.target(scene), bomb, head)) == "json_malformed"
    large = b" " * (5 * MEBIBYTE)
    assert code_of(scene.ask(door, large)) == "body_too_large"
    for size, code in ((5 * MEBIBYTE, "body_too_large"), (MEBIBYTE, "json_malformed")):
        body = b" " * size
        chunks = b"".join(b"%x\r\n%s\r\n" % (MEBIBYTE, body[:MEBIBYTE]) for _ in range(size // MEBIBYTE)) + b"0\r\n\r\n"
        assert code_of(scene.send_chunks(door, body, chunks)) == code
    assert changed_since(scene, before) == set()


@cache
def bomb_of(mebibytes: int) -> bytes:
    """Nothing, a thousandth of its size on the wire."""
    return gzip.compress(b" " * mebibytes * MEBIBYTE, compresslevel=1)


# Who asks.

MONEY = frozenset({"postings", "ledger_balances", "deposit_accounts", "rights", "leases", "operations", "feed_items"})
SIGNED = [door for door in DOORS if door.opened_by == "device"]


def strangers(scene: Scene, door: Door) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Ways to use a signature that is not one's own, or not for this request, and what each is answered with."""
    now_ms = scene.bank.clock.now_ms()
    keys = {
        "a stranger's": new_signing_key(scene.bank.maker.randomness),
        "the neighbour's": scene.neighbour.chain.key,
        "the teller's": scene.desk.teller.key,
        "the centre's": scene.bank.keys.signing,
    }
    for whose, key in keys.items():
        yield f"signed by {whose} key", "signature_wrong", {"key": key}
    for late in (-6 * MINUTE_MS, 6 * MINUTE_MS, -now_ms, 10**12):
        yield f"at another time ({late} ms)", "clock_wrong", {"now_ms": now_ms + late}
    elsewhere = "/v1/leases" if door.path != "/v1/leases" else "/v1/visits"
    for named in (elsewhere, door.target(scene) + "?x=1", door.target(scene).upper(), "", "x" * 512):
        yield f"for another address ({named[:20]})", "signature_wrong", {"named": named}
    other_method = "GET" if door.method == "POST" else "POST"
    another: dict[str, dict[str, Any]] = {
        "for another method": {"method": other_method},
        "for another body": {"body": b"{ }"},
        "for a method that is none": {"method": ""},
        "of a long name": {"device": "x" * 65},
    }
    for way, changes in another.items():
        yield way, "signature_wrong", changes
    unknown: dict[str, dict[str, Any]] = {
        "of another epoch": {"epoch": 2},
        "of no epoch": {"epoch": 0},
        "of an endless epoch": {"epoch": 10**30},
        "of nobody": {"device": "nobody"},
        "of the centre": {"device": "centre"},
        "of the branch": {"device": "centre-nor"},
        "of SQL": {"device": "' OR 1=1 --"},
        "of a null byte": {"device": "\x00"},
        "of one that waits": {"by": scene.newcomer},
    }
    for way, changes in unknown.items():
        yield way, "device_unknown", changes


@pytest.mark.parametrize("door", SIGNED, ids=lambda door: door.name)
def test_nobody_comes_in_by_anothers_signature(scene: Scene, door: Door) -> None:
    body = door.body(scene)
    before = scene.tables_now()
    for way, code, changes in strangers(scene, door):
        head = door.headers(scene, door.target(scene), body, **changes)
        assert (code_of(scene.send(door.method, door.target(scene), body, head)), way) == (code, way)
    assert changed_since(scene, before) == set()


@pytest.mark.parametrize("door", SIGNED, ids=lambda door: door.name)
def test_what_is_no_signature_opens_nothing(scene: Scene, door: Door) -> None:
    body, target = door.body(scene), door.target(scene)
    good = dict(door.headers(scene, target, body))[SIGNATURE_HEADER]
    assert isinstance(good, str)
    statement = json.loads(from_base64url(good.split(".")[1]))
    desk = scene.desk

    def spelt(payload: object, typ: str = REQUEST_TYPE) -> str:
        return sign_compact(msgspec.json.encode(payload), desk.chain.key, key_name(desk.chain.key), typ)

    tokens: dict[str, tuple[str | bytes, str]] = {
        "empty": ("", "signature_wrong"),
        "a letter": ("a", "signature_wrong"),
        "three": ("a.b.c", "signature_wrong"),
        "dots": ("." * 9000, "signature_wrong"),
        "objects": ("e30.e30.e30", "signature_wrong"),
        "no letters": (b"\xff\xfe.\xff.\xff", "signature_wrong"),
        "with a letter changed": (good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1], "signature_wrong"),
        "with one more": (good + "A", "signature_wrong"),
        "of another kind": (spelt(statement, "counterfoil-session+jws"), "signature_wrong"),
        "of a list": (spelt([statement]), "signature_wrong"),
        "of more than is known": (spelt({**statement, "more": 1}), "signature_wrong"),
        "of less": (spelt({name: statement[name] for name in statement if name != "body"}), "signature_wrong"),
        "without a time": (spelt({**statement, "at": "yesterday"}), "signature_wrong"),
        "of version 0": (spelt({**statement, "protocol": 0}), "protocol_unsupported"),
        "of the version after next": (spelt({"protocol": 3}), "protocol_unsupported"),
        "of an endless version": (spelt({"protocol": 10**30}), "protocol_unsupported"),
        "of no version": (spelt({**statement, "protocol": "1"}), "signature_wrong"),
    }
    kind = [("Content-Type", "application/json")]
    before = scene.tables_now()
    assert code_of(scene.send(door.method, target, body, kind)) == "signature_missing"
    for way, (token, code) in tokens.items():
        answered = scene.send(door.method, target, body, [*kind, (SIGNATURE_HEADER, token)])
        assert (code_of(answered), way) == (code, way)
    twice = [*kind, (SIGNATURE_HEADER, "a.b.c"), (SIGNATURE_HEADER, good)]
    assert code_of(scene.send(door.method, target, body, twice)) == "signature_wrong"
    assert changed_since(scene, before) == set()


@pytest.mark.parametrize("door", SIGNED, ids=lambda door: door.name)
def test_a_device_that_was_ended_moves_nothing(scene: Scene, door: Door) -> None:
    for how in ENDED:
        ended = replace(scene, desk=scene.ended[how])
        body, before = door.body(ended), scene.tables_now()
        answered = ended.ask(door, body)
        if how in door.heard_when:
            assert answered.status == 200
            assert not changed_since(scene, before) & MONEY
        else:
            assert code_of(answered) == ("device_quarantined" if how == "quarantined" else "device_revoked")
            assert changed_since(scene, before) == set()


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([], "token_missing"),
        ([("Authorization", "")], "token_missing"),
        ([("Authorization", f"Basic {PARTNER_TOKEN}")], "token_missing"),
        ([("Authorization", "Bearer")], "token_missing"),
        ([("Authorization", "Bearer x")], "token_wrong"),
        ([("Authorization", b"Bearer \xff\xfe")], "token_wrong"),
        ([("Authorization", f"Bearer {PARTNER_TOKEN}x")], "token_wrong"),
        ([("Authorization", "Bearer " + "y" * 16)], "token_wrong"),
        ([("Authorization", "Bearer " + "y" * 9000)], "token_wrong"),
        ([("Authorization", "Bearer x"), ("Authorization", f"Bearer {PARTNER_TOKEN}")], "token_wrong"),
    ],
)
def test_no_partner_is_known_by_another_token(scene: Scene, headers: list[tuple[str, str]], code: str) -> None:
    door = next(door for door in DOORS if door.opened_by == "token")
    body, before = door.body(scene), scene.tables_now()
    head = [("Content-Type", "application/json"), *headers]
    assert code_of(scene.send(door.method, door.path, body, head)) == code
    assert changed_since(scene, before) == set()


# The same again.


@pytest.mark.parametrize("door", [door for door in DOORS if door.path not in MADE_ANEW], ids=lambda door: door.name)
def test_whoever_overhears_a_request_gains_nothing_by_repeating_it(scene: Scene, door: Door) -> None:
    body, target = door.body(scene), door.target(scene)
    head = door.headers(scene, target, body)
    first = scene.send(door.method, target, body, head)
    before = scene.tables_now()
    again = [scene.send(door.method, target, body, head) for _ in range(2)]
    assert changed_since(scene, before) == set()
    for each in again:
        assert each.status == first.status or code_of(each) in SPENT
