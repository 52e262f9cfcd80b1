"""Staff with the line up: first password, online sign-in (which alone hands over the seed), introductions."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from core.canonical import base64url
from core.errors import Refusal
from core.ids import system_randomness
from core.sync.messages import Activation, Introduction, Introductions, SeedAnswer, SignIn
from sync_server.api.access import asked
from sync_server.centre.people import (
    Seed,
    activate,
    introductions_for,
    keep_introduction,
    sign_in_online,
)
from sync_server.decoding import decoded
from sync_server.exchange.access import WORK_PROBLEMS, working_device
from sync_server.problems import refuse
from sync_server.services import Services
from sync_server.web.bodies import RawJson, answer, documented


def people_router(services: Services) -> APIRouter:
    """`/v1/staff/activations`, `/v1/staff/sign-ins` and `/v1/staff/introductions`."""
    router = APIRouter(prefix="/v1/staff", tags=["staff"])
    activation_decoder = msgspec.json.Decoder(Activation)
    sign_in_decoder = msgspec.json.Decoder(SignIn)
    introduction_decoder = msgspec.json.Decoder(Introduction)

    @router.post(
        "/activations",
        **documented(
            request=Activation,
            answer=SeedAnswer,
            description="The password is set; the seed is the person's.",
            problems=(*WORK_PROBLEMS, "activation_wrong", "password_refused", "staff_elsewhere", "staff_suspended"),
        ),
    )
    def activation(request: Request, raw: RawJson) -> Response:
        with services.database.transaction() as home:
            device = working_device(home, services.clock, asked(request, raw))
            message = decoded(raw, activation_decoder)
            seed = activate(
                home.connection,
                services.centre,
                system_randomness,
                device,
                person=message.person,
                code=message.activation_code,
                password=message.password,
            )
        return _answered(seed)

    @router.post(
        "/sign-ins",
        **documented(
            request=SignIn,
            answer=SeedAnswer,
            description="Signed in at the centre; the seed may be kept on this device.",
            problems=(
                *WORK_PROBLEMS,
                "sign_in_wrong",
                "sign_in_too_soon",
                "totp_reused",
                "staff_elsewhere",
                "staff_suspended",
            ),
        ),
    )
    def sign_in(request: Request, raw: RawJson) -> Response:
        with services.database.transaction() as home:
            device = working_device(home, services.clock, asked(request, raw))
            message = decoded(raw, sign_in_decoder)
            seed = sign_in_online(
                home.connection,
                services.centre,
                device,
                person=message.person,
                password=message.password,
                code=message.code,
            )
        return _answered(seed)

    @router.post(
        "/introductions",
        **documented(
            request=Introduction,
            answer=Introductions,
            description="Kept for the device that it names.",
            problems=(*WORK_PROBLEMS, "introduction_malformed", "introduction_unknown_key"),
        ),
    )
    def introduce(request: Request, raw: RawJson) -> Response:
        with services.database.transaction() as home:
            device = working_device(home, services.clock, asked(request, raw))
            refusal = keep_introduction(home.connection, device, decoded(raw, introduction_decoder).introduction)
        if refusal is not None:
            raise refuse(refusal)
        return answer(Introductions({}))

    @router.get(
        "/introductions",
        **documented(answer=Introductions, description="Those for this device.", problems=WORK_PROBLEMS),
    )
    def introductions(request: Request) -> Response:
        with services.database.transaction() as home:
            device = working_device(home, services.clock, asked(request))
            return answer(Introductions(introductions_for(home.connection, device)))

    return router


def _answered(seed: Seed | Refusal) -> Response:
    """A failure was counted in the transaction that has just been committed, so it is answered after it."""
    if isinstance(seed, Refusal):
        raise refuse(seed)
    return answer(SeedAnswer(seed.person, base64url(seed.seed), seed.name, seed.last_step))
