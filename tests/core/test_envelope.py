"""An operation is exactly what was signed: no character can be changed, and there is no second way to write it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.signing import SigningKey

from core.canonical import base64url, digest, from_base64url
from core.envelope import (
    CARRYING_BYTES_MAX,
    OPERATION_TYPE,
    Signed,
    check_signature,
    operation_hash,
    read_operation,
    sign_compact,
    verify_compact,
)
from core.errors import IntegrityFault
from tests.bank import open_branch

DAY = open_branch("envelope")
SOUND: Signed = DAY.deposit(DAY.account(), 123_45)
KEY = DAY.teller.key
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@settings(max_examples=400, deadline=None, derandomize=True)
@given(place=st.integers(0, len(SOUND.jws) - 1), other=st.one_of(st.sampled_from(LETTERS + ".=+/ \n"), st.characters()))
def test_any_changed_character_is_refused(place: int, other: str) -> None:
    changed = SOUND.jws[:place] + other + SOUND.jws[place + 1 :]
    if changed != SOUND.jws:
        with pytest.raises(IntegrityFault):
            read_and_check(changed)


def read_and_check(jws: str) -> None:
    """What every reader of an operation does first."""
    read_operation(jws)
    check_signature(jws, KEY.verify_key)


@pytest.mark.parametrize(
    "respell",
    [
        lambda header: header.replace(b",", b", "),
        lambda header: header.replace(b"{", b'{"alg":"none",', 1),
        lambda header: header[:-1] + b',"typ":"counterfoil+jws"}',
        lambda header: header + b" " * 20_000,
        lambda header: b"{" + b",".join(reversed(header[1:-1].split(b","))) + b"}",
    ],
    ids=["spaces", "two algorithms", "two types", "endless", "another order"],
)
def test_a_header_has_one_spelling_too(respell: Callable[[bytes], bytes]) -> None:
    """Signed by the right key, so that nothing but the reading of it can refuse it."""
    header, payload, _ = SOUND.jws.split(".")
    signing_input = f"{base64url(respell(from_base64url(header)))}.{payload}"
    signature = base64url(KEY.sign(signing_input.encode()).signature)
    with pytest.raises(IntegrityFault, match="jws_header"):
        read_operation(f"{signing_input}.{signature}")


@settings(max_examples=100, deadline=None, derandomize=True)
@given(text=st.one_of(st.text(max_size=200), st.text(alphabet=LETTERS + ".", max_size=400)))
def test_what_is_no_operation_is_refused_with_a_code(text: str) -> None:
    with pytest.raises(IntegrityFault):
        read_operation(text)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    payload=st.one_of(
        st.binary(max_size=300),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=20),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
            max_leaves=12,
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_what_is_signed_but_no_operation_is_refused_with_a_code(payload: bytes) -> None:
    with pytest.raises(IntegrityFault):
        read_operation(sign_compact(payload, KEY, digest(b"kid"), OPERATION_TYPE))


def test_the_hash_leaves_the_signature_out() -> None:
    assert SOUND.hash == operation_hash(SOUND.jws) == digest(SOUND.jws.rpartition(".")[0].encode())


def test_a_statement_of_another_type_is_not_taken_for_an_operation() -> None:
    token = sign_compact(b"{}", KEY, SOUND.kid, "counterfoil-session+jws")
    with pytest.raises(IntegrityFault, match="jws_type"):
        read_operation(token)
    with pytest.raises(IntegrityFault, match="jws_type"):
        verify_compact(token, bytes(KEY.verify_key), OPERATION_TYPE)


def test_another_key_under_the_same_name_does_not_sign() -> None:
    token = sign_compact(b"{}", SigningKey(bytes(32)), SOUND.kid, OPERATION_TYPE)
    with pytest.raises(IntegrityFault, match="jws_signature"):
        verify_compact(token, bytes(KEY.verify_key), OPERATION_TYPE)
    with pytest.raises(IntegrityFault, match="jws_key"):
        verify_compact(token, bytes(SigningKey(bytes(32)).verify_key), OPERATION_TYPE)


def test_an_operation_is_not_endless() -> None:
    with pytest.raises(IntegrityFault, match="operation_too_long"):
        read_operation("A" * (CARRYING_BYTES_MAX + 1))
