"""Personal data stands beside an operation, named by a digest that tells nobody what it is."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.canonical import from_base64url
from core.ids import system_randomness
from core.records import make_record, read_record, record_digest
from tests.bank import counted_randomness

fields = st.dictionaries(st.text(max_size=20), st.text(max_size=80), max_size=8)


@given(named=fields)
def test_a_record_gives_back_what_was_put_in_under_the_digest_of_its_bytes(named: dict[str, str]) -> None:
    digest, data = make_record(named, system_randomness)
    assert read_record(data) == named
    assert digest == record_digest(data)
    assert from_base64url(digest) == hashlib.sha256(data).digest()


def test_one_name_has_another_digest_each_time_so_that_it_cannot_be_guessed_back() -> None:
    first, second = (make_record({"name": "Ane Holm"}, system_randomness) for _ in range(2))
    assert first[0] != second[0]


def test_the_same_salt_and_fields_in_any_order_are_the_same_record() -> None:
    first = make_record({"given_name": "Ane", "family_name": "Holm"}, counted_randomness("salt"))
    second = make_record({"family_name": "Holm", "given_name": "Ane"}, counted_randomness("salt"))
    assert first == second


@given(
    named=st.dictionaries(st.sampled_from(("name", "street")), st.text(max_size=20), min_size=1), place=st.integers(0)
)
def test_a_changed_byte_is_another_record(named: dict[str, str], place: int) -> None:
    digest, data = make_record(named, system_randomness)
    place %= len(data)
    changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
    assert record_digest(changed) != digest


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b'{"salt":"x"}',
        b'{"salt":"x","fields":{},"more":1}',
        b'{"salt":1,"fields":{}}',
        b"\xff",
        b'{"salt":"x","fields":{"given_name":"\xff"}}',
        b"[" * 99_999,
    ],
)
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        read_record(data)


def test_a_value_is_not_endless() -> None:
    _, data = make_record({"name": "x" * 2049}, system_randomness)
    with pytest.raises(msgspec.ValidationError):
        read_record(data)
