"""What the routers are handed: everything of this process that they share, made once in `create_app`."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property

from core.clock import Clock
from core.ids import Identifiers, system_randomness
from sync_server.centre.issue import Centre
from sync_server.exchange.exchange import Exchange
from sync_server.metrics import Metrics
from sync_server.settings import ServerSettings
from sync_server.store.postgres import PostgresDatabase

_PUSHES_AT_ONCE = 3
"""Pushes that one process settles at once: one computes while others wait for the database. More of them would
only fight over the interpreter."""


@dataclass(frozen=True)
class Services:
    """The process's shared parts. A request's transaction is `with services.database.transaction() as home:`."""

    settings: ServerSettings
    database: PostgresDatabase
    clock: Clock
    ids: Identifiers
    metrics: Metrics
    centre: Centre

    @cached_property
    def exchange(self) -> Exchange:
        """What answers devices and partner banks, with all that this process remembers of them."""
        return Exchange(
            database=self.database,
            centre=self.centre,
            randomness=system_randomness,
            lease=self.settings.lease,
            allowance=self.settings.allowance,
            bic=self.settings.bank_bic,
            turns=threading.BoundedSemaphore(_PUSHES_AT_ONCE),
        )
