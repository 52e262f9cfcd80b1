"""A new device shows the key that it made; a person at the centre trusts it."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from core.errors import IntegrityFault, Refusal
from core.sync.enrolment import verify_enrolment
from core.sync.messages import Enrolment, EnrolmentAnswer
from sync_server.api.access import check_protocol, refuse
from sync_server.centre.devices import EnrolmentState, find_enrolment, request_enrolment
from sync_server.problems import Problem
from sync_server.services import Services
from sync_server.web.bodies import RawJson, answer, decoded, documented


def enrolments_router(services: Services) -> APIRouter:
    """`POST /v1/enrolments` and `GET /v1/enrolments/{fingerprint}`."""
    router = APIRouter(tags=["enrolment"])
    decoder = msgspec.json.Decoder(Enrolment)

    def answered(state: EnrolmentState) -> Response:
        trusted = state.state == "trusted"
        return answer(
            {
                "state": state.state,
                "device": state.device,
                "epoch": state.epoch,
                "branch": state.branch,
                "purpose": state.purpose,
                "fingerprint": state.fingerprint,
                "centre_key": services.centre.keys.public if trusted else None,
            }
        )

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
        message = decoded(raw, decoder)
        check_protocol(message.protocol)
        try:
            verify_enrolment(message)
        except IntegrityFault as fault:
            raise Problem("enrolment_proof_wrong", fault=fault.code) from fault
        with services.database.transaction() as home:
            state = request_enrolment(home, services.centre, message.code, message.key)
        if isinstance(state, Refusal):
            raise refuse(state)
        return answered(state)

    @router.get(
        "/v1/enrolments/{fingerprint}",
        **documented(answer=EnrolmentAnswer, description="How it stands.", problems=("enrolment_unknown",)),
    )
    def enrolment(fingerprint: str) -> Response:
        with services.database.transaction() as home:
            state = find_enrolment(home, fingerprint)
        if state is None:
            raise Problem("enrolment_unknown")
        return answered(state)

    return router
