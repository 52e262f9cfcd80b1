"""What a supervisor is shown before a device is written off, and of what an ended one still brought."""

from __future__ import annotations

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from core.book.rows import DeviceEpoch
from core.sync.messages import BranchDevice, BranchDevices, LateRun
from sync_server.api.access import WORK_PROBLEMS, authenticate_at_work
from sync_server.centre.write_offs import exposure_of
from sync_server.problems import Problem
from sync_server.services import Services
from sync_server.store.home import Home
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
        with services.database.transaction() as home:
            device = authenticate_at_work(services, home, request, b"")
            return answer(
                BranchDevices(tuple(_shown(home, each) for each in home.lookups.epochs_of(device.branch or "")))
            )

    @router.get(
        "/v1/devices/{device}/{epoch}/late-operations",
        **documented(
            answer=LateRun,
            description="What an ended epoch still brought, and is not booked.",
            problems=(*WORK_PROBLEMS, "device_elsewhere"),
        ),
    )
    def late(request: Request, device: str = Path(max_length=32), epoch: int = Path(ge=1, le=10**6)) -> Response:
        with services.database.transaction() as home:
            asking = authenticate_at_work(services, home, request, b"")
            found = home.book(locking=False).get(DeviceEpoch, device, epoch)
            if found is None or found.branch != asking.branch:
                raise Problem("device_elsewhere")
            kept = home.lookups.late((device, epoch))
            return answer(LateRun(device, epoch, tuple(each.jws for each in kept if not each.booked)))

    return router


def _shown(home: Home, device: DeviceEpoch) -> BranchDevice:
    exposure = exposure_of(home, device.device, device.epoch)
    if exposure is None:
        raise Problem("device_unknown")
    return BranchDevice(
        device=device.device,
        epoch=device.epoch,
        state=device.state,
        head_seq=exposure.head_seq,
        currency=exposure.currency,
        exposure=exposure.amount,
        late=exposure.late,
    )
