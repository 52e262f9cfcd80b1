"""Money as integers in minor units with an ISO 4217 currency, one formatter and one strict parser (Babel's data)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.numbers import (
    format_decimal,
    get_currency_precision,
    get_currency_symbol,
    get_decimal_symbol,
    get_group_symbol,
    list_currencies,
)

from core.errors import Refusal

AMOUNT_MINOR_MAX = 10**12
"""The largest amount that one operation may carry, in minor units."""

MINUS = "\u2212"
_SPACES = "\u00a0\u202f\u2009 "
_APOSTROPHES = "\u2019'"
"""Switzerland groups by the first, and keyboards have the second."""
_TEXT_LENGTH_MAX = 40


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units (`minor`) of an ISO 4217 `currency`. Adding across currencies is a ValueError."""

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add")


@lru_cache(maxsize=1)
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())


def is_currency(code: str) -> bool:
    """Whether the code is a currency of ISO 4217 that is known here."""
    return code in _currencies()


@lru_cache(maxsize=64)
def decimals(currency: str) -> int:
    """How many decimals the currency is written with (ISO 4217 minor unit): 2 for DKK, 0 for JPY, 3 for KWD."""
    return int(get_currency_precision(currency))


def in_major_units(money: Money) -> Decimal:
    """The amount as an exact decimal in major units."""
    return Decimal(money.minor).scaleb(-decimals(money.currency))


@lru_cache(maxsize=64)
def _pattern(places: int) -> str:
    return "#,##0" + ("." + "0" * places if places else "")


def format_amount(money: Money, locale: str = "en_GB", *, sign: bool = False) -> str:
    """The amount without its currency, grouped, with all decimals and a true minus sign; `sign` adds a plus too."""
    text = format_decimal(abs(in_major_units(money)), format=_pattern(decimals(money.currency)), locale=_locale(locale))
    if money.minor < 0:
        return MINUS + text
    return "+" + text if sign and money.minor > 0 else text


def format_money(money: Money, locale: str = "en_GB") -> str:
    """The amount, a no-break space, and the currency's symbol in that locale: `3.250,00 kr.`, `3,250.00 DKK`."""
    return f"{format_amount(money, locale)}\u00a0{get_currency_symbol(money.currency, locale=_locale(locale))}"


@lru_cache(maxsize=32)
def _locale(name: str) -> Locale:
    return Locale.parse(name)


def parse_amount(text: str, currency: str, locale: str = "en_GB") -> Money | Refusal:
    """What a person typed, read strictly: optional grouping in its proper places, at most the currency's decimals.

    A lone separator of the other kind is not guessed at: `1.234` in a locale that groups by dots is one thousand two
    hundred and thirty-four, `1.23` is refused there. Codes: `amount_missing`, `amount_malformed`,
    `amount_too_many_decimals`, `amount_not_positive`, `amount_too_large`, `currency_unknown`.
    """
    if not is_currency(currency):
        return Refusal("currency_unknown", "currency", {"currency": currency})
    cleaned = unicodedata.normalize("NFKC", text[: _TEXT_LENGTH_MAX + 1]).strip(_SPACES)
    if not cleaned:
        return Refusal("amount_missing", "amount")
    chosen = _locale(locale)
    if len(cleaned) > _TEXT_LENGTH_MAX or not cleaned.replace(get_group_symbol(chosen), "").isascii():
        return Refusal("amount_malformed", "amount")
    if cleaned.startswith("-"):
        return Refusal("amount_not_positive", "amount")
    return _read_digits(cleaned, currency, chosen)


def _read_digits(text: str, currency: str, locale: Locale) -> Money | Refusal:
    point, group = get_decimal_symbol(locale), get_group_symbol(locale)
    between = next((among for among in (_SPACES, _APOSTROPHES) if group in among), group)
    shape = rf"(\d{{1,3}}(?:[{re.escape(between)}]\d{{3}})+|\d+)(?:{re.escape(point)}(\d*))?"
    found = re.fullmatch(shape, text, re.ASCII)
    if found is None:
        return Refusal("amount_malformed", "amount", {"example": f"1{group}234{point}50"})
    whole, fraction = re.sub(r"\D", "", found[1]), found[2] or ""
    places = decimals(currency)
    if len(fraction) > places:
        return Refusal("amount_too_many_decimals", "amount", {"decimals": places})
    minor = int(whole + fraction.ljust(places, "0"))
    if minor == 0:
        return Refusal("amount_not_positive", "amount")
    if minor > AMOUNT_MINOR_MAX:
        return Refusal("amount_too_large", "amount", {"most": AMOUNT_MINOR_MAX})
    return Money(minor, currency)
