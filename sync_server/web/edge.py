"""The outermost layer of a request: its id, its log line, its figures, and the answer when there is a bug."""

from __future__ import annotations

import re
from collections.abc import Callable

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.ids import Identifiers
from sync_server.metrics import Metrics
from sync_server.problems import Problem
from sync_server.web.bodies import answer_problem

REQUEST_ID_HEADER = "X-Request-Id"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_QUIET_ROUTES = frozenset({"/healthz", "/readyz", "/metrics"})
_CLIENT_LEFT = 499
_SHOWN_MAX = 200
"""Characters of a method or an address in a log line. What is longer is nobody's here, and looking through it for
secrets takes a time that grows with its square."""


class Edge:
    """ASGI middleware. `seconds` is a clock that only goes forward."""

    def __init__(self, app: ASGIApp, *, ids: Identifiers, metrics: Metrics, seconds: Callable[[], float]) -> None:
        self._app = app
        self._ids = ids
        self._metrics = metrics
        self._seconds = seconds
        self._log = structlog.get_logger("sync_server.requests")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope) or self._ids.new()
        answered = _Answered(send, request_id)
        begun = self._seconds()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, answered.send)
            except ClientDisconnect:
                answered.status = _CLIENT_LEFT
            except Problem as problem:
                await self._answer(problem, answered, scope, receive)
            except Exception as bug:
                self._log.exception("request.failed", **_shown(scope))
                if answered.status:
                    # Half an answer is out: breaking the connection off is all that is left to say.
                    raise
                failed = Problem("internal_error", reference=request_id)
                failed.__cause__ = bug
                await self._answer(failed, answered, scope, receive)
            finally:
                self._note(scope, answered, self._seconds() - begun)

    async def _answer(self, problem: Problem, answered: _Answered, scope: Scope, receive: Receive) -> None:
        await answer_problem(problem)(scope, receive, answered.send)

    def _note(self, scope: Scope, answered: _Answered, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        status = answered.status or 500
        self._metrics.observe(method=scope["method"], route=route, status=status, seconds=seconds)
        say = self._log.debug if route in _QUIET_ROUTES and status < 400 else self._log.info
        say(
            "request",
            **_shown(scope),
            status=status,
            milliseconds=round(seconds * 1000, 1),
            bytes=answered.body_bytes,
        )


class _Answered:
    """Watches an answer go out, and puts the request's id on it."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status = 0
        self.body_bytes = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.setdefault("headers", [])
            message["headers"] = [
                *headers,
                (REQUEST_ID_HEADER.lower().encode(), self._request_id.encode()),
                (b"cache-control", b"no-store"),
                (b"x-content-type-options", b"nosniff"),
            ]
        elif message["type"] == "http.response.body":
            self.body_bytes += len(message.get("body", b""))
        await self._send(message)


def _shown(scope: Scope) -> dict[str, str]:
    """What was asked for, as far as a log has room for it."""
    return {name: scope[name][:_SHOWN_MAX] for name in ("method", "path")}


def _request_id(scope: Scope) -> str | None:
    """The caller's own id, if it is one that may go into a log."""
    for name, value in scope["headers"]:
        if name == REQUEST_ID_HEADER.lower().encode():
            text = value.decode("latin-1")
            return text if _REQUEST_ID.fullmatch(text) else None
    return None
