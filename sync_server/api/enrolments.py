"""A new device shows the key that it made; a person at the centre trusts it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from core.sync.messages import Enrolment, EnrolmentAnswer
from sync_server.exchange import enrolments
from sync_server.services import Services
from sync_server.web.bodies import RawJson, answer, documented


def enrolments_router(services: Services) -> APIRouter:
    """`POST /v1/enrolments` and `GET /v1/enrolments/{fingerprint}`."""
    router = APIRouter(tags=["enrolment"])
    exchange = services.exchange

    @router.post(
        "/v1/enrolments",
        **documented(
            request=Enrolment,
            answer=EnrolmentAnswer,
            description="The key is known and waits to be trusted.",
            problems=("enrolment_code_wrong", "enrolment_proof_wrong", "protocol_unsupported"),
        ),
    )
    def enrol(raw: RawJson) -> Response:
        return answer(enrolments.enrol(exchange, raw))

    @router.get(
        "/v1/enrolments/{fingerprint}",
        **documented(answer=EnrolmentAnswer, description="How it stands.", problems=("enrolment_unknown",)),
    )
    def enrolment(fingerprint: str) -> Response:
        return answer(enrolments.enrolment(exchange, fingerprint))

    return router
