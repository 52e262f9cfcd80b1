"""A statement has one spelling, and nothing but that spelling passes, whoever signed it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.canonical import base64url
from core.envelope import sign_compact
from core.errors import IntegrityFault
from core.people.keys import key_name, public_bytes
from core.people.registration import IntroductionStatement, make_introduction
from core.people.statements import read_statement, verify_statement
from tests.core.people.people_on_devices import Person

METTE = Person("mette")
GOOD: dict[str, Any] = {
    "v": 1,
    "person": "mette",
    "device": "odense-1",
    "epoch": 1,
    "expires_at": "2026-11-20T09:42:00.000Z",
}


def _signed(payload: bytes, typ: str = IntroductionStatement.TYP) -> str:
    return sign_compact(payload, METTE.signing_key, key_name(METTE.signing_key), typ)


def _fault(token: str) -> str:
    with pytest.raises(IntegrityFault) as caught:
        verify_statement(token, IntroductionStatement, METTE.public_key)
    return caught.value.code


def _compact(said: dict[str, Any]) -> bytes:
    return json.dumps(said, separators=(",", ":")).encode()


def test_the_one_spelling_passes() -> None:
    said = verify_statement(_signed(_compact(GOOD)), IntroductionStatement, METTE.public_key)
    assert make_introduction(said, METTE.signing_key) == _signed(_compact(GOOD))
    assert read_statement(_signed(_compact(GOOD)), IntroductionStatement) == said


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"\xff\xfe",
        json.dumps(GOOD).encode(),
        _compact(GOOD) + b"\n",
        _compact({key: GOOD[key] for key in reversed(GOOD)}),
        _compact(GOOD)[:-1] + b',"epoch":2}',
        _compact(GOOD).replace(b'"mette"', b'"m\\u0065tte"'),
        _compact({**GOOD, "v": 2}),
        _compact({key: value for key, value in GOOD.items() if key != "v"}),
        _compact({key: value for key, value in GOOD.items() if key != "person"}),
        _compact({**GOOD, "more": 1}),
        _compact({**GOOD, "epoch": 0}),
        _compact({**GOOD, "epoch": 1.0}),
        _compact({**GOOD, "epoch": "1"}),
        _compact({**GOOD, "epoch": 2**53}),
        _compact({**GOOD, "person": "Mette"}),
        _compact({**GOOD, "person": "mette\n"}),
        _compact({**GOOD, "person": "m" * 33}),
        _compact({**GOOD, "expires_at": "2026-11-31T09:42:00.000Z"}),
        _compact({**GOOD, "expires_at": "2026-11-20T09:42:00Z"}),
        _compact({**GOOD, "expires_at": "2026-11-20T09:42:00.000Z\n"}),
    ],
)
def test_any_other_spelling_is_refused_though_the_signature_holds(payload: bytes) -> None:
    assert _fault(_signed(payload)) == "statement_malformed"


def test_one_kind_of_statement_does_not_pass_for_another() -> None:
    assert _fault(_signed(_compact(GOOD), "counterfoil-session+jws")) == "jws_type"


def test_what_is_too_long_is_refused_unread() -> None:
    assert _fault(_signed(_compact({**GOOD, "person": "m" * 9000}))) == "statement_too_long"


@pytest.mark.parametrize("token", ["", ".", "..", "a.b", "a.b.c.d", "é.é.é", "....."])
def test_what_is_no_jws_is_a_fault(token: str) -> None:
    assert _fault(token) in {"jws_malformed", "jws_header", "base64url_not_canonical"}
    with pytest.raises(IntegrityFault):
        read_statement(token, IntroductionStatement)


@given(st.data())
def test_no_character_of_a_signed_statement_can_be_changed(data: st.DataObject) -> None:
    token = _signed(_compact(GOOD))
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda character: character != token[at]))
    with pytest.raises(IntegrityFault):
        verify_statement(token[:at] + other + token[at + 1 :], IntroductionStatement, METTE.public_key)


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("", "key_malformed"),
        (base64url(bytes(31)), "key_malformed"),
        (base64url(bytes(33)), "key_malformed"),
        (METTE.public_key + "=", "base64url_not_canonical"),
        ("æ" * 43, "base64url_not_canonical"),
    ],
)
def test_a_public_key_is_exactly_32_bytes_in_canonical_text(key: str, code: str) -> None:
    with pytest.raises(IntegrityFault, match=code):
        public_bytes(key)
