"""Identifiers grow strictly and have one spelling, whatever the clock does; codes are short and plain."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import FixedClock
from core.ids import Identifiers, is_code, is_identifier, system_randomness

NOW = 1_795_167_720_000


@given(moves=st.lists(st.integers(-10_000, 10_000), min_size=1, max_size=60), seed=st.binary(min_size=8, max_size=8))
def test_identifiers_grow_though_the_clock_stands_still_or_goes_back(moves: list[int], seed: bytes) -> None:
    clock = FixedClock(NOW)
    ids = Identifiers(clock, lambda _count: seed)
    made = []
    for move in moves:
        clock.advance(move)
        made.append(ids.new())
    assert made == sorted(set(made))
    assert all(is_identifier(each) for each in made)


def test_more_identifiers_than_a_millisecond_has_places_for_still_grow() -> None:
    ids = Identifiers(FixedClock(NOW), system_randomness)
    made = [ids.new() for _ in range(10_000)]
    assert made == sorted(set(made))


@given(now=st.integers(0, 2**48 - 1), tail=st.binary(min_size=8, max_size=8))
def test_an_identifier_is_a_version_7_uuid_that_says_when_it_was_made(now: int, tail: bytes) -> None:
    made = Identifiers(FixedClock(now), lambda _count: tail).new()
    read = UUID(made)
    assert str(read) == made
    assert (read.version, read.variant) == (7, "specified in RFC 4122")
    assert read.int >> 80 == max(now, 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "01A2434A-E7AE-7007-93B2-2825809A5787",
        "01a2434ae7ae700793b22825809a5787",
        "{01a2434a-e7ae-7007-93b2-2825809a5787}",
        "01a2434a-e7ae-4007-93b2-2825809a5787",
        "01a2434a-e7ae-7007-c3b2-2825809a5787",
        "01a2434a-e7ae-7007-93b2-2825809a5787\n",
        "\u06601a2434a-e7ae-7007-93b2-2825809a5787",
    ],
)
def test_any_other_spelling_is_no_identifier(text: str) -> None:
    assert not is_identifier(text)


@pytest.mark.parametrize("code", ["a", "0", "odense-1", "a" * 32, "a--b"])
def test_codes_are_letters_digits_and_hyphens(code: str) -> None:
    assert is_code(code)


@pytest.mark.parametrize("code", ["", "-a", "a-", "A", "a" * 33, "a b", "å", "a\n", "a_b", "a.b", "\u0661", "\u202ea"])
def test_what_can_be_mistaken_for_another_code_is_none(code: str) -> None:
    assert not is_code(code)
