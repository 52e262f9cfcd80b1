"""A connection on which no request comes to an end, or what comes is none, or nothing is taken, is let go."""

import json
import socket
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import count

import httpx
import pytest
from fastapi import FastAPI

from sync_server.problems import PROBLEMS
from sync_server.web.heads import HeadLimit
from sync_server.web.streams import Streamed
from tests.sync_server.serving import served

GOOD = b"GET /here HTTP/1.1\r\nHost: x\r\n\r\n"


class Impatient(HeadLimit):
    """Waits a moment."""

    head_seconds = 0.3
    reader_seconds = 0.3


ENDED = threading.Event()
"""Set when the answer without end has ended."""


def without_end() -> Streamed:
    def pieces() -> Generator[bytes]:
        try:
            while True:
                yield b"x" * 65536
        finally:
            ENDED.set()

    return Streamed(b"x", pieces(), "text/plain")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    app = FastAPI(docs_url=None, redoc_url=None)
    app.add_api_route("/here", lambda: {"here": True})
    app.add_api_route("/without-end", without_end)
    with served(app, Impatient) as address:
        yield address


@contextmanager
def line_to(address: str) -> Iterator[socket.socket]:
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        yield line


def rest_of(line: socket.socket) -> bytes:
    """All that the server says until it ends the connection."""
    return b"".join(iter(lambda: line.recv(4096), b""))


def not_found_on(line: socket.socket) -> None:
    """Ask for nothing, with a body of one byte that is not sent; take the answer."""
    line.sendall(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n")
    answer = b""
    while not answer.endswith(b'{"detail":"Not Found"}'):
        answer += line.recv(4096)


def problem_in(answer: bytes) -> tuple[int, str, bool]:
    """Status, code and retry of an answer that stands alone."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower()
    document = json.loads(body)
    assert document["title"] == PROBLEMS[document["code"]].title
    return int(head.split()[1]), document["code"], document["retry"]


@pytest.mark.parametrize("begun", [b"", b"G", b"POST /here HTTP/1.1\r\nHost: x\r\nX-More: "])
def test_a_head_that_does_not_arrive_is_not_waited_for(address: str, begun: bytes) -> None:
    with line_to(address) as line:
        line.sendall(begun)
        assert problem_in(rest_of(line)) == (408, "request_too_slow", True)


def test_a_head_that_drips_for_ever_is_cut_off(address: str) -> None:
    with line_to(address) as line:
        line.sendall(b"GET /here HTTP/1.1\r\n")
        line.settimeout(0.05)
        answer = b""
        for number in count():
            try:
                line.sendall(b"X-%d: y\r\n" % number)
                answer = line.recv(4096)
            except TimeoutError:
                continue
            break
        assert problem_in(answer)[1] == "request_too_slow"
        assert number < 60


def test_a_later_request_on_the_same_line_must_arrive_too(address: str) -> None:
    with line_to(address) as line:
        line.sendall(GOOD)
        assert line.recv(4096).startswith(b"HTTP/1.1 200 ")
        line.sendall(GOOD[:-2])
        assert problem_in(rest_of(line)) == (408, "request_too_slow", True)


def test_a_body_that_goes_on_after_its_answer_is_cut_off(address: str) -> None:
    with line_to(address) as line:
        line.sendall(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        assert line.recv(4096).startswith(b"HTTP/1.1 404 ")
        line.settimeout(0.05)
        for number in count():
            assert number < 60
            try:
                line.sendall(b"x")
                if line.recv(4096) == b"":
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break


def test_a_line_is_let_go_when_nothing_follows_a_body_that_came_after_its_answer(address: str) -> None:
    with line_to(address) as line:
        not_found_on(line)
        line.sendall(b"x")
        assert problem_in(rest_of(line)) == (408, "request_too_slow", True)


def test_a_request_after_such_a_body_is_answered(address: str) -> None:
    with line_to(address) as line:
        not_found_on(line)
        line.sendall(b"x" + GOOD)
        assert line.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_who_takes_nothing_of_an_answer_is_let_go(address: str) -> None:
    with line_to(address) as line:
        line.sendall(b"GET /without-end HTTP/1.1\r\nHost: x\r\n\r\n")
        assert ENDED.wait(20)


def test_a_quiet_line_between_two_requests_is_kept(address: str) -> None:
    with httpx.Client(base_url=address, trust_env=False) as client, line_to(address) as other:
        assert client.get("/here").status_code == 200
        # Another line's time running out is a while that is certainly longer than this one's would be.
        assert problem_in(rest_of(other))[1] == "request_too_slow"
        first = client.get("/here")
        assert first.status_code == 200
        assert "connection" not in first.headers


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40 + b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX:\x00y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 90) for n in range(2000)) + b"\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["tls", "no address", "no host", "negative", "two lengths", "nul", "flood of headers", "long address"],
)
def test_what_is_no_http_is_answered_as_a_problem(address: str, nonsense: bytes) -> None:
    with line_to(address) as line:
        try:
            line.sendall(nonsense)
            answer = rest_of(line)
        except ConnectionError:
            # What was still on its way when the connection ended takes the answer with it.
            assert len(nonsense) > 60_000
            return
        assert problem_in(answer) == (400, "http_error", False)
