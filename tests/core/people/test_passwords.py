"""Which passwords a person may choose, and what the centre keeps of one."""

from __future__ import annotations

import dataclasses

import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import IntegrityFault
from core.ids import system_randomness
from core.people.passwords import (
    CHEAPEST_COST,
    LENGTH_MAX,
    LENGTH_MIN,
    hash_password,
    needs_rehash,
    password_matches,
    password_refusal,
)

GOOD = "korrekt hest batteri"


def _code(password: str) -> str | None:
    refusal = password_refusal(password, code="mette-holm", name="Mette Holm Sørensen")
    return None if refusal is None else refusal.code


@pytest.mark.parametrize(
    "password", [GOOD, "zqmvkrtlwpxn", "ærø-fyn-øst-34", "пароль для банка", "סיסמה ארוכה מאוד", "x7" * 2 + "qwzrtpmk"]
)
def test_a_long_password_of_any_script_needs_no_capitals_or_digits(password: str) -> None:
    assert _code(password) is None


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "password_too_short"),
        ("zqmvkrtlwpx", "password_too_short"),
        (GOOD * 7, "password_too_long"),
        # One ligature of eighteen letters: counted as what it stands for.
        ("\ufdfa" * 8, "password_too_long"),
        ("korrekt\x00hest batteri", "password_not_typable"),
        ("korrekt\nhest batteri", "password_not_typable"),
        ("korrekt hest \ud800 batteri", "password_not_typable"),
        ("aaaaaaaaaaaaaaaa", "password_too_simple"),
        ("abababababab", "password_too_simple"),
        ("passwordpassword", "password_too_simple"),
        ("PasswordpassworD", "password_too_simple"),
        ("1234567890123", "password_too_simple"),
        ("abcdefghijklm", "password_too_simple"),
        ("0987654321098", "password_too_simple"),
        ("xx mette-holm xx", "password_names_person"),
        ("METTE er glad i dag", "password_names_person"),
        ("hos Sørensen kl 9", "password_names_person"),
    ],
)
def test_a_password_that_anybody_would_try_first_is_refused_by_its_code(password: str, code: str) -> None:
    assert _code(password) == code


@given(st.text(max_size=LENGTH_MAX + 10))
@settings(max_examples=200, deadline=None)
def test_every_input_gets_an_answer_and_none_shorter_than_the_least_is_accepted(password: str) -> None:
    if _code(password) is None:
        assert len(password.encode("utf-8", "surrogatepass")) >= LENGTH_MIN


def test_the_hash_is_argon2id_that_any_reader_of_the_format_can_check() -> None:
    stored = hash_password(GOOD, system_randomness, CHEAPEST_COST)
    assert stored.startswith("$argon2id$v=19$")
    assert PasswordHasher().verify(stored, GOOD)


def test_only_the_same_password_matches_however_the_keyboard_composed_it() -> None:
    composed, decomposed = "smørrebrød på fredag", "smørrebrød pa\u030a fredag"
    stored = hash_password(composed, system_randomness, CHEAPEST_COST)
    assert password_matches(composed, stored)
    assert password_matches(decomposed, stored)
    assert not password_matches(composed + " ", stored)
    assert not password_matches("", stored)


def test_two_people_with_one_password_have_different_hashes() -> None:
    first, second = (hash_password(GOOD, system_randomness, CHEAPEST_COST) for _ in range(2))
    assert first != second


def test_a_hash_of_another_cost_is_due_for_another() -> None:
    stored = hash_password(GOOD, system_randomness, CHEAPEST_COST)
    assert not needs_rehash(stored, CHEAPEST_COST)
    assert needs_rehash(stored, dataclasses.replace(CHEAPEST_COST, time_cost=2))
    assert needs_rehash(stored)


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "korrekt",
        "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$c29tZWhhc2g",
        "$argon2id$v=19$m=8,t=x,p=1$c29tZXNhbHQ$c29tZWhhc2g",
        "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$",
    ],
)
def test_what_is_no_argon2id_hash_is_a_fault_and_never_a_match(stored: str) -> None:
    with pytest.raises(IntegrityFault, match="password_hash_malformed"):
        password_matches(GOOD, stored)
    if not stored.endswith("$"):
        with pytest.raises(IntegrityFault, match="password_hash_malformed"):
            needs_rehash(stored)
