"""How large a request's body may be and how long it may take, with its length declared or in chunks."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sync_server.problems import Problem

_DRAIN_SECONDS = 2.0


class BodyLimit:
    """ASGI middleware that raises `body_too_large` and `body_too_slow`, whatever reads the body behind it."""

    def __init__(self, app: ASGIApp, *, bytes_max: int, seconds_max: float) -> None:
        self._app = app
        self._bytes_max = bytes_max
        self._seconds_max = seconds_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _declared_length(scope) > self._bytes_max:
            await self._drain(receive)
            raise self._too_large()
        await self._app(scope, self._limited(receive), send)

    def _limited(self, receive: Receive) -> Receive:
        deadline = asyncio.get_running_loop().time() + self._seconds_max
        received = 0
        ended = False

        async def limited() -> Message:
            nonlocal received, ended
            if ended:
                # What waits for the client to leave may wait for ever.
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise self._too_slow() from None
            received += len(message.get("body", b""))
            ended = not message.get("more_body", False)
            if received > self._bytes_max:
                if not ended:
                    await self._drain(receive)
                raise self._too_large()
            return message

        return limited

    async def _drain(self, receive: Receive) -> None:
        """Read on a little, so that a client still sending sees the answer and not a broken connection."""
        drained = 0
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                while drained <= self._bytes_max:
                    message = await receive()
                    drained += len(message.get("body", b""))
                    if not message.get("more_body", False):
                        return
        except TimeoutError:
            return

    def _too_large(self) -> Problem:
        return Problem(
            "body_too_large",
            f"A body may have {self._bytes_max} bytes.",
            headers={"Connection": "close"},
            bytes_max=self._bytes_max,
        )

    def _too_slow(self) -> Problem:
        return Problem(
            "body_too_slow",
            f"A body must arrive within {self._seconds_max:g} seconds.",
            headers={"Connection": "close"},
        )


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
