"""IBANs (ISO 13616) of the bank's own country: made from an account number, checked, and read back."""

from __future__ import annotations

from functools import lru_cache

from schwifty import IBAN
from schwifty.exceptions import SchwiftyException


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
