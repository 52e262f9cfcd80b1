"""Waiting after failed sign-ins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.people.delays import last_failure_anchor, wait_ms

SECOND = 1000
MINUTE = 60 * SECOND
AT = 1_795_000_000_000
DAY = 24 * 60 * MINUTE


@pytest.mark.parametrize(
    ("failures", "expected"),
    [
        (0, 0),
        (1, 0),
        (3, 0),
        (4, 5 * SECOND),
        (5, 15 * SECOND),
        (6, MINUTE),
        (7, 5 * MINUTE),
        (8, 15 * MINUTE),
        (1000, 15 * MINUTE),
    ],
)
def test_the_wait_grows_after_three_failures_up_to_a_quarter_of_an_hour(failures: int, expected: int) -> None:
    assert wait_ms(failures, AT, AT) == expected


def test_the_wait_runs_down_with_the_clock_and_ends() -> None:
    assert wait_ms(5, AT, AT + 14_999) == 1
    assert wait_ms(5, AT, AT + 15_000) == 0
    assert wait_ms(5, AT, AT + DAY) == 0


@given(st.integers(0, 50), st.integers(0, 400 * DAY))
def test_a_clock_that_was_set_back_shortens_nothing(failures: int, back: int) -> None:
    assert wait_ms(failures, AT, AT - back) == wait_ms(failures, AT, AT)


@given(st.integers(0, 50), st.integers(-DAY, DAY))
def test_more_failures_never_wait_less(failures: int, later: int) -> None:
    assert wait_ms(failures + 1, AT, AT + later) >= wait_ms(failures, AT, AT + later)


def test_a_failure_noted_under_a_wrong_clock_does_not_lock_a_person_out_for_a_year() -> None:
    corrected = AT - 365 * DAY
    anchor = last_failure_anchor(AT, corrected)
    assert wait_ms(8, anchor, corrected) == 15 * MINUTE
    assert wait_ms(8, anchor, corrected + 15 * MINUTE) == 0
    assert last_failure_anchor(AT, AT + SECOND) == AT
