"""An end for a whole exchange: who sends a byte now and then is not waited for longer than who sends none.

The client's own limits are for each read and write, so a peer that drips could hold a device for hours.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

Seconds = Callable[[], float]


class Deadline:
    """When the exchange that this thread is in must be over, by a clock that never goes back."""

    def __init__(self, seconds: Seconds = time.monotonic) -> None:
        self._seconds = seconds
        self._of_thread = threading.local()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Everything that this thread sends and reads inside is over within that time, or times out."""
        self._of_thread.at = self._seconds() + seconds
        try:
            yield
        finally:
            self._of_thread.at = None

    def shorten(self, timeout: float | None, problem: type[Exception]) -> float | None:
        """The time-out of one step, in seconds: never beyond the deadline. Raises `problem` once that is past."""
        at = getattr(self._of_thread, "at", None)
        if at is None:
            return timeout
        left: float = at - self._seconds()
        if left <= 0:
            raise problem("the exchange took too long")
        return left if timeout is None else min(timeout, left)


class TimedTransport(httpx.HTTPTransport):
    """httpx's own transport whose every connect, read and write keeps to a deadline."""

    def __init__(self, deadline: Deadline, *, trust_env: bool, proxy: str | None = None) -> None:
        super().__init__(trust_env=trust_env, proxy=proxy)
        # httpx hands no network backend on; its pool takes one.
        self._pool._network_backend = _TimedBackend(deadline)  # noqa: SLF001


class _TimedBackend(httpcore.SyncBackend):
    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        limit = self._deadline.shorten(timeout, httpcore.ConnectTimeout)
        return _TimedStream(super().connect_tcp(host, port, limit, local_address, socket_options), self._deadline)


class _TimedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.shorten(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        limit = self._deadline.shorten(timeout, httpcore.WriteTimeout)
        for place in range(0, len(buffer), _WRITTEN_AT_ONCE):
            self._stream.write(buffer[place : place + _WRITTEN_AT_ONCE], limit)
            limit = self._deadline.shorten(timeout, httpcore.WriteTimeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        limit = self._deadline.shorten(timeout, httpcore.ConnectTimeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, limit), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


_WRITTEN_AT_ONCE = 64 * 1024
