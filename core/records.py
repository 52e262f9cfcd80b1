"""Records: personal data beside the operation that names them by a salted digest, so that they can be erased."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated

import msgspec

from core.canonical import base64url
from core.ids import Randomness

RECORD_BYTES_MAX = 16 * 1024
_SALT_BYTES = 16

Value = Annotated[str, msgspec.Meta(max_length=2048)]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Field names and values with the salt that hides them: without it a digest of a name could be guessed back."""

    salt: str
    fields: dict[str, Value]


_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(Record)


def make_record(fields: Mapping[str, str], randomness: Randomness) -> tuple[str, bytes]:
    """The record's digest (base64url SHA-256 over its bytes) and its exact bytes."""
    data = _encoder.encode(Record(salt=base64url(randomness(_SALT_BYTES)), fields=dict(fields)))
    return record_digest(data), data


def record_digest(data: bytes) -> str:
    """How an operation's body names the record."""
    return base64url(hashlib.sha256(data).digest())


def read_record(data: bytes) -> dict[str, str]:
    """The record's fields. Raises `msgspec.MsgspecError` if the bytes are no record."""
    try:
        return _decoder.decode(data).fields
    except (UnicodeError, RecursionError) as problem:
        raise msgspec.DecodeError(str(problem)) from problem
