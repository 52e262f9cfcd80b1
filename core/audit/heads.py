"""`heads.json`: where each chain ends, signed by the centre, so that a missing end or a missing chain is noticed.

A flattened JWS JSON serialisation (RFC 7515 section 7.2.2); the payload lists every chain by device and epoch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
from nacl.signing import SigningKey

from core.canonical import from_base64url, thumbprint
from core.clock import is_instant
from core.envelope import Digest, Positive, sign_compact, verify_compact
from core.errors import IntegrityFault
from core.ids import is_code

HEADS_TYPE = "counterfoil-heads+jws"


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True):
    """The last operation of one chain; `hash` is what an operation after it would give as `prev`."""

    device: str
    epoch: Positive
    seq: Positive
    hash: Digest


class Heads(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every chain's end at the instant `at`, in the order of device and epoch."""

    v: Literal[1]
    at: str
    heads: tuple[Head, ...]


class FlattenedJws(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The three parts of a JWS by name."""

    payload: Annotated[str, msgspec.Meta(min_length=1)]
    protected: Annotated[str, msgspec.Meta(min_length=1)]
    signature: Annotated[str, msgspec.Meta(min_length=1)]


def make_heads(heads: Iterable[Head], at: str, key: SigningKey) -> bytes:
    """The file's bytes: the heads, sorted, signed by the centre's key; `at` is an RFC 3339 instant."""
    payload = msgspec.json.encode(Heads(1, at, tuple(sorted(heads))))
    token = sign_compact(payload, key, thumbprint(bytes(key.verify_key)), HEADS_TYPE)
    protected, middle, signature = token.split(".")
    return msgspec.json.encode(FlattenedJws(middle, protected, signature)) + b"\n"


def read_heads(data: bytes, centre_key: str) -> Heads:
    """The heads, if the centre's key (base64url) signed them.

    Raises `IntegrityFault` with the codes of `verify_compact`, or `heads_malformed`.
    """
    try:
        parts = msgspec.json.decode(data, type=FlattenedJws)
        token = f"{parts.protected}.{parts.payload}.{parts.signature}"
        payload = verify_compact(token, from_base64url(centre_key), HEADS_TYPE)
        heads = msgspec.json.decode(payload, type=Heads)
    except (msgspec.MsgspecError, UnicodeError) as problem:
        raise IntegrityFault("heads_malformed") from problem
    if msgspec.json.encode(parts) + b"\n" != data:
        raise IntegrityFault("heads_malformed", "spelling")
    chains = [(head.device, head.epoch) for head in heads.heads]
    in_order = chains == sorted(set(chains)) and all(is_code(device) for device, _ in chains)
    if not (in_order and is_instant(heads.at) and msgspec.json.encode(heads) == payload):
        raise IntegrityFault("heads_malformed")
    return heads
