"""A cut line is cut for real sockets: what was open breaks, what is new is refused, until it is mended."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from counterfoil.line_proxy import ANSWER_LOST, HALF_OPEN, Fault, Line

SECONDS = 5.0


class Echo:
    """A server that answers what it is sent, behind its own name."""

    def __init__(self, name: bytes) -> None:
        self._name = name
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(near,), daemon=True).start()

    def _answer(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError):
            while data := near.recv(65536):
                near.sendall(self._name + data)

    def close(self) -> None:
        """Answer nobody new."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@pytest.fixture
def centre() -> Iterator[Echo]:
    made = Echo(b"centre:")
    yield made
    made.close()


@pytest.fixture
def line(centre: Echo) -> Iterator[Line]:
    made = Line(centre.port)
    yield made
    made.close()


def call(line: Line) -> socket.socket:
    """A connection to where a desk believes the centre to be."""
    return socket.create_connection(("127.0.0.1", line.port), SECONDS)


def asked(connection: socket.socket, question: bytes) -> bytes:
    """What is answered; nothing if the connection is broken."""
    try:
        connection.sendall(question)
        return connection.recv(65536)
    except OSError:
        return b""


def test_a_whole_line_carries_both_ways(line: Line) -> None:
    assert line.is_whole
    assert line.address == f"http://127.0.0.1:{line.port}"
    with call(line) as first, call(line) as second:
        assert asked(first, b"one") == b"centre:one"
        assert asked(second, b"two") == b"centre:two"
        assert asked(first, b"three") == b"centre:three"


def test_much_arrives_whole_and_in_order(line: Line) -> None:
    sent = bytes(range(256)) * 4096
    with call(line) as connection:
        threading.Thread(target=connection.sendall, args=(sent,), daemon=True).start()
        got = b""
        while len(got.replace(b"centre:", b"")) < len(sent):
            got += connection.recv(65536)
        assert len(got.replace(b"centre:", b"")) == len(sent)


def test_a_cut_breaks_what_is_open_and_what_is_new(line: Line) -> None:
    with call(line) as connection:
        assert asked(connection, b"one") == b"centre:one"
        line.cut()
        assert not line.is_whole
        assert asked(connection, b"two") == b""
    with call(line) as connection:
        assert asked(connection, b"three") == b""


def test_a_mended_line_carries_again(line: Line) -> None:
    line.cut()
    line.mend()
    assert line.is_whole
    with call(line) as connection:
        assert asked(connection, b"again") == b"centre:again"


def test_a_line_may_lead_to_a_centre_that_has_moved(line: Line, centre: Echo) -> None:
    moved = Echo(b"moved:")
    centre.close()
    line.retarget(moved.port)
    with call(line) as connection:
        assert asked(connection, b"there?") == b"moved:there?"
    moved.close()


def test_where_nobody_listens_the_desk_is_told_at_once(line: Line, centre: Echo) -> None:
    centre.close()
    with call(line) as connection:
        assert asked(connection, b"there?") == b""


def test_a_closed_line_is_no_longer_there() -> None:
    centre = Echo(b"")
    line = Line(centre.port)
    line.close()
    centre.close()
    with pytest.raises(OSError, match=r"refused|reset|timed out"):
        call(line)


def test_a_script_spoils_the_exchanges_in_their_order(line: Line) -> None:
    line.spoil(None, ANSWER_LOST)
    with call(line) as connection:
        assert asked(connection, b"one") == b"centre:one"
        connection.sendall(b"two")
        with pytest.raises(ConnectionResetError):
            connection.recv(100)
    with call(line) as connection:
        assert asked(connection, b"three") == b"centre:three"
    assert line.exchanges == 3


def test_a_half_open_line_carries_nothing_and_breaks_nothing(line: Line) -> None:
    line.spoil(HALF_OPEN)
    with call(line) as connection:
        connection.sendall(b"one")
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(100)
        connection.settimeout(SECONDS)
        line.mend()
        assert asked(connection, b"two") == b""
    with call(line) as connection:
        assert asked(connection, b"three") == b"centre:three"


def test_an_answer_may_be_cut_in_the_middle(line: Line) -> None:
    line.spoil(Fault("down", "close", after=4))
    with call(line) as connection:
        connection.sendall(b"one")
        assert connection.recv(100) + connection.recv(100) == b"cent"


def test_what_drips_and_what_is_late_arrives_whole(line: Line) -> None:
    line.spoil(Fault("down", "drip", after=2, seconds=0.001, piece=3), Fault("up", "delay", seconds=0.05))
    with call(line) as connection:
        connection.sendall(b"one")
        got = b""
        while len(got) < len(b"centre:one"):
            got += connection.recv(100)
        assert got == b"centre:one"
        assert asked(connection, b"two") == b"centre:two"
