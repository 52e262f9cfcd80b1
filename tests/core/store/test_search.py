"""A teller finds a customer by what a keyboard can type: the beginning of a name, a telephone number, an IBAN."""

import pytest

from core.store.search import asked, fold, iban_terms, name_terms, telephone_terms


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Søren", "soren"),
        ("ÅSE Æbelø", "ase aebelo"),
        ("Łukasz", "lukasz"),
        ("Straße", "strasse"),
        ("Þóra Guðmundsdóttir", "thora gudmundsdottir"),
        ("Müller", "muller"),
        ("Ελένη", "ελενη"),
        ("Йордан", "иордан"),
        ("İpek", "ipek"),
    ],
)
def test_diacritics_do_not_matter(name: str, folded: str) -> None:
    assert fold(name) == folded
    assert fold(fold(name)) == folded


def test_a_letter_may_be_spelled_out_or_dropped() -> None:
    assert {"ase", "aase"} <= name_terms("Åse")
    assert {"soren", "soeren"} <= name_terms("Søren")
    assert {"jens", "peter"} <= name_terms("Jens-Peter")


def test_a_telephone_number_is_found_with_and_without_its_country() -> None:
    assert telephone_terms("+45 20 12 34 56") == {"4520123456", "20123456"}


def test_an_iban_is_found_from_its_beginning_and_past_its_check_digits() -> None:
    assert iban_terms("DK5000400440116243") == {"dk5000400440116243", "00400440116243"}


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("dk50 0040", ["dk500040"]),
        ("+45 20 12", ["452012"]),
        ("0045 20 12", ["452012"]),
        ("Jen Sø", ["jen", "so"]),
        ("  ", []),
        ("%_'\"", []),
        ("\u202eevil", ["evil"]),
    ],
)
def test_what_is_typed_becomes_beginnings_of_terms(typed: str, terms: list[str]) -> None:
    assert asked(typed) == terms


def test_what_is_typed_may_be_of_any_length() -> None:
    assert len(asked("a" * 100_000)) == 1
    assert len(asked("ab cd " * 10_000)) <= 6
