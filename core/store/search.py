"""Finding customers as a teller types: words folded so that `soren` finds Søren, by the beginnings of any of them.

A customer has one card (what a list shows) and a term for each word of the name, each telephone number and each IBAN.
Terms are kept in order, so a page of hits is one range, however many customers there are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import MsgspecError
from sqlalchemy import Connection

from core.records import read_record

NAME_FIELDS = ("given_name", "family_name")
_TERM_LENGTH_MAX = 64
_DOTLESS_I = "\N{LATIN SMALL LETTER DOTLESS I}"
_PLAIN = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", _DOTLESS_I: "i"}
)
_SPELLED = str.maketrans({"ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "ü": "ue"})
_WORD = re.compile(r"[^\W_]+")
_IBAN_START = re.compile(r"[a-z]{2}\d{1,2}[a-z0-9]*")


def fold(text: str) -> str:
    """Lower case without diacritics: `Søren Åberg` becomes `soren aberg`."""
    lower = unicodedata.normalize("NFC", text).casefold().translate(_PLAIN)
    parts = unicodedata.normalize("NFKD", lower)
    return "".join(part for part in parts if not unicodedata.combining(part)).translate(_PLAIN)


def words_of(text: str) -> list[str]:
    """The folded words of a text."""
    return [word[:_TERM_LENGTH_MAX] for word in _WORD.findall(fold(text))]


def name_terms(*names: str) -> set[str]:
    """Every word of the names, folded; also as it is spelled where a keyboard lacks the letter (`aase` for Åse)."""
    terms: set[str] = set()
    for name in names:
        terms.update(words_of(name))
        terms.update(words_of(unicodedata.normalize("NFC", name).casefold().translate(_SPELLED)))
    return terms


def telephone_terms(telephone: str) -> set[str]:
    """The digits of the number; where it begins with a country's code set apart, also without that."""
    digits = re.sub(r"\D", "", telephone)
    terms = {digits}
    apart = re.match(r"\s*(?:\+|00)\d{1,3}[\s-]+(.*)", telephone)
    if apart:
        terms.add(re.sub(r"\D", "", apart[1]))
    return {term[:_TERM_LENGTH_MAX] for term in terms if len(term) >= 3}


def iban_terms(iban: str) -> set[str]:
    """The IBAN, and what follows its country and check digits."""
    text = iban.casefold()
    return {text, text[4:]} if len(text) > 8 else set()


def asked(text: str) -> list[str]:
    """What was typed, as the beginnings of terms to look for: an IBAN or number as one, else word by word."""
    close = re.sub(r"[\s+().-]", "", fold(text[:200]))
    if close and (close.isdigit() or _IBAN_START.fullmatch(close)):
        return [close.removeprefix("00")[:_TERM_LENGTH_MAX]]
    return sorted(set(words_of(text[:200])), key=len, reverse=True)[:6]


_CURRENT = """
SELECT v.field, r.data FROM profile_values AS v JOIN records AS r ON r.digest = v.record
WHERE v.customer = ? ORDER BY v.stamp, v.operation
"""
_IBANS = "SELECT iban FROM deposit_accounts WHERE customer = ?"
_PUT_CARD = """
INSERT INTO search_cards (customer, name, born_on, city) VALUES (?, ?, ?, ?)
ON CONFLICT (customer) DO UPDATE SET name = excluded.name, born_on = excluded.born_on, city = excluded.city
RETURNING no
"""


def current_profile(rows: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """A customer's fields as they stand, from (field, record) in the order of their stamps."""
    profile: dict[str, str] = {}
    for field, data in rows:
        try:
            value = read_record(data).get(field)
        except MsgspecError:
            continue
        if value is not None:
            profile[field] = value
    return profile


def display_name(profile: Mapping[str, str]) -> str:
    """Given and family name with a space between."""
    return " ".join(profile[field] for field in NAME_FIELDS if profile.get(field))


def write_card(cursor: Any, customer: str) -> None:
    """Make the customer's card and terms anew from what the file holds of them."""
    profile = current_profile(cursor.execute(_CURRENT, (customer,)).fetchall())
    terms = name_terms(*(profile.get(field, "") for field in NAME_FIELDS))
    terms |= telephone_terms(profile.get("telephone", ""))
    for (iban,) in cursor.execute(_IBANS, (customer,)).fetchall():
        terms |= iban_terms(iban)
    card = (customer, display_name(profile), profile.get("born_on", ""), profile.get("city", ""))
    (no,) = cursor.execute(_PUT_CARD, card).fetchone()
    before = {term for (term,) in cursor.execute("SELECT term FROM search_terms WHERE card = ?", (no,)).fetchall()}
    cursor.executemany(
        "DELETE FROM search_terms WHERE term = ? AND card = ?", [(term, no) for term in sorted(before - terms)]
    )
    cursor.executemany(
        "INSERT INTO search_terms (term, card) VALUES (?, ?)", [(term, no) for term in sorted(terms - before)]
    )


def cards_of_all(connection: Connection) -> None:
    """A card for every customer in the file: for a file that had none."""
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    write_every_card(driver.cursor())


def write_every_card(cursor: Any) -> None:
    """Make every customer's card and terms."""
    for (customer,) in cursor.execute("SELECT id FROM customers ORDER BY id").fetchall():
        write_card(cursor, customer)
