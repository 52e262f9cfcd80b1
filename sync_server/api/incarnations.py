"""After the centre was restored: what its database is now, and what devices give back of what it was."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from core.errors import Refusal
from core.sync.messages import (
    GivenBack,
    GivenBackAnswer,
    IncarnationAnswer,
    IncarnationWanted,
    Reported,
    ReportedAnswer,
)
from sync_server.api.access import ACCESS_PROBLEMS, authenticate_any, refuse
from sync_server.centre.given_back import IncarnationDiffers, take_given_back
from sync_server.centre.incarnations import forgotten_device, incarnation_for, take_report
from sync_server.ingest.keys import KnownKeys
from sync_server.problems import Problem
from sync_server.services import Services
from sync_server.web.bodies import RawJson, answer, decoded, documented


def incarnations_router(services: Services) -> APIRouter:
    """`POST /v1/incarnation`, `POST /v1/given-back` and `POST /v1/reported`."""
    router = APIRouter(tags=["incarnations"])
    wanted_decoder = msgspec.json.Decoder(IncarnationWanted)
    given_decoder = msgspec.json.Decoder(GivenBack)
    reported_decoder = msgspec.json.Decoder(Reported)
    keys = KnownKeys()

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
        wanted = decoded(raw, wanted_decoder)
        with services.database.transaction() as home:
            device = authenticate_any(services, home, request, raw, forgotten_device(home, wanted.enrolment))
            return answer(incarnation_for(home, device.branch or ""))

    @router.post(
        "/v1/given-back",
        **documented(
            request=GivenBack,
            answer=GivenBackAnswer,
            description="How many of these operations the centre has now; what does not fit is left to its maker.",
            problems=(*ACCESS_PROBLEMS, "incarnation_differs", "database_busy"),
        ),
    )
    def given_back(request: Request, raw: RawJson) -> Response:
        given = decoded(raw, given_decoder)
        with services.database.transaction() as home:
            authenticate_any(services, home, request, raw, forgotten_device(home, given.enrolment))
        try:
            here = take_given_back(services.database, keys, services.centre, given)
        except IncarnationDiffers as differs:
            raise Problem("incarnation_differs") from differs
        return answer(GivenBackAnswer(given.incarnation, here))

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
        with services.database.transaction() as home:
            device = authenticate_any(services, home, request, raw)
            said = take_report(home, services.centre, device, decoded(raw, reported_decoder))
            if isinstance(said, Refusal):
                raise refuse(said)
        return answer(said)

    return router
