"""Asking for a visiting customer's file; the answer is the feed up to where it was lent."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from core.sync.messages import VisitAnswer, VisitWanted
from sync_server.api.access import asked
from sync_server.exchange import giving
from sync_server.exchange.access import WORK_PROBLEMS
from sync_server.services import Services
from sync_server.web.bodies import RawJson, answer, documented

VISIT_PROBLEMS = ("account_unknown", "visit_not_needed", "visit_refused", "too_many_grants", "centre_recovering")


def visits_router(services: Services) -> APIRouter:
    """`POST /v1/visits`."""
    router = APIRouter(tags=["visits"])

    @router.post(
        "/v1/visits",
        **documented(
            request=VisitWanted,
            answer=VisitAnswer,
            description="The account that was lent, and the feed of the device's branch up to it.",
            problems=(*WORK_PROBLEMS, *VISIT_PROBLEMS),
        ),
    )
    def visit(request: Request, raw: RawJson) -> Response:
        return answer(giving.visit(services.exchange, asked(request, raw)))

    return router
