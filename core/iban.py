"""IBANs (ISO 13616) of the bank's own country: made from an account number, checked, and read back."""

from __future__ import annotations

from functools import lru_cache

from schwifty import IBAN
from schwifty.exceptions import (
    InvalidBBANChecksum,
    InvalidChecksumDigits,
    InvalidCountryCode,
    InvalidLength,
    SchwiftyException,
)

from core.errors import Refusal

_TEXT_LENGTH_MAX = 64


def make_iban(country: str, bank_code: str, number: int) -> str:
    """A valid IBAN for that account number, with the country's own check digits where it has them.

    Raises ValueError when the number does not fit the country's format.
    """
    try:
        return str(IBAN.generate(country, bank_code=bank_code, account_code=str(number)))
    except SchwiftyException as problem:
        raise ValueError(str(problem)) from problem


@lru_cache(maxsize=4096)
def is_iban(text: str) -> bool:
    """Whether the text is a valid IBAN in its electronic form: country's format and mod 97 (ISO 7064)."""
    try:
        return str(IBAN(text)) == text
    except SchwiftyException:
        return False


def read_iban(text: str) -> str | Refusal:
    """What a person typed or pasted, in electronic form; or which part of it is wrong.

    Codes: `iban_missing`, `iban_characters` (of which `character` is the first that does not belong), `iban_country`,
    `iban_length` (`typed` of `expected` characters), `iban_structure`, `iban_check_digits`, `iban_account_digits`.
    """
    compact = "".join(text[:_TEXT_LENGTH_MAX].split()).upper()
    if not compact:
        return Refusal("iban_missing", "iban")
    stranger = next((each for each in compact if not (each.isascii() and each.isalnum())), None)
    if stranger is not None:
        return Refusal("iban_characters", "iban", {"character": stranger})
    try:
        return str(IBAN(compact, validate_bban=True))
    except InvalidCountryCode:
        return Refusal("iban_country", "iban", {"country": compact[:2]})
    except InvalidLength:
        expected = int(IBAN(compact, allow_invalid=True).spec.iban_length)
        return Refusal("iban_length", "iban", {"typed": len(compact), "expected": expected, "country": compact[:2]})
    except InvalidChecksumDigits:
        return Refusal("iban_check_digits", "iban", {"digits": compact[2:4]})
    except InvalidBBANChecksum:
        return Refusal("iban_account_digits", "iban")
    except SchwiftyException:
        return Refusal("iban_structure", "iban", {"country": compact[:2]})


@lru_cache(maxsize=4096)
def bank_of(iban: str) -> tuple[str, str] | None:
    """Country and bank code inside a valid IBAN; None where it is none or names no bank."""
    try:
        parsed = IBAN(iban)
    except SchwiftyException:
        return None
    return (str(parsed.country_code), str(parsed.bank_code)) if parsed.bank_code else None


def account_number(iban: str, country: str, bank_code: str) -> int | None:
    """The account number inside an IBAN of that bank, or None if it belongs elsewhere."""
    try:
        parsed = IBAN(iban)
    except SchwiftyException:
        return None
    if parsed.country_code != country or parsed.bank_code != bank_code:
        return None
    return int(parsed.account_code) if parsed.account_code.isdecimal() else None


def grouped(iban: str) -> str:
    """The IBAN in its paper form, in groups of four."""
    return " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))
