"""Asking for a visiting customer's file; the answer is the feed up to where it was lent."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from core.errors import Refusal
from core.ids import system_randomness
from core.sync.messages import BATCH_MAX, VisitAnswer, VisitWanted
from sync_server.api.access import WORK_PROBLEMS, authenticate_at_work, refuse
from sync_server.centre.feed import read_page
from sync_server.centre.visits import lend_file
from sync_server.services import Services
from sync_server.web.bodies import RawJson, answer, decoded, documented

VISIT_PROBLEMS = ("account_unknown", "visit_not_needed", "visit_refused", "too_many_grants", "centre_recovering")


def visits_router(services: Services) -> APIRouter:
    """`POST /v1/visits`."""
    router = APIRouter(tags=["visits"])
    decoder = msgspec.json.Decoder(VisitWanted)

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
        with services.database.transaction() as home:
            device = authenticate_at_work(services, home, request, raw)
            wanted = decoded(raw, decoder)
            lent = lend_file(home, services.centre, system_randomness, device, wanted.iban)
            if isinstance(lent, Refusal):
                raise refuse(lent)
        with services.database.transaction() as home:
            page = read_page(home, device.branch or "", wanted.after, BATCH_MAX)
        return answer(VisitAnswer(lent.account, page))

    return router
