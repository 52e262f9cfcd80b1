"""An answer that is made while it goes out; its making ends with it, whoever leaves half-way."""

from __future__ import annotations

from collections.abc import Generator
from itertools import chain

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class Streamed(StreamingResponse):
    """The pieces, the first of which was made before. What they hold open is let go at once when nobody takes more.

    Left to itself a generator is closed when nothing refers to it any more, and an idle thread of the pool still does.
    """

    def __init__(self, first: bytes, pieces: Generator[bytes], media_type: str) -> None:
        super().__init__(chain((first,), pieces), media_type=media_type)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(self._pieces.close)
