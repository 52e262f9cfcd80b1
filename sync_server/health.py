"""Whether the process lives, whether it can serve, and its figures."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
import psycopg
from alembic.script import ScriptDirectory
from fastapi import APIRouter
from psycopg_pool import PoolTimeout
from starlette.responses import Response

from sync_server.metrics import METRICS_MEDIA_TYPE
from sync_server.problems import Problem
from sync_server.services import Services
from sync_server.web.bodies import answer, documented

MIGRATIONS = Path(__file__).parent / "migrations"
CLOCK_SKEW_MS_MAX = 30_000
_DATABASE_SECONDS = 2.0


class Alive(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(msgspec.Struct, frozen=True):
    """The server can serve. `schema` is the migration that the database stands at; `clock_skew_ms` how far this
    machine's clock is ahead of the database's (0 where time is simulated).
    """

    status: Literal["ready"]
    schema: str
    clock_skew_ms: int
    clock_simulated: bool


def schema_head(migrations: Path = MIGRATIONS) -> str:
    """The newest migration that this code knows; empty where there is none."""
    if not migrations.is_dir():
        return ""
    return ScriptDirectory(str(migrations)).get_current_head() or ""


def health_router(services: Services) -> APIRouter:
    """`/healthz`, `/readyz` and `/metrics`. They need no token and say nothing about the bank."""
    router = APIRouter(tags=["health"])
    head = schema_head()

    @router.get("/healthz", **documented(answer=Alive, description="The process lives."))
    async def healthz() -> Response:
        return answer(Alive())

    @router.get("/readyz", **documented(answer=Ready, description="Ready to serve.", problems=("not_ready",)))
    def readyz() -> Response:
        return answer(readiness(services, head))

    @router.get("/metrics", response_class=Response, responses={200: {"content": {METRICS_MEDIA_TYPE: {}}}})
    def metrics() -> Response:
        return Response(services.metrics.exposition(), media_type=METRICS_MEDIA_TYPE)

    return router


def readiness(services: Services, head: str) -> Ready:
    """What the server stands on. Raises `Problem("not_ready")` with `failed`: `database`, `schema`, `clock`."""
    try:
        schema, database_now_ms = _ask_database(services)
    except (psycopg.OperationalError, PoolTimeout) as problem:
        raise _not_ready("database", "The database can't be reached.") from problem
    if schema != head:
        raise _not_ready("schema", f"The database stands at {schema or 'no'} migration, this server needs {head}.")
    skew = 0 if services.clock.simulated else services.clock.now_ms() - database_now_ms
    if abs(skew) > CLOCK_SKEW_MS_MAX:
        raise _not_ready("clock", f"This machine's clock is {skew} ms ahead of the database's.")
    return Ready("ready", schema, skew, services.clock.simulated)


def _ask_database(services: Services) -> tuple[str, int]:
    with services.database.pool.connection(timeout=_DATABASE_SECONDS) as connection:
        row = connection.execute(
            "SELECT to_regclass('alembic_version') IS NOT NULL, (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
        ).fetchone()
        migrated, now_ms = row or (False, 0)
        versions = connection.execute("SELECT version_num FROM alembic_version").fetchall() if migrated else []
    return ",".join(sorted(version for (version,) in versions)), int(now_ms)


def _not_ready(failed: str, detail: str) -> Problem:
    return Problem("not_ready", detail, headers={"Retry-After": "2"}, failed=failed)
