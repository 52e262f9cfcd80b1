"""Statements that people sign inside operations: strict JSON in a compact JWS whose `typ` says which one.

A statement has one spelling: fields in their order and no space between. So no other reader can see another
meaning in the same signed bytes (a field given twice, say).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeVar

import msgspec
from nacl.signing import SigningKey

from core.canonical import from_base64url
from core.clock import is_instant
from core.envelope import sign_compact, verify_compact
from core.errors import IntegrityFault
from core.people.keys import key_name, public_bytes

STATEMENT_CHARACTERS_MAX = 8192

# \Z, not $: a line end after the last character is not part of a code.
PersonCode = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?\Z")]
DeviceCode = PersonCode
BranchCode = PersonCode
Key = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{43}\Z")]
Hash = Key
Token = Annotated[str, msgspec.Meta(max_length=STATEMENT_CHARACTERS_MAX)]
Number = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
CountFromZero = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Instant = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")]


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a person signs. `TYP` is the header's type, `INSTANTS` names the fields that hold a time."""

    TYP: ClassVar[str] = ""
    INSTANTS: ClassVar[tuple[str, ...]] = ()
    v: Literal[1] = 1


S = TypeVar("S", bound=Statement)
_encoder = msgspec.json.Encoder()


def sign_statement(statement: Statement, key: SigningKey, typ: str | None = None) -> str:
    """The statement as a compact JWS by that key; `typ` only where one statement is signed in two parts."""
    return sign_compact(_encoder.encode(statement), key, key_name(key), typ or statement.TYP)


def verify_statement(token: str, kind: type[S], public_key: str, typ: str | None = None) -> S:
    """The statement, if that key (base64url) signed it.

    Raises `IntegrityFault` with the codes of `verify_compact` and `public_bytes`, or `statement_too_long`,
    `statement_malformed`.
    """
    _check_length(token)
    return _decode(verify_compact(token, public_bytes(public_key), typ or kind.TYP), kind)


def read_statement(token: str, kind: type[S]) -> S:
    """What the statement says, its signature not yet checked: to learn which key should have signed it.

    Raises `IntegrityFault` with `jws_malformed`, `base64url_not_canonical`, `statement_too_long` or
    `statement_malformed`.
    """
    _check_length(token)
    parts = token.split(".")
    if len(parts) != 3:
        raise IntegrityFault("jws_malformed", kind.TYP)
    return _decode(from_base64url(parts[1]), kind)


def _check_length(token: str) -> None:
    if len(token) > STATEMENT_CHARACTERS_MAX:
        raise IntegrityFault("statement_too_long")


def _decode(payload: bytes, kind: type[S]) -> S:
    try:
        statement = msgspec.json.decode(payload, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as problem:
        raise IntegrityFault("statement_malformed", kind.TYP) from problem
    if _encoder.encode(statement) != payload:
        raise IntegrityFault("statement_malformed", kind.TYP)
    if not all(is_instant(getattr(statement, name)) for name in kind.INSTANTS):
        raise IntegrityFault("statement_malformed", kind.TYP)
    return statement
