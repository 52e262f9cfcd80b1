"""`keys.json`: a JWK set (RFC 7517, RFC 8037) of the public keys that the operations themselves made known.

The centre's key is named by `bank.founded`, a device's by `device.enrolled`, a person's by `staff.keys_registered`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from core.canonical import from_base64url, thumbprint
from core.errors import IntegrityFault
from core.operations.bank import BankFounded, DeviceEnrolled
from core.operations.ended import OperationBooked, carried
from core.operations.kind import Decoded
from core.operations.sessions import StaffKeysRegistered

CENTRE = "centre"


class Jwk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A public key; `owner` is `centre`, `device:CODE:EPOCH` or `staff:PERSON:DEVICE:EPOCH`."""

    x: str
    kid: str
    owner: str = msgspec.field(name="counterfoil:owner")
    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    alg: Literal["Ed25519"] = "Ed25519"
    use: Literal["sig"] = "sig"


class JwkSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys in the order of their owners and names."""

    keys: tuple[Jwk, ...]


@dataclass(frozen=True, slots=True, order=True)
class OwnedKey:
    """A public key (base64url) with whose it is."""

    owner: str
    public_key: str


def keys_named(decoded: Decoded[Any]) -> Iterator[OwnedKey]:
    """The keys that an operation makes known, session keys apart."""
    operation, body = decoded.operation, decoded.body
    if isinstance(body, BankFounded):
        yield OwnedKey(CENTRE, body.centre_key)
    elif isinstance(body, DeviceEnrolled):
        yield OwnedKey(f"device:{body.device}:{body.epoch}", body.key)
    elif isinstance(body, StaffKeysRegistered):
        for key in body.keys:
            yield OwnedKey(f"staff:{key.person}:{operation.device}:{operation.epoch}", key.key)
    elif isinstance(body, OperationBooked):
        yield from keys_named(carried(body))


def encode_key_set(keys: Iterable[OwnedKey]) -> bytes:
    """The file's bytes."""
    made = (Jwk(x=key.public_key, kid=thumbprint(from_base64url(key.public_key)), owner=key.owner) for key in keys)
    ordered = sorted(made, key=lambda jwk: (jwk.owner, jwk.kid))
    return msgspec.json.format(msgspec.json.encode(JwkSet(tuple(ordered))), indent=1) + b"\n"


def read_key_set(data: bytes) -> frozenset[OwnedKey]:
    """The keys with their owners, each named by its thumbprint.

    Raises `IntegrityFault` with `keys_malformed`, `keys_kid_wrong` or `keys_repeated`.
    """
    try:
        jwks = msgspec.json.decode(data, type=JwkSet).keys
    except (msgspec.MsgspecError, UnicodeError) as problem:
        raise IntegrityFault("keys_malformed") from problem
    for jwk in jwks:
        if jwk.kid != thumbprint(from_base64url(jwk.x)):
            raise IntegrityFault("keys_kid_wrong", jwk.kid)
    found = frozenset(OwnedKey(jwk.owner, jwk.x) for jwk in jwks)
    if len(found) != len(jwks):
        raise IntegrityFault("keys_repeated")
    return found


def check_key_set(data: bytes, named: frozenset[OwnedKey]) -> None:
    """Whether the file's bytes are exactly the set of the keys that the operations name.

    Raises `IntegrityFault` with the codes of `read_key_set`, or `keys_missing`, `keys_of_nobody`.
    """
    held = read_key_set(data)
    for key in sorted(named - held):
        raise IntegrityFault("keys_missing", key.owner)
    for key in sorted(held - named):
        raise IntegrityFault("keys_of_nobody", key.owner)
    # One spelling only: a member given twice would be read in two ways by two programs.
    if encode_key_set(named) != data:
        raise IntegrityFault("keys_malformed", "spelling")
