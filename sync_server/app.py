"""The sync server's application, put together from its routers, and the program that serves it.

A family of endpoints is a function `(Services) -> APIRouter` in `ROUTERS`; something that runs beside the requests
(the payment jobs) is a function `(Services) -> context manager` in `COMPANIONS`, entered after the pool is open.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError, version

from fastapi import APIRouter, FastAPI
from starlette.concurrency import run_in_threadpool

from core.clock import Clock, clock_from_environment
from core.ids import Identifiers
from sync_server.api.devices import devices_router
from sync_server.api.enrolments import enrolments_router
from sync_server.api.incarnations import incarnations_router
from sync_server.api.operations import operations_router
from sync_server.api.partner_payments import partner_payments_router
from sync_server.api.people import people_router
from sync_server.api.rights import rights_router
from sync_server.api.snapshots import snapshots_router
from sync_server.api.visits import visits_router
from sync_server.centre.issue import Centre
from sync_server.centre.keys import CentreKeys, open_centre_keys
from sync_server.centre.working import carry_on, make_checkpoints
from sync_server.database import connection_pool
from sync_server.health import health_router
from sync_server.logs import configure_logs
from sync_server.metrics import Metrics
from sync_server.payments.jobs import payment_jobs
from sync_server.services import Services
from sync_server.settings import ServerSettings
from sync_server.store.postgres import PostgresDatabase
from sync_server.web.application import web_application
from sync_server.web.serving import Ready, run

RouterOf = Callable[[Services], APIRouter]
CompanionOf = Callable[[Services], AbstractContextManager[object]]

ROUTERS: tuple[RouterOf, ...] = (
    health_router,
    enrolments_router,
    snapshots_router,
    operations_router,
    rights_router,
    visits_router,
    devices_router,
    incarnations_router,
    people_router,
    partner_payments_router,
)
_COLLECT_AFTER = (50_000, 20, 20)
COMPANIONS: tuple[CompanionOf, ...] = (carry_on, payment_jobs, make_checkpoints)


def create_app(
    settings: ServerSettings,
    *,
    clock: Clock | None = None,
    keys: CentreKeys | None = None,
    routers: Sequence[RouterOf] = ROUTERS,
    companions: Sequence[CompanionOf] = COMPANIONS,
) -> FastAPI:
    """The application. Nothing is opened before its lifespan begins; a database that is away does not stop it."""
    clock = clock or clock_from_environment(dict(os.environ))
    ids = Identifiers(clock)
    keys = keys or open_centre_keys(settings.secrets_directory, settings.secrets_passphrase)
    pool = connection_pool(settings.database_url, settings.database_pool_size)
    services = Services(
        settings=settings,
        database=PostgresDatabase(pool),
        clock=clock,
        ids=ids,
        metrics=Metrics(),
        centre=Centre(keys, clock, ids),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with ExitStack() as stack:
            stack.callback(pool.close)
            await run_in_threadpool(pool.open, wait=False)
            for companion in companions:
                stack.enter_context(companion(services))
            yield

    return web_application(
        title="Counterfoil sync server",
        version=_version(),
        lifespan=lifespan,
        routers=[router(services) for router in routers],
        ids=services.ids,
        metrics=services.metrics,
        seconds=time.monotonic,
        bytes_max=settings.body_bytes_max,
        seconds_max=settings.body_seconds_max,
    )


def serve(settings: ServerSettings, *, ready: Ready | None = None) -> None:
    """Serve until told to stop (SIGINT, SIGTERM). `ready` is told the address, also where the port was 0."""
    configure_logs(settings.log)
    run(
        partial(_application_of_process, settings),
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        ready=ready,
    )


def _application_of_process(settings: ServerSettings) -> FastAPI:
    configure_logs(settings.log)
    app = create_app(settings)
    # A push makes tens of thousands of objects in no cycles: looking through them all each time would cost a tenth.
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    return app


def _version() -> str:
    try:
        return version("counterfoil")
    except PackageNotFoundError:
        return "0"
