"""Who asks: every request of a device carries its signature over method, path, body and time."""

from __future__ import annotations

from starlette.requests import Request

from core.book.rows import DeviceEpoch
from core.canonical import from_base64url
from core.errors import IntegrityFault, Refusal
from core.ids import is_code
from core.sync.requests import PROTOCOLS_SPOKEN, SIGNATURE_HEADER, read_protocol, read_request, verify_request
from sync_server.centre.devices import find_device
from sync_server.problems import PROBLEMS, Problem
from sync_server.services import Services
from sync_server.store.home import Home

_EPOCH_MAX = 10**6
ACCESS_PROBLEMS = (
    "signature_missing",
    "signature_wrong",
    "protocol_unsupported",
    "clock_wrong",
    "device_unknown",
    "device_revoked",
)
WORK_PROBLEMS = (*ACCESS_PROBLEMS, "device_quarantined")


def authenticate(services: Services, home: Home, request: Request, body: bytes) -> DeviceEpoch:
    """The living device that signed this request. Raises `Problem` with one of `ACCESS_PROBLEMS`."""
    device = authenticate_any(services, home, request, body)
    if device.state != "living":
        raise Problem("device_revoked")
    return device


def authenticate_at_work(services: Services, home: Home, request: Request, body: bytes) -> DeviceEpoch:
    """The living device that signed this request, its chain unbroken. Raises `Problem` with one of `WORK_PROBLEMS`."""
    device = authenticate(services, home, request, body)
    chain = home.chain((device.device, device.epoch))
    if chain is None or chain.state != "living":
        raise Problem("device_quarantined")
    return device


def authenticate_any(
    services: Services, home: Home, request: Request, body: bytes, forgotten: DeviceEpoch | None = None
) -> DeviceEpoch:
    """The device that signed this request, even one that was revoked: what it still has to say is kept.

    `forgotten` is one that the centre trusted before it was restored, and has no longer.
    """
    token = request.headers.get(SIGNATURE_HEADER)
    if token is None:
        raise Problem("signature_missing")
    now_ms = services.clock.now_ms()
    try:
        check_protocol(read_protocol(token))
        statement = read_request(token)
        named = is_code(statement.device) and 1 <= statement.epoch <= _EPOCH_MAX
        device = find_device(home, statement.device, statement.epoch) if named else None
        if forgotten is not None and (forgotten.device, forgotten.epoch) == (statement.device, statement.epoch):
            device = device or forgotten
        if device is None or device.purpose == "centre":
            raise Problem("device_unknown")
        verify_request(
            token,
            from_base64url(device.public_key),
            method=request.method,
            target=_target(request),
            body=body,
            now_ms=now_ms,
        )
    except IntegrityFault as fault:
        if fault.code == "request_clock":
            raise Problem("clock_wrong", server_time_ms=now_ms) from fault
        raise Problem("signature_wrong", fault=fault.code) from fault
    return device


def check_protocol(version: int) -> None:
    """Raises `Problem("protocol_unsupported")`, which says what is spoken here, for any other version."""
    if version not in PROTOCOLS_SPOKEN:
        raise Problem("protocol_unsupported", supported=list(PROTOCOLS_SPOKEN))


def _target(request: Request) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def refuse(refusal: Refusal) -> Problem:
    """A business refusal as a problem document: its own code where that is documented, `refused` otherwise."""
    general = "password_refused" if refusal.code.startswith("password_") else "refused"
    code = refusal.code if refusal.code in PROBLEMS else general
    problem = Problem(code, reason=refusal.code, field=refusal.field)
    problem.members.update(refusal.detail)
    return problem
