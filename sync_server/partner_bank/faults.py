"""Fault switches for the demo and the tests: the bank goes silent, fails, drips or babbles, before or after booking."""

from __future__ import annotations

import asyncio
import threading
from typing import Annotated, Literal

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FaultKind = Literal[
    "silent_before_booking",
    "silent_after_booking",
    "error_before_booking",
    "error_after_booking",
    "slow_drip",
    "garbled",
    "cut_off",
]
_SILENCE_SECONDS_MAX = 600.0
_DRIP_SECONDS = 0.2


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes wrong, where (`submit`: POST /payments, `ask`: GET /payments/…), and how often (null: until reset)."""

    kind: FaultKind
    at: Literal["submit", "ask"] = "submit"
    times: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = 1


class FaultSwitches:
    """The faults that wait to happen, in the order in which they were switched on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> list[Fault]:
        """Switch one on; all that are on."""
        with self._lock:
            self._waiting.append(fault)
            return list(self._waiting)

    def reset(self) -> None:
        """Switch all off."""
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> list[Fault]:
        """All that are on."""
        with self._lock:
            return list(self._waiting)

    def take(self, at: str) -> FaultKind | None:
        """The fault that happens to this request."""
        with self._lock:
            for place, fault in enumerate(self._waiting):
                if fault.at != at:
                    continue
                if fault.times is not None:
                    left = fault.times - 1
                    self._waiting[place : place + 1] = [msgspec.structs.replace(fault, times=left)] if left else []
                return fault.kind
        return None


class Faults:
    """ASGI middleware that lets faults happen to the payment endpoints."""

    def __init__(self, app: ASGIApp, *, switches: FaultSwitches) -> None:
        self._app = app
        self._switches = switches

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or fail to."""
        kind = self._switches.take(_place(scope))
        if kind is None:
            await self._app(scope, receive, send)
        elif kind == "silent_before_booking":
            await _stay_silent(receive)
        elif kind == "error_before_booking":
            await _send_error(send)
        else:
            kept = _Kept()
            await self._app(scope, receive, kept.send)
            await _spoil(kind, kept, receive, send)


class _Kept:
    """An answer that is held back."""

    def __init__(self) -> None:
        self.start: Message = {}
        self.body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.body += message.get("body", b"")


def _place(scope: Scope) -> str:
    if scope["type"] != "http" or not scope["path"].startswith("/payments"):
        return ""
    return "submit" if scope["method"] == "POST" else "ask"


async def _spoil(kind: FaultKind, kept: _Kept, receive: Receive, send: Send) -> None:
    match kind:
        case "silent_after_booking":
            await _stay_silent(receive)
        case "slow_drip":
            await send(kept.start)
            for place in range(len(kept.body)):
                await send({"type": "http.response.body", "body": kept.body[place : place + 1], "more_body": True})
                await asyncio.sleep(_DRIP_SECONDS)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        case "garbled":
            body = b'{"status":"ACS\xff'.ljust(len(kept.body), b"?")
            await send(kept.start)
            await send({"type": "http.response.body", "body": body, "more_body": False})
        case "cut_off":
            await send(kept.start)
            # The server breaks the connection off when an answer stays short of its length.
            await send({"type": "http.response.body", "body": kept.body[:5], "more_body": True})
        case _:
            await _send_error(send)


async def _send_error(send: Send) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": b"fault", "more_body": False})


async def _stay_silent(receive: Receive) -> None:
    """Until the client gives up; then nothing is answered."""
    try:
        async with asyncio.timeout(_SILENCE_SECONDS_MAX):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return
