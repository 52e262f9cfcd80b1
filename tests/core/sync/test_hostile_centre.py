"""Whatever answers at the centre's address, a desk loses nothing: it pauses or stops, says why, and later goes on."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, repeat
from typing import Any

import msgspec
import pytest

from core.errors import LineProblem
from core.operations.checkpoints import NOTHING_READ, running_hashes
from core.operations.incarnations import FIRST
from core.sync import transport
from core.sync.loop import SyncLoop
from core.sync.messages import Activation, FeedPage, RightsAnswer, SignIn
from core.sync.transport import Transport
from tests.core.device.memory_centre import MemoryCentre
from tests.core.sync.conftest import Line

MEBIBYTE = 1024 * 1024
ANOTHERS = "http://127.0.0.1:{port}/v1/operations"


@contextmanager
def in_its_place(line: Line, said: Callable[[], Iterator[bytes]]) -> Iterator[list[bytes]]:
    """Something else answers at the centre's address, the same to everybody; gives what it was asked."""
    line.server.cut()
    heard: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", line.server.port))

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            heard.append(connection.recv(65536))
            for piece in said():
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listening.accept()[0],), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
        line.server.mend()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
PORTAL = b"<html>Please sign in to the wireless network</html>"
CHUNK = b"10000\r\n" + b" " * 65536 + b"\r\n"


def whole(status: bytes, content: bytes, *headers: bytes) -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(content), b"Connection: close", *headers]
    return b"\r\n".join([*lines, b"", content])


def bomb() -> bytes:
    return gzip.compress(b" " * 64 * MEBIBYTE, compresslevel=1)


ANSWERS: dict[str, tuple[Callable[[], Iterator[bytes]], str]] = {
    "nothing": (lambda: iter(()), "line_down"),
    "another protocol": (lambda: iter((b"SSH-2.0-OpenSSH_9.6\r\n",)), "line_down"),
    "TLS": (lambda: iter((bytes.fromhex("15030300020228"),)), "line_down"),
    "half a head": (lambda: iter((HEAD,)), "line_down"),
    "a head without end": (lambda: repeat(b"X-More: " + b"x" * 60_000 + b"\r\n"), "line_down"),
    "a status that is none": (lambda: iter((b"HTTP/1.1 2x0 OK\r\n\r\n",)), "line_down"),
    "less than it promised": (lambda: iter((HEAD + b'Content-Length: 900\r\n\r\n{"verd',)), "line_down"),
    "a chunk cut off": (lambda: iter((CHUNKED + b"ff\r\n{",)), "line_down"),
    "chunks that are none": (lambda: iter((CHUNKED + b"xyz\r\n{}\r\n0\r\n\r\n",)), "line_down"),
    "more than any answer": (lambda: chain((CHUNKED,), repeat(CHUNK)), "answer_too_large"),
    "a bomb": (lambda: iter((whole(b"200 OK", bomb(), b"Content-Encoding: gzip"),)), "answer_too_large"),
    "a broken bomb": (lambda: iter((whole(b"200 OK", b"\x1f\x8bxx", b"Content-Encoding: gzip"),)), "answer_malformed"),
    "a portal": (lambda: iter((whole(b"200 OK", PORTAL, b"Content-Type: text/html"),)), "answer_malformed"),
    "a portal's refusal": (lambda: iter((whole(b"403 Forbidden", PORTAL),)), "answer_malformed"),
    "a portal's error": (lambda: iter((whole(b"511 Network Authentication Required", PORTAL),)), "line_down"),
    "nothing inside": (lambda: iter((whole(b"204 No Content", b""),)), "answer_malformed"),
    "a list": (lambda: iter((whole(b"200 OK", b"[]"),)), "answer_malformed"),
    "broken characters": (lambda: iter((whole(b"200 OK", b'{"feed":"\xff"}'),)), "answer_malformed"),
    "brackets": (lambda: iter((whole(b"200 OK", b"[" * MEBIBYTE),)), "answer_malformed"),
    "a refusal by a long code": (
        lambda: iter((whole(b"403 Forbidden", b'{"code":"' + b"x" * 99_999 + b'"}'),)),
        "answer_malformed",
    ),
    "sent on to where there is nothing": (
        lambda: iter((whole(b"307 Temporary Redirect", b"", b"Location: http://["),)),
        "answer_malformed",
    ),
    "sent on by another protocol": (
        lambda: iter((whole(b"302 Found", b"", b"Location: file:///etc/passwd"),)),
        "answer_malformed",
    ),
    "an answer that is always about to come": (lambda: repeat(b"HTTP/1.1 100 Continue\r\n\r\n"), "line_too_slow"),
    "an answer that drips": (lambda: chain((CHUNKED,), repeat(b"1\r\n \r\n")), "line_too_slow"),
}


@pytest.fixture
def quick(line: Line, monkeypatch: pytest.MonkeyPatch) -> Iterator[SyncLoop]:
    """The desk's loop over a line that gives the centre a second, and takes a mebibyte."""
    monkeypatch.setattr(transport, "ANSWER_BYTES_MAX", MEBIBYTE)
    made = Transport.of_device(line.branch.desk.device, line.server.url, answer_seconds=0.5, exchange_seconds=0.5)
    loop = SyncLoop(line.branch.desk.device, made, randomness=bytes)
    yield loop
    loop.close()
    made.close()


@pytest.mark.parametrize("what", ANSWERS)
def test_what_is_not_the_centre_is_a_line_that_is_down(line: Line, quick: SyncLoop, what: str) -> None:
    said, code = ANSWERS[what]
    waiting = quick.state.waiting
    with in_its_place(line, said):
        state = quick.step()
        assert (state.online, state.problem) == (False, code)
        assert (state.stopped, state.device_stopped, state.push_refused) == (False, None, None)
        assert state.waiting == waiting
        assert quick.pause_seconds() > 0
        more = line.branch.desk.customer(line.branch.teller, line.branch.supervisor)
        assert more, "work goes on"
    assert quick.step().all_sent


def test_nobody_is_followed_elsewhere(line: Line, quick: SyncLoop) -> None:
    """A signed request is for the centre: wherever an answer points to, it is not repeated there."""
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        place = f"Location: http://127.0.0.1:{elsewhere.getsockname()[1]}/v1/operations".encode()
        for status in (b"301 Moved", b"302 Found", b"307 Temporary Redirect", b"308 Permanent Redirect"):
            with in_its_place(line, lambda status=status: iter((whole(status, b"", place),))) as heard:  # type: ignore[misc]
                assert quick.step().problem == "answer_malformed"
                assert len(heard) == 1
        elsewhere.settimeout(0.05)
        with pytest.raises(TimeoutError):
            elsewhere.accept()
    assert quick.step().all_sent


# Answers that are the centre's in form, and no honest centre's in substance.


def page(line: Line, feed: str, after: int = 0) -> FeedPage:
    return line.branch.centre.page(feed, after)


def of_another_bank(line: Line) -> FeedPage:
    other = MemoryCentre(line.branch.clock, "odense", "aarhus")
    other.admit("mette", "supervisor", "odense")
    good = page(line, "bank")
    return msgspec.structs.replace(good, items=(*good.items, *replaced(other.page("bank", 0), good.head)), head=10**6)


def replaced(strange: FeedPage, after: int) -> Iterator[Any]:
    for number, item in enumerate(strange.items, after + 1):
        yield msgspec.structs.replace(item, position=number)


def changed(line: Line, feed: str, **changes: Any) -> FeedPage:
    return msgspec.structs.replace(page(line, feed), **changes)


def with_last(line: Line, feed: str, **changes: Any) -> FeedPage:
    good = page(line, feed)
    last = msgspec.structs.replace(good.items[-1], position=good.head + 1)
    return msgspec.structs.replace(good, items=(*good.items, msgspec.structs.replace(last, **changes)))


def repeated(line: Line, feed: str) -> FeedPage:
    """The last operation a second time, which would have the next one passed over; the running hash is the true one."""
    true = running_hashes(NOTHING_READ, (item.verdict.hash for item in page(line, feed).items))[-1]
    return msgspec.structs.replace(with_last(line, feed), hash=true)


BANK, BRANCH = "bank", "odense"
PAGES: dict[str, tuple[str, Callable[[Line], FeedPage], set[str]]] = {
    "another feed's page for the bank's": (
        BANK,
        lambda line: changed(line, BRANCH, read_bank_to=2**53 - 1),
        {"feed_unknown"},
    ),
    "the bank's page for the branch's": (BRANCH, lambda line: page(line, BANK), {"feed_unknown"}),
    "another branch's page": (BRANCH, lambda line: page(line, "aarhus"), {"feed_unknown"}),
    "another bank's operations": (BANK, of_another_bank, {"chain_forked"}),
    "a gap": (BRANCH, lambda line: with_last(line, BRANCH, position=10**6), {"feed_gap"}),
    "an operation again at a later place": (BRANCH, lambda line: repeated(line, BRANCH), {"checkpoint_differs"}),
    "an operation that is none": (
        BRANCH,
        lambda line: with_last(line, BRANCH, jws="a.b.c"),
        {"base64url_not_canonical"},
    ),
    "an operation without end": (BRANCH, lambda line: with_last(line, BRANCH, jws="x" * 49_000), {"jws_malformed"}),
    "the past of an older life": (
        BRANCH,
        lambda line: changed(line, BRANCH, incarnation=FIRST - 1),
        {"incarnation_older"},
    ),
    "another running hash": (BRANCH, lambda line: changed(line, BRANCH, hash="A" * 43), {"checkpoint_differs"}),
}


@pytest.mark.parametrize("what", PAGES)
def test_a_page_that_no_honest_centre_sends_is_not_taken_and_said(line: Line, what: str) -> None:
    assert line.loop.step().all_sent
    device, (feed, made, codes) = line.branch.desk.device, PAGES[what]
    read = device.feed_position(feed)
    line.server.answers[f"/v1/feeds/{feed}"] = (200, msgspec.json.encode(made(line)))
    state = line.loop.step()
    assert dict(state.feed_faults)[feed] in codes
    assert (state.online, state.all_sent, state.stopped, state.device_stopped) == (True, False, False, None)
    assert device.feed_position(feed) == read
    line.branch.desk.customer(line.branch.teller, line.branch.supervisor)
    assert line.loop.step().waiting == 0, "what is done here still goes to the centre"
    line.server.answers.clear()
    line.loop.resume()
    assert line.loop.step().all_sent


HARMLESS: dict[str, Callable[[Line, str], FeedPage]] = {
    "what was read before": page,
    "positions that go back": lambda line, feed: changed(line, feed, items=(), head=0),
    "an end that is never reached": lambda line, feed: changed(line, feed, items=(), head=2**53 - 1),
    "no time": lambda line, feed: changed(line, feed, now=None),
    "a time that is none": lambda line, feed: changed(line, feed, now="yesterday"),
    "a bank that is never read so far": lambda line, feed: changed(line, feed, read_bank_to=2**53 - 1),
}


@pytest.mark.parametrize("what", HARMLESS)
def test_a_page_that_says_nothing_new_changes_nothing(line: Line, what: str) -> None:
    assert line.loop.step().all_sent
    device = line.branch.desk.device
    read = [device.feed_position(feed) for feed in (BANK, BRANCH)]
    for feed in (BANK, BRANCH):
        line.server.answers[f"/v1/feeds/{feed}"] = (200, msgspec.json.encode(HARMLESS[what](line, feed)))
    line.server.seen.clear()
    state = line.loop.step()
    assert state.online
    assert state.feed_faults == ()
    assert [device.feed_position(feed) for feed in (BANK, BRANCH)] == read
    assert len(line.server.seen) < 10, "nothing is asked for again and again"


def test_rights_come_with_the_branchs_page_or_not_at_all(line: Line) -> None:
    desk, teller = line.branch.desk, line.branch.teller
    account = desk.account(teller, desk.customer(teller, line.branch.supervisor))
    assert line.loop.step().all_sent
    said = RightsAnswer(10**12, 10**12, page(line, "aarhus"))
    line.server.answers["/v1/rights"] = (200, msgspec.json.encode(said))
    assert line.loop.fetch_rights(account, 1_00, 1_00).payable_here == 0
    assert dict(line.loop.state.feed_faults) == {BRANCH: "feed_unknown"}


def test_a_centre_that_is_always_in_another_life_is_not_asked_without_a_pause(line: Line) -> None:
    assert line.loop.step().all_sent
    of_later = changed(line, BANK, incarnation=7)
    line.server.answers["/v1/feeds/bank"] = (200, msgspec.json.encode(of_later))
    line.server.answers["/v1/incarnation"] = (200, b'{"incarnation":1,"begun":null,"ends":[]}')
    line.server.answers["/v1/reported"] = (200, b'{"incarnation":1,"recovering":false}')
    line.server.answers["/v1/given-back"] = (200, b'{"incarnation":1,"here":0}')
    pauses = []
    for _ in range(4):
        line.loop.step()
        pauses.append(line.loop.pause_seconds())
    assert pauses[-1] > pauses[0]
    assert line.branch.desk.device.incarnation <= FIRST


SEED = b'"seed":"' + b"A" * 27 + b'"'


@pytest.mark.parametrize(
    "content",
    [
        b'{"person":"mette","name":"Mette",' + SEED + b"}",
        b'{"person":"jens","name":"Jens","seed":"!"}',
        b'{"person":"jens","name":"Jens","seed":"' + b"A" * 26 + b'B"}',
        b'{"person":"jens","name":"Jens",' + SEED + b',"last_step":9223372036854775808}',
        b'{"person":"jens","name":"Jens",' + SEED + b',"last_step":-1}',
        b'{"person":"../jens","name":"Jens",' + SEED + b"}",
    ],
)
def test_no_seed_is_kept_but_ones_own(line: Line, content: bytes) -> None:
    for path in ("activations", "sign-ins"):
        line.server.answers[f"/v1/staff/{path}"] = (200, content)
    with pytest.raises(LineProblem, match="not the centre"):
        line.transport.activate(Activation("jens", "x", "y"))
    with pytest.raises(LineProblem, match="not the centre"):
        line.transport.sign_in(SignIn("jens", "x", "123456"))


TRUSTED = {"state": "trusted", "device": "nor-1", "epoch": 1, "branch": "nor", "purpose": "desktop"}


@pytest.mark.parametrize(
    "changes",
    [
        {"device": "../../x"},
        {"device": ""},
        {"epoch": 0},
        {"epoch": 10**30},
        {"branch": "bank\x00"},
        {"centre_key": "x"},
        {"centre_key": "A" * 42 + "B"},
        {"fingerprint": "x"},
        {"state": "loved"},
    ],
)
def test_nobody_is_enrolled_as_what_nobody_can_be(line: Line, changes: dict[str, object]) -> None:
    whole_answer = {**TRUSTED, "fingerprint": "A" * 43, "centre_key": "A" * 43, **changes}
    line.server.answers["/v1/enrolments/x"] = (200, msgspec.json.encode(whole_answer))
    with pytest.raises(LineProblem) as raised:
        line.transport.enrolment("x")
    assert raised.value.code == "answer_malformed"
