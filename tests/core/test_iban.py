"""The bank's IBANs hold by mod 97 and its country's own rules, and give the account number back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refusal
from core.iban import account_number, bank_of, grouped, is_iban, make_iban, read_iban

DANISH = "DK5000400440116243"


def code_of(text: str) -> str:
    """What is wrong with it."""
    read = read_iban(text)
    assert isinstance(read, Refusal), read
    assert read.field == "iban"
    return read.code


def remainder(iban: str) -> int:
    """ISO 7064 mod 97, worked out by hand."""
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97


@given(number=st.integers(0, 10**9 - 1))
def test_an_account_number_comes_back_out_of_its_iban(number: int) -> None:
    iban = make_iban("DK", "5051", number)
    assert remainder(iban) == 1
    assert is_iban(iban)
    assert read_iban(grouped(iban).lower()) == iban
    assert bank_of(iban) == ("DK", "5051")
    assert account_number(iban, "DK", "5051") == number
    assert account_number(iban, "DK", "9570") is None
    assert account_number(iban, "DE", "5051") is None


@given(number=st.integers(0, 10**9 - 1), place=st.integers(2, 17), other=st.sampled_from("0123456789"))
def test_one_wrong_digit_is_always_noticed(number: int, place: int, other: str) -> None:
    iban = make_iban("DK", "5051", number)
    wrong = iban[:place] + other + iban[place + 1 :]
    assert is_iban(wrong) is (wrong == iban)


@given(number=st.integers(0, 10**9 - 1), place=st.integers(4, 16))
def test_two_neighbours_changed_about_are_always_noticed(number: int, place: int) -> None:
    iban = make_iban("DK", "5051", number)
    wrong = iban[:place] + iban[place + 1] + iban[place] + iban[place + 2 :]
    assert is_iban(wrong) is (wrong == iban)


@given(text=st.text(max_size=80))
def test_any_text_is_an_iban_or_is_told_what_is_wrong_with_it(text: str) -> None:
    read = read_iban(text)
    if isinstance(read, Refusal):
        assert read.code.startswith("iban_")
    else:
        assert is_iban(read)
        assert remainder(read) == 1


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (" ", "iban_missing"),
        ("DK50 0040-0440", "iban_characters"),
        ("DK50\u202e0040", "iban_characters"),
        ("XX5000400440116243", "iban_country"),
        ("DK500040044011624", "iban_length"),
        ("DK5100400440116243", "iban_check_digits"),
        ("DK50004004401162AA", "iban_structure"),
    ],
)
def test_what_is_wrong_is_named(typed: str, code: str) -> None:
    assert code_of(typed) == code


def test_a_countrys_own_check_digits_are_looked_at_too() -> None:
    italian = "IT60X0542811101000000123456"
    assert read_iban(italian) == italian
    # Right by mod 97, wrong by the check letter inside.
    inside = "Y" + italian[5:]
    digits = 98 - int("".join(str(int(letter, 36)) for letter in inside + "IT00")) % 97
    assert code_of(f"IT{digits:02d}{inside}") == "iban_account_digits"


def test_a_number_that_the_country_has_no_room_for_is_no_account() -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the country's format says how
        make_iban("DK", "5051", 10**10)
    with pytest.raises(ValueError):  # noqa: PT011
        make_iban("ZZ", "5051", 1)


def test_an_iban_of_no_bank_belongs_to_nobody() -> None:
    assert bank_of("nonsense") is None
    assert account_number("nonsense", "DK", "5051") is None
    assert grouped(DANISH) == "DK50 0040 0440 1162 43"
