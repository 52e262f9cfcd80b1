"""Who asks: every request of a device carries its signature over method, path, body and time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.book.rows import DeviceEpoch
from core.canonical import from_base64url
from core.clock import Clock
from core.errors import IntegrityFault
from core.ids import is_code
from core.sync.requests import PROTOCOLS_SPOKEN, read_protocol, read_request, verify_request
from sync_server.centre.devices import find_device
from sync_server.problems import Problem
from sync_server.store.home import Home
from sync_server.store.values import ChainName

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


class Asked(Protocol):
    """A request as it came in: nothing of it is believed yet."""

    @property
    def body(self) -> bytes:
        """The bytes of its body."""
        ...

    def says(self) -> ChainName:
        """The device epoch that it says it is of. Raises `Problem` or `IntegrityFault`."""
        ...

    def prove(self, public_key: str, now_ms: int) -> None:
        """Raises `IntegrityFault` unless the holder of that key asked just this, about now."""
        ...


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request that came over HTTP; `token` is its signature header."""

    token: str | None
    method: str
    target: str
    body: bytes

    def says(self) -> ChainName:
        """The device epoch that the header names. Raises `Problem` or `IntegrityFault`."""
        token = self._token()
        check_protocol(read_protocol(token))
        statement = read_request(token)
        return statement.device, statement.epoch

    def prove(self, public_key: str, now_ms: int) -> None:
        """Raises `IntegrityFault` unless the key has signed this request within minutes of `now_ms`."""
        key = from_base64url(public_key)
        verify_request(self._token(), key, method=self.method, target=self.target, body=self.body, now_ms=now_ms)

    def _token(self) -> str:
        if self.token is None:
            raise Problem("signature_missing")
        return self.token


def check_protocol(version: int) -> None:
    """Raises `Problem("protocol_unsupported")`, which says what is spoken here, for any other version."""
    if version not in PROTOCOLS_SPOKEN:
        raise Problem("protocol_unsupported", supported=list(PROTOCOLS_SPOKEN))


def any_device(home: Home, clock: Clock, asked: Asked, forgotten: DeviceEpoch | None = None) -> DeviceEpoch:
    """The device that asks, even one that was revoked: what it still has to say is kept.

    `forgotten` is one that the centre trusted before it was restored, and has no longer. Raises `Problem`.
    """
    now_ms = clock.now_ms()
    try:
        device = _named(home, asked.says(), forgotten)
        if device is None or device.purpose == "centre":
            raise Problem("device_unknown")
        asked.prove(device.public_key, now_ms)
    except IntegrityFault as fault:
        if fault.code == "request_clock":
            raise Problem("clock_wrong", server_time_ms=now_ms) from fault
        raise Problem("signature_wrong", fault=fault.code) from fault
    return device


def _named(home: Home, said: ChainName, forgotten: DeviceEpoch | None) -> DeviceEpoch | None:
    name, epoch = said
    device = find_device(home, name, epoch) if is_code(name) and 1 <= epoch <= _EPOCH_MAX else None
    if device is None and forgotten is not None and (forgotten.device, forgotten.epoch) == said:
        return forgotten
    return device


def living_device(home: Home, clock: Clock, asked: Asked) -> DeviceEpoch:
    """The living device that asks. Raises `Problem` with one of `ACCESS_PROBLEMS`."""
    device = any_device(home, clock, asked)
    if device.state != "living":
        raise Problem("device_revoked")
    return device


def working_device(home: Home, clock: Clock, asked: Asked) -> DeviceEpoch:
    """The living device that asks, its chain unbroken. Raises `Problem` with one of `WORK_PROBLEMS`."""
    device = living_device(home, clock, asked)
    chain = home.chain((device.device, device.epoch))
    if chain is None or chain.state != "living":
        raise Problem("device_quarantined")
    return device
