"""After the centre was restored: what its database is now, and what devices give back of what it was."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from core.sync.messages import (
    GivenBack,
    GivenBackAnswer,
    IncarnationAnswer,
    IncarnationWanted,
    Reported,
    ReportedAnswer,
)
from sync_server.api.access import asked
from sync_server.exchange import incarnations
from sync_server.exchange.access import ACCESS_PROBLEMS
from sync_server.services import Services
from sync_server.web.bodies import RawJson, answer, documented


def incarnations_router(services: Services) -> APIRouter:
    """`POST /v1/incarnation`, `POST /v1/given-back` and `POST /v1/reported`."""
    router = APIRouter(tags=["incarnations"])
    exchange = services.exchange

    @router.post(
        "/v1/incarnation",
        **documented(
            request=IncarnationWanted,
            answer=IncarnationAnswer,
            description="The life that the centre's database is in, and where the device's chains stand in it.",
            problems=ACCESS_PROBLEMS,
        ),
    )
    def incarnation(request: Request, raw: RawJson) -> Response:
        return answer(incarnations.incarnation(exchange, asked(request, raw)))

    @router.post(
        "/v1/given-back",
        **documented(
            request=GivenBack,
            answer=GivenBackAnswer,
            description="How many of these operations the centre keeps now, in their place or until it is their turn.",
            problems=(*ACCESS_PROBLEMS, "feed_not_yours", "incarnation_differs", "database_busy"),
        ),
    )
    def given_back(request: Request, raw: RawJson) -> Response:
        return answer(incarnations.given_back(exchange, asked(request, raw)))

    @router.post(
        "/v1/reported",
        **documented(
            request=Reported,
            answer=ReportedAnswer,
            description="The device has given back all that it keeps; every grant that it holds is counted.",
            problems=(*ACCESS_PROBLEMS, "incarnation_differs"),
        ),
    )
    def reported(request: Request, raw: RawJson) -> Response:
        return answer(incarnations.reported(exchange, asked(request, raw)))

    return router
