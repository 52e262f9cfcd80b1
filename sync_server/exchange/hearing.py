"""When each device epoch was last heard, written down now and then."""

from __future__ import annotations

from core.clock import instant
from sync_server.store.home import Home
from sync_server.store.values import ChainName

HEARD_EVERY_MS = 60_000
"""How often one process writes down that it has heard of a device: polls come every few seconds."""


class Hearing:
    """Remembers when each device was last written down. Safe from any thread: at worst one is written twice."""

    def __init__(self) -> None:
        self._written: dict[ChainName, int] = {}

    def note(self, home: Home, chain: ChainName, now_ms: int) -> None:
        """The device epoch has asked for something just now, and its signature held."""
        if abs(now_ms - self._written.get(chain, 0)) >= HEARD_EVERY_MS:
            home.note_heard(chain, instant(now_ms))
            self._written[chain] = now_ms
