"""What a server process answers with: its database, who signs for the centre, what is allowed, what it remembers."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from core.clock import Clock
from core.ids import Randomness
from core.rights import AllowancePolicy
from sync_server.centre.issue import Centre
from sync_server.exchange.hearing import Hearing
from sync_server.ingest.keys import KnownKeys
from sync_server.policies import LeasePolicy
from sync_server.store.home import Database


@dataclass(frozen=True, slots=True)
class Exchange:
    """`bic` is the bank's own; `turns` is held while a push is settled, and may let only so many do so at once."""

    database: Database
    centre: Centre
    randomness: Randomness
    lease: LeasePolicy
    allowance: AllowancePolicy
    bic: str
    keys: KnownKeys = field(default_factory=KnownKeys)
    hearing: Hearing = field(default_factory=Hearing)
    turns: AbstractContextManager[object] = field(default_factory=nullcontext)

    @property
    def clock(self) -> Clock:
        """The centre's."""
        return self.centre.clock
