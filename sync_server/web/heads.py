"""HTTP/1.1 for strangers: a request's head must be one and arrive in time; otherwise a problem document says so."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import h11
import msgspec
from uvicorn.protocols.http.h11_impl import H11Protocol

from sync_server.problems import PROBLEM_MEDIA_TYPE, Problem

HEAD_SECONDS = 20.0
"""Of every connection, for the request line and headers of its first request, and of each later one once it begins."""


class HeadLimit(H11Protocol):
    """uvicorn's protocol, which by itself waits for ever for the end of a head."""

    head_seconds = HEAD_SECONDS
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Take what has come; once the head is whole, its body has a limit of its own."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._head_timer is None and self.conn.trailing_data[0]:
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is waited for any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP: said as everything else is said."""
        self._stop_waiting()
        self._refuse(Problem("http_error", msg))

    def _wait_for_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_seconds, self._head_too_slow)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_too_slow(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self._refuse(Problem("request_too_slow"))

    def _refuse(self, problem: Problem) -> None:
        """Answer outside any application, and end the connection."""
        content = msgspec.json.encode(problem.document())
        headers = [
            ("content-type", PROBLEM_MEDIA_TYPE),
            ("content-length", str(len(content))),
            ("cache-control", "no-store"),
            ("connection", "close"),
        ]
        reason = HTTPStatus(problem.status).phrase
        answer = (
            h11.Response(status_code=problem.status, headers=headers, reason=reason),
            h11.Data(data=content),
            h11.EndOfMessage(),
        )
        try:
            for event in answer:
                self.transport.write(self.conn.send(event))
        except h11.LocalProtocolError:
            # An answer to the request before is still going out.
            pass
        finally:
            self.transport.close()
