"""Addresses, methods and heads that nobody honest would send: a problem document, and nothing is changed by them."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import psycopg
import pytest

from sync_server.problems import PROBLEMS
from tests.sync_server.api.doors import DOORS, Answered, Door, Scene, answer_on, open_scene, said_on
from tests.sync_server.api.hostility import work_on
from tests.sync_server.centre_bank import CentreBank

SIGNED = [door for door in DOORS if door.opened_by == "device"]


@pytest.fixture(scope="module")
def scene(centre_bank: CentreBank, address: str) -> Iterator[Scene]:
    with psycopg.connect(centre_bank.owner_url, autocommit=True) as connection:
        yield open_scene(centre_bank, address, connection)


@pytest.fixture(autouse=True)
def honest_work_goes_on(scene: Scene) -> Iterator[None]:
    """Right after anything hostile another device's next operation is applied, and nothing else has changed."""
    before = scene.tables_now()
    yield
    now = scene.tables_now()
    assert {table for table in now if now[table] != before[table]} == set()
    work_on(scene.bank, scene.address, scene.neighbour)


def code_of(answered: Answered) -> str:
    assert answered.headers["content-type"] == "application/problem+json", answered
    document = json.loads(answered.content)
    kind = PROBLEMS[document["code"]]
    assert (document["status"], document["retry"], document["title"]) == (answered.status, kind.retry, kind.title)
    assert answered.status < 500
    assert b"Traceback" not in answered.content
    return kind.code


# The address.

TRICKS: dict[str, Callable[[str], str]] = {
    "a slash more": lambda path: "/" + path,
    "a slash behind": lambda path: path + "/",
    "a slash within": lambda path: path.replace("/v1/", "/v1//"),
    "here": lambda path: path.replace("/v1/", "/v1/./"),
    "up and down": lambda path: path.replace("/v1/", "/v1/../v1/"),
    "up and down in code": lambda path: path.replace("/v1/", "/v1/%2e%2e/v1/"),
    "a letter in code": lambda path: path.replace("/v1/", "/%761/"),
    "a slash in code": lambda path: path.replace("/v1/", "/v1%2F"),
    "a null byte in code": lambda path: path + "%00",
    "no code": lambda path: path + "%zz",
    "broken characters in code": lambda path: path + "%ff%c0%ae",
    "capitals": str.upper,
    "a parameter": lambda path: path + ";x=1",
    "a fragment": lambda path: path + "#x",
    "a backslash": lambda path: path.replace("/v1/", "\\v1\\"),
    "another server's": lambda path: "http://elsewhere" + path,
    "nothing but a star": lambda _: "*",
    "no slash": lambda path: path[1:],
    "long": lambda path: path + "x" * 20_000,
}
ELSEWHERE = {"not_found", "signature_wrong", "json_malformed"}
"""A few doors read what is said before they look at who says it."""


@pytest.mark.parametrize("door", SIGNED, ids=lambda door: door.name)
def test_a_door_has_one_address(scene: Scene, door: Door) -> None:
    """Signed for the door itself: another spelling of its address is another address."""
    path, mark, query = door.target(scene).partition("?")
    head = door.headers(scene, door.target(scene), b"")
    for way, spelt in TRICKS.items():
        answered = scene.send(door.method, spelt(path) + mark + query, b"", head)
        assert code_of(answered) in ELSEWHERE, way


METHODS = ("OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "POSTS", "x" * 500)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_a_door_knows_its_own_methods(scene: Scene, door: Door) -> None:
    target, body = door.target(scene), b"{}"
    others = {each.method for each in DOORS if each.path == door.path}
    for method in {*METHODS, "GET", "POST", door.method.lower()} - others:
        answered = scene.send(method, target, body, door.headers(scene, target, b""))
        assert code_of(answered) == "method_not_allowed"
        assert answered.headers["allow"]
    silent = scene.send("HEAD", target, b"", door.headers(scene, target, b""))
    assert (silent.status, silent.content) == (405, b"")


NOWHERE = ("/", "/v1", "/v1/", "/v2/operations", "/.env", "/v1/operations/1", "/docs", "/%00", "/" + "x/" * 5000)


@pytest.mark.parametrize("target", NOWHERE, ids=lambda target: target[:16])
def test_there_is_nothing_anywhere_else(scene: Scene, target: str) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        assert code_of(scene.send(method, target, b"", [])) == "not_found"


ASKED = {
    "/v1/feeds/nor?after=-1": "request_malformed",
    "/v1/feeds/nor?after=9007199254740992": "request_malformed",
    "/v1/feeds/nor?after=1e3": "request_malformed",
    "/v1/feeds/nor?after=%00": "request_malformed",
    "/v1/feeds/nor?after=%D9%A1": "request_malformed",
    "/v1/feeds/nor?after=0&limit=-1": "request_malformed",
    "/v1/feeds/nor?after=0&limit=99999999999999999999": "request_malformed",
    "/v1/feeds/syd?after=0": "feed_not_yours",
    "/v1/feeds/centre?after=0": "feed_not_yours",
    "/v1/feeds/NOR?after=0": "feed_not_yours",
    "/v1/feeds/nor%00?after=0": "feed_not_yours",
    "/v1/feeds/nor%3Fafter=0": "feed_not_yours",
    "/v1/feeds/%27%20OR%201=1?after=0": "feed_not_yours",
    "/v1/feeds/%FF?after=0": "feed_not_yours",
    "/v1/devices/nobody/1/late-operations": "device_elsewhere",
    "/v1/devices/centre/1/late-operations": "device_elsewhere",
    "/v1/devices/%00/1/late-operations": "device_elsewhere",
    "/v1/devices/%FF/1/late-operations": "device_elsewhere",
    "/v1/devices/nor-1/0/late-operations": "request_malformed",
    "/v1/devices/nor-1/-1/late-operations": "request_malformed",
    "/v1/devices/nor-1/1.5/late-operations": "request_malformed",
    "/v1/devices/nor-1/9999999999/late-operations": "request_malformed",
    "/v1/snapshot": "device_at_work",
    "/v1/snapshot?device=syd-1": "device_at_work",
}
"""What a device may ask with a true signature, and is refused."""


@pytest.mark.parametrize("target", ASKED)
def test_a_true_signature_does_not_open_what_is_anothers(scene: Scene, target: str) -> None:
    response = scene.send("GET", target, b"", SIGNED[0].headers_of("GET", scene, target))
    assert code_of(response) == ASKED[target]


@pytest.mark.parametrize("after", [10**6, 2**53 - 1])
def test_beyond_the_end_of_a_feed_there_is_nothing(scene: Scene, after: int) -> None:
    target = f"/v1/feeds/nor?after={after}"
    answered = scene.send("GET", target, b"", SIGNED[0].headers_of("GET", scene, target))
    page = json.loads(answered.content)
    assert (answered.status, page["items"]) == (200, [])
    assert page["head"] < after


HOSTS = ("x/v1/leases#", "x/v1/leases?", "[", "[::", "x:99999", "x:y", "\xff", "x@y", "", "a b")


@pytest.mark.parametrize("host", HOSTS)
def test_who_is_named_as_the_server_makes_no_difference(scene: Scene, host: str) -> None:
    """What is signed is the request line's address, whatever stands beside it."""
    door = next(door for door in SIGNED if door.path == "/v1/visits")
    body = door.body(scene)
    named = door.headers(scene, door.target(scene), body, named="/v1/leases")
    answered = scene.send(door.method, door.target(scene), body, named, host=host)
    assert code_of(answered) in {"signature_wrong", "http_error"}


# The head.

GOOD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /v1/enrolments HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
NO_HTTP = {
    "nothing that means anything": b"\x00\x01\x02\r\n\r\n",
    "a line of another protocol": b"SSH-2.0-x\r\n\r\n",
    "the beginning of TLS": bytes.fromhex("16030100c8010000c40303") + b"\x00" * 190 + b"\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /healthz\r\n\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": GOOD + b"Host: y\r\n\r\n",
    "a null byte in a header": GOOD + b"X: a\x00b\r\n\r\n",
    "a header without a name": GOOD + b": x\r\n\r\n",
    "a header that is none": GOOD + b"nothing\r\n\r\n",
    "a blank in the address": b"GET /health z HTTP/1.1\r\nHost: x\r\n\r\n",
    "letters beyond ASCII in the address": b"GET /h\xc3\xa6lthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "an address without end": b"GET /" + b"x" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header without end": GOOD + b"X: " + b"x" * 1_000_000 + b"\r\n\r\n",
    "headers without end": GOOD + b"X: x\r\n" * 200_000 + b"\r\n",
    "a signature without end": GOOD + b"Counterfoil-Signature: " + b"x" * 1_000_000 + b"\r\n\r\n",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a length below zero": POST + b"Content-Length: -1\r\n\r\n{}",
    "a length that is none": POST + b"Content-Length: 2x\r\n\r\n{}",
    "a length without end": POST + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n{}",
    "an encoding of its own": POST + b"Transfer-Encoding: gzip\r\n\r\n{}",
    "a chunk that is none": POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n",
    "a chunk below zero": POST + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("what", NO_HTTP)
def test_what_is_no_http_is_told_so(scene: Scene, what: str) -> None:
    try:
        code = code_of(said_on(line_to(scene), NO_HTTP[what]))
    except ConnectionError:
        # What was still on its way when the connection ended takes the answer with it.
        assert len(NO_HTTP[what]) > 60_000
        return
    assert code in {"http_error", "body_too_large"} or (code, what) == ("not_found", "HTTP/2")


def line_to(scene: Scene) -> socket.socket:
    parts = urlsplit(scene.address)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20)


def test_a_second_request_is_not_hidden_in_the_first(scene: Scene) -> None:
    """Chunked and with a length: whatever is behind the last chunk is a request of its own, signed by nobody."""
    door = next(door for door in SIGNED if door.path == "/v1/leases")
    hidden = b"POST /v1/leases HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n"
    body = b"2\r\n{}\r\n0\r\n\r\n" + hidden
    head = [*door.headers(scene, "/v1/leases", b"{}"), ("Transfer-Encoding", "chunked")]
    assert code_of(scene.send("POST", "/v1/leases", body, head)) in {"request_malformed", "http_error"}


def test_no_other_protocol_is_spoken_on_the_same_line(scene: Scene) -> None:
    for upgrade in (b"websocket", b"h2c", b"TLS/1.0"):
        asked = b"GET /v1/devices HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: %s\r\n\r\n" % upgrade
        assert code_of(said_on(line_to(scene), asked)) == "signature_missing"


def test_a_client_that_waits_to_be_told_to_go_on_is_told(scene: Scene) -> None:
    with line_to(scene) as line:
        line.sendall(POST + b"Expect: 100-continue\r\nContent-Length: 1\r\nConnection: close\r\n\r\n")
        assert line.recv(4096).startswith(b"HTTP/1.1 100 ")
        line.sendall(b"{")
        assert b"json_malformed" in answer_on(line).content
