"""A line of our own between real processes: a TCP forwarder that can be cut and whose exchanges are spoilt by script.

An exchange is what goes up and the answer that comes down. Faults are given out to exchanges in the order in which
these begin, so that the same script spoils the same request each time.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import threading
from collections import deque
from dataclasses import dataclass
from typing import Literal

_PIECE = 64 * 1024
_CONNECT_SECONDS = 3.0
_LINGER = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)

Way = Literal["up", "down"]
Act = Literal["reset", "close", "swallow", "drip", "delay"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls one exchange, once `after` bytes of it have passed that way (`up`: to the centre).

    `reset` and `close` end the connection, `swallow` carries nothing that way on this connection any more and says so
    to nobody (half open), `drip` lets `piece` bytes through every `seconds`, `delay` holds back once for `seconds`.
    """

    way: Way
    act: Act
    after: int = 0
    seconds: float = 0.0
    piece: int = 1


ANSWER_LOST = Fault("down", "reset")
"""The centre has done what was asked, and nobody hears of it."""
REQUEST_LOST = Fault("up", "reset")
HALF_OPEN = Fault("up", "swallow")
"""The peer is gone and has not said so: nothing arrives, nothing breaks."""
DEAF = Fault("down", "swallow")
"""Cut one way: what is asked arrives and is done, no answer comes."""


class Line:
    """Forwards connections on a free port of this machine to the centre, until it is cut; `mend` lets them again."""

    def __init__(self, centre_port: int) -> None:
        self._centre_port = centre_port
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listening.getsockname()[1])
        self._whole = threading.Event()
        self._whole.set()
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._open: set[_Connection] = set()
        self._script: deque[Fault | None] = deque()
        self._always: Fault | None = None
        self._exchanges = 0
        threading.Thread(target=self._accept, name="line", daemon=True).start()

    @property
    def address(self) -> str:
        """What a branch's desks are told is the centre."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_whole(self) -> bool:
        """Whether anything gets through."""
        return self._whole.is_set()

    @property
    def exchanges(self) -> int:
        """How many exchanges have begun."""
        with self._lock:
            return self._exchanges

    def spoil(self, *faults: Fault | None) -> None:
        """What befalls the next exchanges, one each, after those that are spoilt already; None lets one through."""
        with self._lock:
            self._script.extend(faults)

    def spoil_always(self, fault: Fault | None) -> None:
        """What befalls every exchange for which nothing else is scripted; None for nothing."""
        with self._lock:
            self._always = fault

    def cut(self) -> None:
        """Break every connection off, and every new one at once."""
        self._whole.clear()
        self._break_all()

    def mend(self) -> None:
        """Let connections through again, as they are, with nothing scripted."""
        with self._lock:
            self._script.clear()
            self._always = None
        self._break_all()
        self._whole.set()

    def retarget(self, centre_port: int) -> None:
        """Forward to the centre at another port from here on."""
        self._centre_port = centre_port

    def close(self) -> None:
        """Forward nothing any more."""
        self._closed.set()
        self.cut()
        # Closing alone would leave the port open until the thread that waits there has been called once more.
        _break(self._listening)

    def begin_exchange(self) -> Fault | None:
        """Count an exchange that begins, and answer what befalls it."""
        with self._lock:
            self._exchanges += 1
            return self._script.popleft() if self._script else self._always

    def _break_all(self) -> None:
        with self._lock:
            broken, self._open = self._open, set()
        for connection in broken:
            connection.end()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            if not self._whole.is_set():
                _break(near)
                continue
            threading.Thread(target=self._forward, args=(near,), daemon=True).start()

    def _forward(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self._centre_port), _CONNECT_SECONDS)
        except OSError:
            _break(near)
            return
        far.settimeout(None)
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(self, near, far)
        with self._lock:
            self._open.add(connection)
        try:
            if self._whole.is_set():
                connection.carry()
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.end()


class _Connection:
    """Two sockets and a thread for each way, so that what holds one way back does not hold the other."""

    def __init__(self, line: Line, near: socket.socket, far: socket.socket) -> None:
        self._line = line
        self._near = near
        self._far = far
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._last_way: Way = "down"
        self._fault: Fault | None = None
        self._passed = 0
        self._swallowed: set[Way] = set()

    def carry(self) -> None:
        """Carry bytes both ways until either end closes."""
        upward = threading.Thread(target=self._pump, args=("up", self._near, self._far), daemon=True)
        upward.start()
        self._pump("down", self._far, self._near)
        upward.join()

    def end(self, *, hard: bool = False) -> None:
        """End both connections; `hard` is a reset, which throws away what was under way."""
        self._ended.set()
        for end in (self._near, self._far):
            (_reset if hard else _break)(end)

    def _pump(self, way: Way, source: socket.socket, sink: socket.socket) -> None:
        try:
            while not self._ended.is_set() and (data := source.recv(_PIECE)):
                self._pass_on(way, data, sink)
        except OSError:
            pass
        if not self._ended.is_set():
            self.end()

    def _pass_on(self, way: Way, data: bytes, sink: socket.socket) -> None:
        if way in self._swallowed:
            return
        fault, through = self._fault_at(way, len(data))
        if through:
            sink.sendall(data[:through])
        rest = data[through:]
        if fault is None or not rest:
            return
        if fault.act in ("reset", "close"):
            self.end(hard=fault.act == "reset")
        elif fault.act == "swallow":
            self._swallowed.add(way)
        elif fault.act == "drip":
            self._drip(rest, sink, fault)
        else:
            self._ended.wait(fault.seconds)
            sink.sendall(rest)

    def _fault_at(self, way: Way, length: int) -> tuple[Fault | None, int]:
        """What befalls these bytes, and how many of them come before it."""
        with self._lock:
            if way == "up" and self._last_way == "down":
                self._fault, self._passed = self._line.begin_exchange(), 0
            self._last_way = way
            fault = self._fault
            if fault is None or fault.way != way:
                return None, length
            through = min(length, max(0, fault.after - self._passed))
            self._passed += length
            if fault.act == "delay" and through < length:
                self._fault = None
            return fault, through

    def _drip(self, data: bytes, sink: socket.socket, fault: Fault) -> None:
        for place in range(0, len(data), fault.piece):
            if self._ended.wait(fault.seconds):
                return
            sink.sendall(data[place : place + fault.piece])


def _break(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        end.close()


def _reset(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        # Wakes whoever reads there without a farewell to the other side.
        end.shutdown(socket.SHUT_RD)
    with contextlib.suppress(OSError):
        end.close()
