"""Push and feed: operations in, operations out."""

from __future__ import annotations

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from core.sync.messages import BATCH_MAX, FeedPage, Push, PushAnswer
from sync_server.api.access import asked
from sync_server.exchange import operations
from sync_server.exchange.access import ACCESS_PROBLEMS
from sync_server.services import Services
from sync_server.web.bodies import RawJson, answer, documented


def operations_router(services: Services) -> APIRouter:
    """`POST /v1/operations` and `GET /v1/feeds/{feed}`."""
    router = APIRouter(tags=["operations"])
    exchange = services.exchange

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
        result = operations.push(exchange, asked(request, raw))
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
        return answer(operations.feed(exchange, asked(request), feed, after, limit))

    return router
