"""What a supervisor is shown before a device is written off, and of what an ended one still brought."""

from __future__ import annotations

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from core.sync.messages import BranchDevices, LateRun
from sync_server.api.access import asked
from sync_server.exchange.access import WORK_PROBLEMS
from sync_server.exchange.devices import branch_devices, late_run
from sync_server.services import Services
from sync_server.web.bodies import answer, documented


def devices_router(services: Services) -> APIRouter:
    """`GET /v1/devices` and `GET /v1/devices/{device}/{epoch}/late-operations`."""
    router = APIRouter(tags=["devices"])

    @router.get(
        "/v1/devices",
        **documented(
            answer=BranchDevices,
            description="Every device epoch of the branch, with what it may have paid out without having said so.",
            problems=WORK_PROBLEMS,
        ),
    )
    def devices(request: Request) -> Response:
        return answer(branch_devices(services.exchange, asked(request)))

    @router.get(
        "/v1/devices/{device}/{epoch}/late-operations",
        **documented(
            answer=LateRun,
            description="What an ended epoch still brought, as far as two people decide over it at once.",
            problems=(*WORK_PROBLEMS, "device_elsewhere"),
        ),
    )
    def late(request: Request, device: str = Path(max_length=32), epoch: int = Path(ge=1, le=10**6)) -> Response:
        return answer(late_run(services.exchange, asked(request), device, epoch))

    return router
