"""HTTP/1.1 for strangers: a request's head must be one and arrive in time; otherwise a problem document says so.

Nor is anybody waited for who goes on sending after the answer, or takes nothing of it.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import h11
import msgspec
from uvicorn.protocols.http.h11_impl import H11Protocol

from sync_server.problems import PROBLEM_MEDIA_TYPE, Problem

HEAD_SECONDS = 20.0
"""Of every connection, for the request line and headers of its first request, and of each later one once it begins."""
READER_SECONDS = 60.0
"""For so long whoever is answered may leave what waits to be sent where it is (64 KiB, of which most must go)."""


class HeadLimit(H11Protocol):
    """uvicorn's protocol, which by itself waits for ever: for a head's end, a body's after its answer, a reader."""

    head_seconds = HEAD_SECONDS
    reader_seconds = READER_SECONDS
    _head_timer: asyncio.TimerHandle | None = None
    _reader_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Take what has come; once the head is whole, its body has a limit of its own."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            begun = self.conn.trailing_data[0] or self.timeout_keep_alive_task is None
            if self._head_timer is None and begun:
                self._wait_for_head()
        elif not self._is_answered_early():
            self._stop_waiting()

    def on_response_complete(self) -> None:
        """What was answered without its body may send the rest in the time of a head, and nobody reads it."""
        super().on_response_complete()
        if self._is_answered_early() and not self.transport.is_closing():
            self._wait_for_head()

    def pause_writing(self) -> None:
        """As much as is kept for whoever is answered waits for them."""
        super().pause_writing()
        self._reader_timer = self.loop.call_later(self.reader_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """They have taken most of it."""
        self._stop_waiting_for_reader()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is waited for any more."""
        self._stop_waiting()
        self._stop_waiting_for_reader()
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

    def _stop_waiting_for_reader(self) -> None:
        if self._reader_timer is not None:
            self._reader_timer.cancel()
            self._reader_timer = None

    def _is_answered_early(self) -> bool:
        """Whether the answer is out, and the body that it did not need is not in."""
        return self.conn.our_state is h11.DONE and self.conn.their_state is h11.SEND_BODY

    def _head_too_slow(self) -> None:
        self._head_timer = None
        if self._is_answered_early():
            self.transport.close()
        elif not self.transport.is_closing():
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
