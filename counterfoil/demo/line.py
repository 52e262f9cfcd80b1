"""A line that can be cut: a TCP forwarder between a branch and the centre, so that a cut is a cut for real sockets."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading

_PIECE = 64 * 1024
_CONNECT_SECONDS = 3.0


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
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, name="line", daemon=True).start()

    @property
    def address(self) -> str:
        """What a branch's desks are told is the centre."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_whole(self) -> bool:
        """Whether anything gets through."""
        return self._whole.is_set()

    def cut(self) -> None:
        """Break every connection off, and every new one at once."""
        self._whole.clear()
        with self._lock:
            broken, self._open = self._open, set()
        for end in broken:
            _break(end)

    def mend(self) -> None:
        """Let connections through again."""
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
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._open |= {near, far}
        try:
            _shuttle(near, far)
        finally:
            with self._lock:
                self._open -= {near, far}
            _break(near)
            _break(far)


def _shuttle(near: socket.socket, far: socket.socket) -> None:
    """Carry bytes both ways until either end closes."""
    with selectors.DefaultSelector() as selector:
        selector.register(near, selectors.EVENT_READ, far)
        selector.register(far, selectors.EVENT_READ, near)
        while True:
            for key, _ in selector.select():
                try:
                    data = key.fileobj.recv(_PIECE)  # type: ignore[union-attr]
                    if not data:
                        return
                    key.data.sendall(data)
                except OSError:
                    return


def _break(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        end.close()
