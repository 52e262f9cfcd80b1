"""The notes and coins that drawers are counted by."""

import pytest

from core.denominations import NOTES_AND_COINS, coins, denominations, notes
from core.money import is_currency


@pytest.mark.parametrize("currency", NOTES_AND_COINS)
def test_they_are_different_positive_values_in_falling_order(currency: str) -> None:
    assert is_currency(currency)
    values = denominations(currency)
    assert list(values) == sorted(set(values), reverse=True)
    assert values[-1] > 0
    assert min(notes(currency)) > max(coins(currency))


def test_the_danish_ones_are_those_in_use() -> None:
    assert notes("DKK") == (1000_00, 500_00, 200_00, 100_00, 50_00)
    assert coins("DKK") == (20_00, 10_00, 5_00, 2_00, 1_00, 50)


def test_a_currency_without_a_table_has_none() -> None:
    assert denominations("JPY") == ()
