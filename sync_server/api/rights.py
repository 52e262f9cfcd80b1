"""Asking for spending rights and for account numbers; the answer is the feed up to what was given."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from core.sync.messages import (
    AllowancesAnswer,
    AllowancesWanted,
    FeedPage,
    IbanBlockWanted,
    LeaseWanted,
    RightsAnswer,
    RightsWanted,
)
from sync_server.api.access import asked
from sync_server.exchange import giving
from sync_server.exchange.access import WORK_PROBLEMS
from sync_server.services import Services
from sync_server.web.bodies import RawJson, answer, documented


def rights_router(services: Services) -> APIRouter:
    """`POST /v1/rights`, `POST /v1/allowances`, `POST /v1/leases` and `POST /v1/iban-blocks`."""
    router = APIRouter(tags=["rights"])
    exchange = services.exchange

    @router.post(
        "/v1/rights",
        **documented(
            request=RightsWanted,
            answer=RightsAnswer,
            description="What was granted, and the branch's feed up to it.",
            problems=(
                *WORK_PROBLEMS,
                "account_unknown",
                "account_elsewhere",
                "account_closing",
                "account_frozen",
                "grants_stopped",
                "too_many_grants",
                "centre_recovering",
            ),
        ),
    )
    def rights(request: Request, raw: RawJson) -> Response:
        return answer(giving.rights(exchange, asked(request, raw)))

    @router.post(
        "/v1/allowances",
        **documented(
            request=AllowancesWanted,
            answer=AllowancesAnswer,
            description="On how many accounts something was granted, what was skipped, and the branch's feed up to it.",
            problems=(*WORK_PROBLEMS, "grants_stopped", "centre_recovering"),
        ),
    )
    def allowances(request: Request, raw: RawJson) -> Response:
        return answer(giving.allowances(exchange, asked(request, raw)))

    @router.post(
        "/v1/leases",
        **documented(
            request=LeaseWanted,
            answer=FeedPage,
            description="The branch's feed up to the next lease, if the device needed one.",
            problems=WORK_PROBLEMS,
        ),
    )
    def lease(request: Request, raw: RawJson) -> Response:
        return answer(giving.lease(exchange, asked(request, raw)))

    @router.post(
        "/v1/iban-blocks",
        **documented(
            request=IbanBlockWanted,
            answer=FeedPage,
            description="The bank-wide feed up to the new block, if it needed one.",
            problems=WORK_PROBLEMS,
        ),
    )
    def iban_block(request: Request, raw: RawJson) -> Response:
        return answer(giving.iban_block(exchange, asked(request, raw)))

    return router
