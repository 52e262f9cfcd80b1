"""Every request of a device is signed by its key: a compact JWS in a header, over method, path, body and time.

Modelled on DPoP (RFC 9449) with the body's digest added. Answers to repeated requests are the same, so a replay does
no harm; the time only keeps old requests from being used for long.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, TypeVar

import msgspec
from nacl.signing import SigningKey

from core.canonical import base64url, from_base64url, thumbprint
from core.clock import instant, instant_ms, is_instant
from core.envelope import sign_compact, verify_compact
from core.errors import IntegrityFault
from core.sync.messages import PROTOCOL_VERSION

SIGNATURE_HEADER = "Counterfoil-Signature"
REQUEST_TYPE = "counterfoil-request+jws"
PROTOCOLS_SPOKEN = (PROTOCOL_VERSION,)
"""What a centre of this program answers: the server is upgraded first, and understands the older versions."""
CLOCK_SKEW_MS_MAX = 5 * 60 * 1000

S = TypeVar("S", bound=msgspec.Struct)


class RequestStatement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is signed: `target` is the path with its query, `body` the base64url SHA-256 of the body's bytes.

    `protocol` is the version that the device speaks; one that says nothing of it speaks version 1.
    """

    device: Annotated[str, msgspec.Meta(max_length=64)]
    epoch: int
    method: Annotated[str, msgspec.Meta(max_length=8)]
    target: Annotated[str, msgspec.Meta(max_length=512)]
    body: Annotated[str, msgspec.Meta(max_length=43)]
    at: Annotated[str, msgspec.Meta(max_length=24)]
    protocol: int = 1


class _Spoken(msgspec.Struct, frozen=True):
    """What every version of the statement says of itself."""

    protocol: int = 1


def _body_digest(body: bytes) -> str:
    return base64url(hashlib.sha256(body).digest())


def sign_request(
    key: SigningKey, *, device: str, epoch: int, method: str, target: str, body: bytes, now_ms: int
) -> str:
    """The value of the signature header."""
    at = instant(now_ms)
    statement = RequestStatement(device, epoch, method, target, _body_digest(body), at, PROTOCOL_VERSION)
    kid = thumbprint(bytes(key.verify_key))
    return sign_compact(msgspec.json.encode(statement), key, kid, REQUEST_TYPE)


def read_request(token: str) -> RequestStatement:
    """What the header says, its signature not yet checked: to find the key. Raises `IntegrityFault`."""
    return _decode(_payload(token))


def read_protocol(token: str) -> int:
    """The version of the protocol that the header is of, whatever else that version has it say.

    Its signature is not yet checked. Raises `IntegrityFault`.
    """
    return _decoded(_payload(token), _Spoken).protocol


def _payload(token: str) -> bytes:
    parts = token.split(".")
    if len(parts) != 3:
        raise IntegrityFault("jws_malformed")
    return from_base64url(parts[1])


def verify_request(
    token: str, public_key: bytes, *, method: str, target: str, body: bytes, now_ms: int
) -> RequestStatement:
    """The statement, if that key signed this very request within five minutes of `now_ms`.

    Raises `IntegrityFault` with the codes of `verify_compact`, or `request_differs`, `request_clock`.
    """
    statement = _decode(verify_compact(token, public_key, REQUEST_TYPE))
    if (statement.method, statement.target, statement.body) != (method, target, _body_digest(body)):
        raise IntegrityFault("request_differs")
    check_made(instant_ms(statement.at), now_ms)
    return statement


def check_made(at_ms: int, now_ms: int) -> None:
    """Raises `IntegrityFault("request_clock")` for a request that was not made about now, by the device's clock."""
    if abs(at_ms - now_ms) > CLOCK_SKEW_MS_MAX:
        raise IntegrityFault("request_clock", instant(at_ms))


def _decode(payload: bytes) -> RequestStatement:
    statement = _decoded(payload, RequestStatement)
    if not is_instant(statement.at):
        raise IntegrityFault("request_malformed", "at")
    return statement


def _decoded(payload: bytes, wanted: type[S]) -> S:
    try:
        return msgspec.json.decode(payload, type=wanted)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as problem:
        raise IntegrityFault("request_malformed") from problem
