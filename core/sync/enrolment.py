"""A new device's proof that it holds the key it shows, bound to the one-time code it was given."""

from __future__ import annotations

import msgspec
from nacl.signing import SigningKey

from core.canonical import digest, from_base64url
from core.envelope import sign_compact, verify_compact
from core.errors import IntegrityFault
from core.people.keys import key_name, public_text
from core.sync.messages import Enrolment

ENROLMENT_TYPE = "counterfoil-enrolment+jws"


class EnrolmentStatement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the new key signs: the digest of the code, and itself (base64url)."""

    code: str
    key: str


def make_enrolment(code: str, key: SigningKey) -> Enrolment:
    """The request for a key that was made on this device."""
    statement = EnrolmentStatement(digest(code.encode()), public_text(key))
    proof = sign_compact(msgspec.json.encode(statement), key, key_name(key), ENROLMENT_TYPE)
    return Enrolment(code=code, key=public_text(key), proof=proof)


def verify_enrolment(enrolment: Enrolment) -> None:
    """Raises `IntegrityFault`: the codes of `verify_compact`, `key_malformed`, or `enrolment_differs`."""
    key = from_base64url(enrolment.key)
    if len(key) != 32:
        raise IntegrityFault("key_malformed")
    payload = verify_compact(enrolment.proof, key, ENROLMENT_TYPE)
    try:
        statement = msgspec.json.decode(payload, type=EnrolmentStatement)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as problem:
        raise IntegrityFault("enrolment_differs") from problem
    if statement != EnrolmentStatement(digest(enrolment.code.encode()), enrolment.key):
        raise IntegrityFault("enrolment_differs")
