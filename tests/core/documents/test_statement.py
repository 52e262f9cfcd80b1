"""A statement may only be printed when its figures add up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents.statement import BALANCE_MINOR_MAX, check_statement
from core.documents.statement_paper import render_statement
from core.documents.typefaces import Typefaces
from core.errors import Refused
from tests.core.documents.bank_papers import movement, statement_of


@given(amounts=st.lists(st.integers(-(10**12), 10**12).filter(bool), max_size=20), opening=st.integers(-(10**9), 10**9))
def test_opening_and_movements_make_the_closing_balance(amounts: list[int], opening: int) -> None:
    statement = statement_of(*map(movement, amounts), opening=opening)
    assert check_statement(statement) is None
    assert statement.money_in[1] + statement.money_out[1] + opening == statement.closing_balance_minor
    one_more = replace(statement, closing_balance_minor=statement.closing_balance_minor + 1)
    refusal = check_statement(one_more)
    assert refusal is not None
    assert refusal.code == "closing_balance_wrong"


def test_a_wrong_running_balance_is_named_by_its_line() -> None:
    refusal = check_statement(statement_of(movement(500), movement(-200, balance_minor=100_301)))
    assert refusal is not None
    assert refusal.code == "running_balance_wrong"
    assert refusal.detail == {"line": 2, "expected_minor": 100_300, "given_minor": 100_301}


@pytest.mark.parametrize(
    ("code", "given_values"),
    [
        ("currency_unknown", {"currency": "XQQ"}),
        ("date_malformed", {"period_from": "1/11/2026"}),
        ("instant_malformed", {"made_at": "yesterday"}),
        ("period_reversed", {"period_from": "2026-12-01"}),
        ("balance_too_large", {"opening": BALANCE_MINOR_MAX + 1}),
        ("closing_balance_wrong", {"closing_balance_minor": 1}),
    ],
)
def test_a_statement_whose_frame_is_wrong_is_refused(code: str, given_values: dict[str, Any]) -> None:
    refusal = check_statement(statement_of(**given_values))
    assert refusal is not None
    assert refusal.code == code


@pytest.mark.parametrize(
    ("code", "second"),
    [
        ("line_amount_zero", movement(0)),
        ("line_outside_period", movement(5, booking_date="2026-12-01")),
        ("lines_out_of_order", movement(5, booking_date="2026-11-19")),
        ("date_malformed", movement(5, value_date="soon")),
    ],
)
def test_a_movement_that_can_not_stand_there_is_named(code: str, second: dict[str, Any]) -> None:
    refusal = check_statement(statement_of(movement(1), second))
    assert refusal is not None
    assert refusal.code == code
    assert refusal.detail["line"] == 2


def test_a_statement_that_does_not_add_up_is_never_printed(typefaces: Typefaces) -> None:
    with pytest.raises(Refused) as refused:
        render_statement(statement_of(movement(500), closing_balance_minor=1), typefaces)
    assert refused.value.refusal.code == "closing_balance_wrong"
