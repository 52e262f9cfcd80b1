"""Asking for spending rights and for account numbers; the answer is the feed up to what was given."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from core.errors import Refusal
from core.sync.messages import (
    BATCH_MAX,
    AllowancesAnswer,
    AllowancesWanted,
    FeedPage,
    IbanBlockWanted,
    LeaseWanted,
    RightsAnswer,
    RightsWanted,
)
from sync_server.api.access import WORK_PROBLEMS, authenticate_at_work, refuse
from sync_server.centre.allowances import top_up_all
from sync_server.centre.devices import lease_if_few
from sync_server.centre.feed import read_page
from sync_server.centre.leases import renew_lease
from sync_server.centre.rights import grant_rights
from sync_server.ingest.settle import BANK_FEED
from sync_server.services import Services
from sync_server.web.bodies import RawJson, answer, decoded, documented


def rights_router(services: Services) -> APIRouter:
    """`POST /v1/rights`, `POST /v1/allowances`, `POST /v1/leases` and `POST /v1/iban-blocks`."""
    router = APIRouter(tags=["rights"])
    wanted_decoder = msgspec.json.Decoder(RightsWanted)
    allowances_decoder = msgspec.json.Decoder(AllowancesWanted)
    lease_decoder = msgspec.json.Decoder(LeaseWanted)
    block_decoder = msgspec.json.Decoder(IbanBlockWanted)

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
        with services.database.transaction() as home:
            device = authenticate_at_work(services, home, request, raw)
            wanted = decoded(raw, wanted_decoder)
            grant = grant_rights(
                home,
                services.centre,
                device,
                wanted.account,
                least=wanted.least,
                amount=wanted.amount,
                holding=wanted.holding,
            )
            if isinstance(grant, Refusal):
                raise refuse(grant)
        with services.database.transaction() as home:
            page = read_page(home, device.branch or "", wanted.after, BATCH_MAX)
        return answer(RightsAnswer(grant.granted, grant.available, page, grant.coming))

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
        policy = services.settings.allowance
        with services.database.transaction() as home:
            device = authenticate_at_work(services, home, request, raw)
            wanted = decoded(raw, allowances_decoder)
            topped_up = top_up_all(home, services.centre, device, wanted.accounts, policy)
            if isinstance(topped_up, Refusal):
                raise refuse(topped_up)
        with services.database.transaction() as home:
            page = read_page(home, device.branch or "", wanted.after, BATCH_MAX)
        return answer(AllowancesAnswer(topped_up.granted, topped_up.skipped, policy, page, topped_up.retry_after_ms))

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
        with services.database.transaction() as home:
            device = authenticate_at_work(services, home, request, raw)
            wanted = decoded(raw, lease_decoder)
            renew_lease(home, services.centre, device, services.settings.lease, unless_ended=True)
        with services.database.transaction() as home:
            return answer(read_page(home, device.branch or "", wanted.after, BATCH_MAX))

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
        with services.database.transaction() as home:
            device = authenticate_at_work(services, home, request, raw)
            wanted = decoded(raw, block_decoder)
            lease_if_few(home, services.centre, device.device, device.epoch)
        with services.database.transaction() as home:
            return answer(read_page(home, BANK_FEED, wanted.after, BATCH_MAX))

    return router
