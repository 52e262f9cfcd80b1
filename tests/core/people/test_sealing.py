"""What is kept of a person opens for that person, that password and that device, and for nothing else."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import IntegrityFault, Refusal
from core.ids import system_randomness
from core.people.sealing import (
    SealedContents,
    seal,
    seal_for_centre,
    stretching_of,
    unseal,
    unseal_at_centre,
)
from core.people.stretching import CHEAPEST, Stretching

SEED = bytes(range(20))
KEY_SEED = bytes(range(100, 132))
CONTENTS = SealedContents(SEED, KEY_SEED)
PASSWORD = "korrekt hest batteri på å"
DEVICE_SECRET = bytes(range(200, 232))
SERVER_KEY = bytes(range(50, 82))


def _sealed() -> bytes:
    return seal(
        CONTENTS,
        password=PASSWORD,
        device_secret=DEVICE_SECRET,
        person="mette",
        randomness=system_randomness,
        cost=CHEAPEST,
    )


def _unsealed(
    sealed: bytes, *, password: str = PASSWORD, secret: bytes = DEVICE_SECRET, person: str = "mette"
) -> SealedContents | Refusal:
    return unseal(sealed, password=password, device_secret=secret, person=person)


STANDING = _sealed()
AT_CENTRE = seal_for_centre(SEED, server_key=SERVER_KEY, person="mette", randomness=system_randomness)
WRONG = Refusal("password_wrong", "password")


def test_the_right_person_with_the_right_password_on_the_right_device_opens_it() -> None:
    assert _unsealed(STANDING) == CONTENTS
    assert _unsealed(STANDING, password="korrekt hest batteri pa\u030a a\u030a") == CONTENTS


def test_a_wrong_password_another_device_and_another_person_are_answered_alike() -> None:
    assert _unsealed(STANDING, password=PASSWORD + "!") == WRONG
    assert _unsealed(STANDING, password="") == WRONG
    assert _unsealed(STANDING, secret=bytes(32)) == WRONG
    assert _unsealed(STANDING, person="mette2") == WRONG
    assert _unsealed(STANDING, person="mett") == WRONG


def _answer(sealed: bytes) -> SealedContents | Refusal | str:
    try:
        return _unsealed(sealed)
    except IntegrityFault as fault:
        return fault.code


@given(st.integers(0, len(STANDING) * 8 - 1))
@settings(max_examples=300, deadline=None)
def test_no_bit_of_it_can_be_changed_unnoticed(bit: int) -> None:
    changed = bytearray(STANDING)
    changed[bit // 8] ^= 1 << bit % 8
    assert _answer(bytes(changed)) in (WRONG, "seal_malformed")


@pytest.mark.parametrize(
    "sealed", [b"", STANDING[:-1], STANDING + b"\0", b"X" + STANDING[1:], b"CFPS\x02" + STANDING[5:]]
)
def test_what_has_not_the_form_of_a_seal_is_a_fault_and_not_a_wrong_password(sealed: bytes) -> None:
    with pytest.raises(IntegrityFault, match="seal_malformed"):
        _unsealed(sealed)


def test_nothing_of_the_contents_stands_in_the_sealed_bytes_and_two_seals_share_only_their_head() -> None:
    other = _sealed()
    assert SEED not in STANDING
    assert KEY_SEED not in STANDING
    assert other[:13] == STANDING[:13]
    assert not any(other[at : at + 8] in STANDING for at in range(13, len(other) - 8))


def test_secrets_do_not_show_when_contents_are_printed() -> None:
    assert repr(CONTENTS) == "SealedContents()"


def test_the_cost_can_be_read_and_raised() -> None:
    assert stretching_of(STANDING) == CHEAPEST
    with pytest.raises(IntegrityFault, match="seal_malformed"):
        stretching_of(b"CFPS")


@pytest.mark.parametrize(("passes", "memory_kib"), [(0, 8), (17, 8), (1, 7), (1, 1024 * 1024 + 1), (-1, 8)])
def test_a_cost_beyond_reason_can_t_be_made(passes: int, memory_kib: int) -> None:
    with pytest.raises(ValueError, match="limits"):
        Stretching(passes, memory_kib)


def test_seeds_and_secrets_of_a_wrong_length_are_not_sealed() -> None:
    with pytest.raises(ValueError, match="TOTP seed"):
        dataclasses.replace(CONTENTS, totp_seed=b"short")
    with pytest.raises(ValueError, match="staff key"):
        dataclasses.replace(CONTENTS, staff_signing_key_seed=b"short")
    with pytest.raises(TypeError, match="device secret"):
        _unsealed(STANDING, secret=b"short")


def test_the_centre_opens_its_own_seal_for_that_person_alone() -> None:
    assert unseal_at_centre(AT_CENTRE, server_key=SERVER_KEY, person="mette") == SEED
    for key, person in ((bytes(32), "mette"), (SERVER_KEY, "jens")):
        with pytest.raises(IntegrityFault, match="seal_not_opened"):
            unseal_at_centre(AT_CENTRE, server_key=key, person=person)


@given(st.integers(0, len(AT_CENTRE) * 8 - 1))
def test_no_bit_of_the_centre_s_seal_can_be_changed(bit: int) -> None:
    changed = bytearray(AT_CENTRE)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(IntegrityFault, match=r"seal_malformed|seal_not_opened"):
        unseal_at_centre(bytes(changed), server_key=SERVER_KEY, person="mette")
