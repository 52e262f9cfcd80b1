"""Where partner banks send money in; each proves itself with a token of its own."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Depends
from starlette.responses import Response

from core.errors import Refused
from core.ids import system_randomness
from sync_server.api.access import refuse
from sync_server.partner_bank.messages import Payment, PaymentReport
from sync_server.payments.inbound import take_payment
from sync_server.problems import Problem
from sync_server.services import Services
from sync_server.web.bodies import RawJson, answer, decoded, documented
from sync_server.web.tokens import BearerTokens


def partner_payments_router(services: Services) -> APIRouter:
    """`POST /v1/partner-payments`."""
    router = APIRouter(tags=["partner banks"])
    holder = BearerTokens({partner.code: partner.inbound_token for partner in services.settings.partners})
    decoder = msgspec.json.Decoder(Payment)

    @router.post(
        "/v1/partner-payments",
        **documented(
            request=Payment,
            answer=PaymentReport,
            description="Credited (`ACSC`) or rejected (`RJCT`) before it is answered; repeated, it is answered alike.",
            problems=("end_to_end_id_reused", "centre_recovering"),
        ),
    )
    def receive(raw: RawJson, partner: str = Depends(holder)) -> Response:
        payment = decoded(raw, decoder)
        try:
            with services.database.transaction() as home:
                report = take_payment(
                    home, services.centre, system_randomness, partner, services.settings.bank_bic, payment
                )
        except Refused as refused:
            raise refuse(refused.refusal) from refused
        if report is None:
            raise Problem("end_to_end_id_reused")
        return answer(report)

    return router
