"""Two hundred lines that say nothing, little, or listen to nothing keep no honest device waiting."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from core.sync.requests import SIGNATURE_HEADER
from tests.sync_server.api.hostility import new_desk, signature, work_on
from tests.sync_server.centre_bank import CentreBank, Desk
from tests.sync_server.serving import program

OF_EACH = 40
HONEST_SECONDS_MAX = 10.0
"""Half of what a desk waits for an answer, on a machine with much else to do."""

HEAD = b"POST /v1/operations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def address(centre_bank: CentreBank, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server in a process of its own, with its usual limits."""
    log: Path = tmp_path_factory.mktemp("log") / "log"
    with program("server", centre_bank.environment(), log) as server:
        yield server.address
        assert "Traceback" not in server.log


@pytest.fixture(scope="module")
def desk(bank: CentreBank, address: str) -> Desk:
    return new_desk(bank, address)


def crowd(stack: ExitStack, address: str, desk: Desk) -> tuple[list[socket.socket], list[socket.socket]]:
    """Lines of every kind, and of those the ones that go on to drip."""
    parts = urlsplit(address)
    feed = "/v1/feeds/nor?after=0&limit=500"
    asked = f"GET {feed} HTTP/1.1\r\nHost: x\r\n{SIGNATURE_HEADER}: {signature(desk, 'GET', feed)}\r\n\r\n".encode()
    forged = HEAD + SIGNATURE_HEADER.encode() + b": a.b.c\r\nContent-Length: 1000000\r\n\r\n"
    begun = {
        "say nothing": b"",
        "begin a head": HEAD,
        "begin a body": HEAD + b"Content-Length: 1000000\r\n\r\n{",
        "begin a body in chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
        "send on after the answer": b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n",
        "ask much and take nothing": asked * 8 + forged,
    }
    lines: dict[str, list[socket.socket]] = {what: [] for what in begun}
    for what, text in begun.items():
        for _ in range(OF_EACH):
            line = stack.enter_context(socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20))
            line.sendall(text)
            lines[what].append(line)
    dripping = [line for what in ("begin a head", "begin a body", "send on after the answer") for line in lines[what]]
    return [line for kind in lines.values() for line in kind], dripping


def test_a_crowd_that_says_little_keeps_nobody_out(bank: CentreBank, address: str, desk: Desk) -> None:
    done = threading.Event()

    def drip(lines: list[socket.socket]) -> None:
        for number in count():
            for line in lines:
                with suppress(OSError):
                    line.sendall(b"X-%d: y\r\n" % number)
            if done.wait(0.05):
                return

    with ExitStack() as stack:
        everybody, dripping = crowd(stack, address, desk)
        assert len(everybody) >= 200
        thread = threading.Thread(target=drip, args=(dripping,))
        thread.start()
        try:
            for _ in range(10):
                begun = time.monotonic()
                work_on(bank, address, desk)
                assert desk.feed(address, after=0, limit=50).items
                assert time.monotonic() - begun < HONEST_SECONDS_MAX
        finally:
            done.set()
            thread.join()
    work_on(bank, address, desk)
