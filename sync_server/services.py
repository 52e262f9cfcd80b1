"""What the routers are handed: everything of this process that they share, made once in `create_app`."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.clock import Clock
from core.ids import Identifiers
from sync_server.centre.issue import Centre
from sync_server.centre.register import Hearing
from sync_server.metrics import Metrics
from sync_server.settings import ServerSettings
from sync_server.store.postgres import PostgresDatabase


@dataclass(frozen=True, slots=True)
class Services:
    """The process's shared parts. A request's transaction is `with services.database.transaction() as home:`."""

    settings: ServerSettings
    database: PostgresDatabase
    clock: Clock
    ids: Identifiers
    metrics: Metrics
    centre: Centre
    hearing: Hearing = field(default_factory=Hearing)
