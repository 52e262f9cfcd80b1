"""Where partner banks send money in; each proves itself with a token of its own."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Depends
from starlette.responses import Response

from sync_server.decoding import decoded
from sync_server.exchange.partner_payments import take
from sync_server.partner_bank.messages import Payment, PaymentReport
from sync_server.services import Services
from sync_server.web.bodies import RawJson, answer, documented
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
        return answer(take(services.exchange, partner, decoded(raw, decoder)))

    return router
