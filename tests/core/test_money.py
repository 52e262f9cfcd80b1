"""Amounts are whole minor units: what is written can be read back, and what is not plainly an amount is refused."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refusal
from core.money import (
    AMOUNT_MINOR_MAX,
    MINUS,
    Money,
    decimals,
    format_amount,
    format_money,
    in_major_units,
    is_currency,
    parse_amount,
)

CURRENCIES = ("DKK", "JPY", "KWD", "EUR")
LOCALES = ("en_GB", "da_DK", "de_CH", "fr_FR")
currencies = st.sampled_from(CURRENCIES)
locales = st.sampled_from(LOCALES)


def code_of(text: str, currency: str = "DKK", locale: str = "en_GB") -> str:
    """Why the text is no amount."""
    read = parse_amount(text, currency, locale)
    assert isinstance(read, Refusal), (text, read)
    return read.code


@given(minor=st.integers(1, AMOUNT_MINOR_MAX), currency=currencies, locale=locales)
def test_what_is_written_is_read_back_to_the_last_unit(minor: int, currency: str, locale: str) -> None:
    money = Money(minor, currency)
    assert parse_amount(format_amount(money, locale), currency, locale) == money


@given(minor=st.integers(1, AMOUNT_MINOR_MAX), currency=currencies)
def test_grouping_may_be_left_out(minor: int, currency: str) -> None:
    plain = format_amount(Money(minor, currency)).replace(",", "")
    assert parse_amount(plain, currency) == Money(minor, currency)


@given(whole=st.integers(0, 10**6), more=st.text(alphabet="0123456789", max_size=6), currency=currencies)
def test_a_decimal_that_the_currency_does_not_have_is_never_rounded_away(whole: int, more: str, currency: str) -> None:
    fraction = "1" * decimals(currency) + "0" + more
    assert code_of(f"{whole}.{fraction}", currency) == "amount_too_many_decimals"


@given(text=st.text(max_size=60), currency=currencies, locale=locales)
def test_any_text_is_an_amount_within_limits_or_is_refused(text: str, currency: str, locale: str) -> None:
    read = parse_amount(text, currency, locale)
    if isinstance(read, Money):
        assert type(read.minor) is int
        assert 0 < read.minor <= AMOUNT_MINOR_MAX
        assert read.currency == currency
    else:
        assert read.code.startswith("amount_")


@given(
    minor=st.integers(1, AMOUNT_MINOR_MAX),
    place=st.integers(0, 20),
    control=st.sampled_from("\x00\x07\x1b\x7f\u202e\u200b\u2066"),
)
def test_a_control_character_anywhere_makes_it_no_amount(minor: int, place: int, control: str) -> None:
    text = format_amount(Money(minor, "DKK"))
    place %= len(text) + 1
    assert code_of(text[:place] + control + text[place:]) == "amount_malformed"


@pytest.mark.parametrize("sign", ["-", "\uff0d"])
def test_a_negative_amount_is_not_positive(sign: str) -> None:
    assert code_of(f"{sign}5.00") == "amount_not_positive"


def test_a_true_minus_sign_is_not_read_as_an_amount() -> None:
    assert code_of(f"{MINUS}5.00") == "amount_malformed"


def test_nothing_and_zero_are_no_amounts() -> None:
    assert code_of(" \u00a0") == "amount_missing"
    assert code_of("0.00") == "amount_not_positive"


def test_the_largest_amount_is_taken_and_the_next_is_not() -> None:
    assert parse_amount("10000000000.00", "DKK") == Money(AMOUNT_MINOR_MAX, "DKK")
    assert code_of("10000000000.01") == "amount_too_large"
    assert code_of("9" * 40) == "amount_too_large"
    assert code_of("9" * 41) == "amount_malformed"


@pytest.mark.parametrize(
    "text", ["1e5", "0x10", "1_000", "+5", "5 kr", "NaN", "inf", ".50", "1.2.3", "1,,000", "12,34"]
)
def test_what_programs_call_numbers_is_no_amount(text: str) -> None:
    assert code_of(text) == "amount_malformed"


def test_a_separator_of_another_country_is_not_guessed_at() -> None:
    assert parse_amount("1.234", "DKK", "da_DK") == Money(1234_00, "DKK")
    assert code_of("1.23", "DKK", "da_DK") == "amount_malformed"
    assert parse_amount("1,234", "DKK", "en_GB") == Money(1234_00, "DKK")
    assert code_of("1,23", "DKK", "en_GB") == "amount_malformed"


def test_a_swiss_apostrophe_may_be_the_one_on_the_keyboard() -> None:
    assert parse_amount("1\u2019234.50", "CHF", "de_CH") == Money(1234_50, "CHF")
    assert parse_amount("1'234.50", "CHF", "de_CH") == Money(1234_50, "CHF")
    assert code_of("1'234.50", "CHF", "en_GB") == "amount_malformed"


def test_full_width_digits_are_the_same_digits_and_other_scripts_are_not_read() -> None:
    assert parse_amount("\uff11\uff12\uff0e\uff15\uff10", "DKK") == Money(12_50, "DKK")
    assert code_of("\u0661\u0662") == "amount_malformed"
    assert code_of("\u0967\u0968") == "amount_malformed"


def test_an_unknown_currency_is_refused_before_the_amount_is_looked_at() -> None:
    assert code_of("12", "XQQ") == "currency_unknown"
    assert not is_currency("dkk")


def test_amounts_of_two_currencies_do_not_add() -> None:
    with pytest.raises(ValueError, match="DKK and EUR"):
        Money(1, "DKK") + Money(1, "EUR")
    with pytest.raises(ValueError, match="DKK and EUR"):
        Money(1, "DKK") - Money(1, "EUR")


@given(first=st.integers(), second=st.integers())
def test_adding_is_exact_however_much_it_is(first: int, second: int) -> None:
    total = Money(first, "DKK") + Money(second, "DKK")
    assert total - Money(second, "DKK") == Money(first, "DKK")
    assert -total == Money(-first - second, "DKK")


@given(minor=st.integers(-(10**15), 10**15), currency=currencies)
def test_major_units_are_exact(minor: int, currency: str) -> None:
    assert in_major_units(Money(minor, currency)) * 10 ** decimals(currency) == minor


def test_each_currency_is_written_with_its_own_decimals() -> None:
    assert [format_amount(Money(1234567, currency)) for currency in CURRENCIES] == [
        "12,345.67",
        "1,234,567",
        "1,234.567",
        "12,345.67",
    ]


def test_a_sign_is_a_true_minus_and_a_plus_only_where_asked() -> None:
    assert format_amount(Money(-5_00, "DKK")) == f"{MINUS}5.00"
    assert format_amount(Money(5_00, "DKK"), sign=True) == "+5.00"
    assert format_amount(Money(0, "DKK"), sign=True) == "0.00"
    assert format_money(Money(3250_00, "DKK"), "da_DK") == "3.250,00\u00a0kr."


def test_an_amount_is_a_value_that_nobody_changes() -> None:
    with pytest.raises(FrozenInstanceError):
        Money(1, "DKK").minor = 2  # type: ignore[misc]
