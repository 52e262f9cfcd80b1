"""The operation as it is signed, stored and checked: a JWS (RFC 7515, compact) with `alg` Ed25519 (RFC 9864).

The exact text that was signed is what is kept and passed on; nothing is ever serialised again. An operation names the
one before it on its chain by `prev`, the base64url SHA-256 of that operation's JWS signing input.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Annotated, Literal

import msgspec
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from core.canonical import base64url, digest, from_base64url, thumbprint
from core.clock import is_business_date, is_instant
from core.errors import IntegrityFault
from core.ids import is_code, is_identifier

FORMAT_VERSION = 1
OPERATION_TYPE = "counterfoil+jws"
OPERATION_BYTES_MAX = 32 * 1024
"""The longest operation that a device makes, in characters of its compact form."""

CARRYING_BYTES_MAX = 48 * 1024
"""The longest that is read: an operation of the centre may carry one of a device, word for word."""

Code = Annotated[str, msgspec.Meta(max_length=32)]
Text = Annotated[str, msgspec.Meta(max_length=128)]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{43}\Z")]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Positive = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The protected header of every JWS here; `typ` keeps one kind of statement from being taken for another."""

    alg: Literal["Ed25519"]
    kid: Digest
    typ: Text


class Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of the feeds the maker had read: positions of the bank-wide and the branch's feed, and the incarnation."""

    bank: Count
    branch: Count
    incarnation: Count


class Authority(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """By what authority money leaves a customer's account, in minor units of the body's currency.

    `lease` is the number of the lease under which a device pays (0: it had none).
    """

    rights: Count = 0
    standin: Count = 0
    centre: Count = 0
    lease: Count = 0


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The signed payload. `at` is the device's clock (RFC 3339, UTC); `actor` is `staff:CODE`, `device` or `centre`."""

    v: Literal[1]
    id: str
    device: Code
    epoch: Positive
    seq: Positive
    prev: Digest | None
    kind: Text
    kind_version: Positive
    at: str
    seen: Seen
    business_date: str | None
    branch: Code | None
    drawer: Code | None
    actor: Text
    approver: Annotated[str, msgspec.Meta(max_length=8192)] | None
    authority: Authority | None
    body: msgspec.Raw


class Signed(msgspec.Struct, frozen=True):
    """An operation with the exact text that was signed (`jws`), its `hash` (see `prev`) and the key's name."""

    jws: str
    operation: Operation
    hash: str
    kid: str


_NOT_JSON = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""What a strict decoder raises: wrong form, wrong characters, too many brackets inside one another."""

_header_decoder = msgspec.json.Decoder(Header)
_operation_decoder = msgspec.json.Decoder(Operation)
_encoder = msgspec.json.Encoder()
_known_headers: dict[str, Header] = {}
_KNOWN_HEADERS_MAX = 4096


def sign_compact(payload: bytes, key: SigningKey, kid: str, typ: str) -> str:
    """A compact JWS over the payload."""
    header = base64url(_encoder.encode(Header(alg="Ed25519", kid=kid, typ=typ)))
    signing_input = f"{header}.{base64url(payload)}"
    return f"{signing_input}.{base64url(key.sign(signing_input.encode('ascii')).signature)}"


def read_header(token: str) -> Header:
    """The header of a compact JWS, its signature not yet checked.

    Raises `IntegrityFault` with `jws_malformed`, `base64url_not_canonical` or `jws_header`.
    """
    text, _, rest = token.partition(".")
    if rest.count(".") != 1:
        raise IntegrityFault("jws_malformed")
    known = _known_headers.get(text)
    if known is not None:
        return known
    spelt = from_base64url(text)
    try:
        header = _header_decoder.decode(spelt)
    except _NOT_JSON as problem:
        raise IntegrityFault("jws_header") from problem
    # One spelling only, as for the payload: no member twice, and nothing of any length to be remembered.
    if _encoder.encode(header) != spelt:
        raise IntegrityFault("jws_header")
    if len(_known_headers) >= _KNOWN_HEADERS_MAX:
        _known_headers.clear()
    _known_headers[text] = header
    return header


def verify_compact(token: str, public_key: bytes, typ: str) -> bytes:
    """The payload of a compact JWS whose signature, key name and type are right.

    Raises `IntegrityFault` with `jws_malformed`, `base64url_not_canonical`, `jws_header`, `jws_type`,
    `jws_key` (the header names another key) or `jws_signature`.
    """
    header = read_header(token)
    if header.typ != typ:
        raise IntegrityFault("jws_type")
    if header.kid != thumbprint(public_key):
        raise IntegrityFault("jws_key")
    check_signature(token, VerifyKey(public_key))
    return from_base64url(token.split(".")[1])


@lru_cache(maxsize=256)
def verify_key(public_key: str) -> VerifyKey:
    """The key of that base64url text. A few sign nearly all that is read. Raises as `from_base64url`, or ValueError."""
    return VerifyKey(from_base64url(public_key))


def check_signature(token: str, key: VerifyKey) -> None:
    """Raises `IntegrityFault("jws_signature")` unless the signature holds under that key."""
    signing_input, _, signature = token.rpartition(".")
    try:
        key.verify(signing_input.encode("ascii"), from_base64url(signature))
    except (BadSignatureError, ValueError) as problem:
        raise IntegrityFault("jws_signature") from problem


def operation_hash(jws: str) -> str:
    """How the next operation on the chain names this one: SHA-256 over the JWS signing input, not its signature."""
    return digest(jws.rpartition(".")[0].encode("ascii"))


def encode_body(body: msgspec.Struct) -> bytes:
    """The body's JSON, in the order of its fields."""
    return _encoder.encode(body)


def body_hash(body: bytes) -> str:
    """SHA-256 over the body's exact bytes, as an approval names it."""
    return base64url(hashlib.sha256(body).digest())


def sign_operation(operation: Operation, key: SigningKey, kid: str) -> Signed:
    """Sign the operation with the key of that name."""
    jws = sign_compact(_encoder.encode(operation), key, kid, OPERATION_TYPE)
    return Signed(jws=jws, operation=operation, hash=operation_hash(jws), kid=kid)


def read_operation(jws: str) -> Signed:
    """Decode an operation strictly; its signature is checked by `check_signature` with the key that `kid` names.

    Raises `IntegrityFault` with the codes of `read_header`, or `operation_too_long`, `operation_malformed`.
    """
    if len(jws) > CARRYING_BYTES_MAX:
        raise IntegrityFault("operation_too_long")
    if not jws.isascii():
        raise IntegrityFault("jws_malformed")
    header = read_header(jws)
    if header.typ != OPERATION_TYPE:
        raise IntegrityFault("jws_type")
    signing_input = jws.rpartition(".")[0]
    payload = from_base64url(signing_input.partition(".")[2])
    try:
        operation = _operation_decoder.decode(payload)
    except _NOT_JSON as problem:
        raise IntegrityFault("operation_malformed", str(problem)) from problem
    # One spelling only: a field given twice, say, would be read in two ways by two programs.
    if _encoder.encode(operation) != payload:
        raise IntegrityFault("operation_malformed", "spelling")
    _check_words(operation)
    return Signed(jws=jws, operation=operation, hash=digest(signing_input.encode("ascii")), kid=header.kid)


def _check_words(operation: Operation) -> None:
    """Refuse words that have the right type but not the right form."""
    codes = (operation.device, operation.branch, operation.drawer)
    if not all(code is None or is_code(code) for code in codes):
        raise IntegrityFault("operation_malformed", "code")
    if not is_identifier(operation.id):
        raise IntegrityFault("operation_malformed", "id")
    if not is_instant(operation.at):
        raise IntegrityFault("operation_malformed", "at")
    if operation.business_date is not None and not is_business_date(operation.business_date):
        raise IntegrityFault("operation_malformed", "business_date")
    if (operation.prev is None) != (operation.seq == 1):
        raise IntegrityFault("operation_malformed", "prev")
