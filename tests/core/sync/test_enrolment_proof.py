"""A new device proves that it holds the key it shows, for the one code it was given."""

from __future__ import annotations

import msgspec
import pytest
from nacl.signing import SigningKey

from core.canonical import digest
from core.envelope import OPERATION_TYPE, sign_compact
from core.errors import IntegrityFault
from core.people.keys import key_name, public_text
from core.sync.enrolment import ENROLMENT_TYPE, EnrolmentStatement, make_enrolment, verify_enrolment
from core.sync.messages import Enrolment

KEY, OTHER_KEY = SigningKey(bytes(range(32))), SigningKey(bytes(32))
CODE = "ABCD-EFGH-JKLM"
SOUND = make_enrolment(CODE, KEY)


def fault_of(enrolment: Enrolment) -> str:
    """Why the proof is not believed."""
    with pytest.raises(IntegrityFault) as caught:
        verify_enrolment(enrolment)
    return caught.value.code


def test_a_device_proves_the_key_that_it_has() -> None:
    verify_enrolment(SOUND)
    assert SOUND.key == public_text(KEY)


def test_the_code_itself_is_not_in_the_proof() -> None:
    assert CODE not in SOUND.proof
    assert digest(CODE.encode()) != digest(b"")


def test_a_proof_for_one_code_does_not_serve_another() -> None:
    assert fault_of(msgspec.structs.replace(SOUND, code="ABCD-EFGH-JKLN")) == "enrolment_differs"


def test_nobody_enrols_a_key_that_is_another_devices() -> None:
    assert fault_of(msgspec.structs.replace(SOUND, key=public_text(OTHER_KEY))) == "jws_key"
    stolen = EnrolmentStatement(digest(CODE.encode()), public_text(OTHER_KEY))
    forged = sign_compact(msgspec.json.encode(stolen), KEY, key_name(OTHER_KEY), ENROLMENT_TYPE)
    assert fault_of(Enrolment(code=CODE, key=public_text(OTHER_KEY), proof=forged)) == "jws_signature"
    own = sign_compact(msgspec.json.encode(stolen), KEY, key_name(KEY), ENROLMENT_TYPE)
    assert fault_of(Enrolment(code=CODE, key=public_text(KEY), proof=own)) == "enrolment_differs"


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("", "key_malformed"),
        ("QUJD", "key_malformed"),
        ("A" * 44, "key_malformed"),
        ("=", "base64url_not_canonical"),
        ("é", "base64url_not_canonical"),
    ],
)
def test_what_is_no_key_is_refused_with_a_code(key: str, code: str) -> None:
    assert fault_of(msgspec.structs.replace(SOUND, key=key)) == code


@pytest.mark.parametrize("payload", [b"", b"{}", b"\xff", b"[" * 5000, b'{"code":"x","key":"y","more":1}'])
def test_what_is_signed_but_no_proof_is_refused_with_a_code(payload: bytes) -> None:
    proof = sign_compact(payload, KEY, key_name(KEY), ENROLMENT_TYPE)
    assert fault_of(msgspec.structs.replace(SOUND, proof=proof)) == "enrolment_differs"


def test_another_kind_of_statement_is_not_taken_for_a_proof() -> None:
    proof = sign_compact(b"{}", KEY, key_name(KEY), OPERATION_TYPE)
    assert fault_of(msgspec.structs.replace(SOUND, proof=proof)) == "jws_type"


def test_any_changed_character_of_the_proof_is_refused() -> None:
    for place in range(0, len(SOUND.proof), 7):
        other = "A" if SOUND.proof[place] != "A" else "B"
        fault_of(msgspec.structs.replace(SOUND, proof=SOUND.proof[:place] + other + SOUND.proof[place + 1 :]))
