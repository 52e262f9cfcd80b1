"""What a new device starts from, streamed: lines in one gzip stream, signed at their end."""

from __future__ import annotations

import threading
from collections.abc import Generator

from fastapi import APIRouter, Request
from starlette.responses import Response

from core.book.rows import DeviceEpoch
from core.snapshot import SNAPSHOT_MEDIA_TYPE, compressed
from sync_server.api.access import asked
from sync_server.centre.snapshot import has_worked, one_view, snapshot_lines
from sync_server.exchange.access import WORK_PROBLEMS, working_device
from sync_server.problems import Problem
from sync_server.services import Services
from sync_server.web.bodies import documented
from sync_server.web.streams import Streamed

_AT_ONCE = 2
"""Snapshots that one process streams at once: each holds a connection and a view of its own."""

_BUSY_SECONDS = 5


def snapshots_router(services: Services) -> APIRouter:
    """`GET /v1/snapshot`."""
    router = APIRouter(tags=["enrolment"])
    turns = threading.BoundedSemaphore(_AT_ONCE)

    def stream(device: DeviceEpoch) -> Generator[bytes]:
        if not turns.acquire(blocking=False):
            raise Problem("snapshot_busy", headers={"Retry-After": str(_BUSY_SECONDS)})
        try:
            with one_view(services.settings.database_url) as connection:
                if has_worked(connection, device.device, device.epoch):
                    raise Problem("device_at_work")
                yield from compressed(snapshot_lines(connection, services.centre, device))
        finally:
            turns.release()

    @router.get(
        "/v1/snapshot",
        **documented(
            description="The branch's rows and operations as lines of JSON, compressed, the last one signed.",
            problems=(*WORK_PROBLEMS, "device_at_work", "snapshot_busy"),
        ),
    )
    def snapshot(request: Request) -> Response:
        with services.database.transaction() as home:
            device = working_device(home, services.clock, asked(request))
        pieces = stream(device)
        # The first piece is made here, so that what goes wrong by then has an answer of its own.
        first = next(pieces)
        return Streamed(first, pieces, SNAPSHOT_MEDIA_TYPE)

    return router
