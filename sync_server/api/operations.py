"""Push and feed: operations in, operations out."""

from __future__ import annotations

import threading

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from core.clock import instant
from core.sync.messages import BATCH_MAX, FeedPage, Push, PushAnswer
from sync_server.api.access import ACCESS_PROBLEMS, authenticate, authenticate_any
from sync_server.centre.feed import read_page
from sync_server.ingest.keys import KnownKeys
from sync_server.ingest.push import ChainUnknown, take_push
from sync_server.ingest.settle import BANK_FEED
from sync_server.problems import Problem
from sync_server.services import Services
from sync_server.web.bodies import RawJson, answer, decoded, documented

_AT_ONCE = 3
"""Pushes that one process settles at once: one computes while others wait for the database. More of them would
only fight over the interpreter."""


def operations_router(services: Services) -> APIRouter:
    """`POST /v1/operations` and `GET /v1/feeds/{feed}`."""
    router = APIRouter(tags=["operations"])
    push_decoder = msgspec.json.Decoder(Push)
    keys = KnownKeys()
    turns = threading.BoundedSemaphore(_AT_ONCE)

    @router.post(
        "/v1/operations",
        **documented(
            request=Push,
            answer=PushAnswer,
            description="A verdict for each operation; nothing is half done.",
            problems=(*ACCESS_PROBLEMS, "device_differs", "database_busy"),
        ),
    )
    def push(request: Request, raw: RawJson) -> Response:
        with services.database.transaction() as home:
            device = authenticate_any(services, home, request, raw)
            services.hearing.note(home.connection, (device.device, device.epoch), services.clock.now_ms())
        message = decoded(raw, push_decoder)
        if (message.device, message.epoch) != (device.device, device.epoch):
            raise Problem("device_differs")
        try:
            with turns:
                result = take_push(services.database, keys, services.centre, message)
        except ChainUnknown as unknown:
            raise Problem("device_unknown") from unknown
        services.metrics.count_push(result)
        return answer(result)

    @router.get(
        "/v1/feeds/{feed}",
        **documented(
            answer=FeedPage,
            description="Operations after a position, as they were signed.",
            problems=(*ACCESS_PROBLEMS, "feed_not_yours"),
        ),
    )
    def feed(
        request: Request,
        feed: str,
        after: int = Query(0, ge=0, le=2**53 - 1),
        limit: int = Query(BATCH_MAX, ge=1, le=BATCH_MAX),
    ) -> Response:
        with services.database.transaction() as home:
            device = authenticate(services, home, request, b"")
            services.hearing.note(home.connection, (device.device, device.epoch), services.clock.now_ms())
            if feed not in (BANK_FEED, device.branch):
                raise Problem("feed_not_yours")
            return answer(read_page(home, feed, after, limit, instant(services.clock.now_ms())))

    return router
