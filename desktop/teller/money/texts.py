"""Free text as a person types or pastes it: how long, and without what nobody can see."""

from __future__ import annotations

import unicodedata

from core.errors import Refusal

TEXT_LENGTH_MAX = 140
"""The longest narrative, name, address or remittance text (ISO 20022 Max140Text)."""

TYPED_LENGTH_MAX = 2000
"""What a field takes before it cuts off: far more than is allowed, so that a long paste is refused, not cut."""

_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSEEN = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})


def check_text(text: str, field: str) -> Refusal | None:
    """Why the text may not stand in a record.

    Names and words of right-to-left scripts are text like any other; the marks that turn the reading order round, with
    which one account number could be made to look like another, are not. Codes: `text_too_long`,
    `text_control_characters`, `text_direction_marks`.
    """
    if any(character in _DIRECTION_MARKS for character in text):
        return Refusal("text_direction_marks", field)
    if any(unicodedata.category(character) in _UNSEEN for character in text):
        return Refusal("text_control_characters", field)
    if len(text) > TEXT_LENGTH_MAX:
        return Refusal("text_too_long", field, {"most": TEXT_LENGTH_MAX, "typed": len(text)})
    return None


def isolated(text: str) -> str:
    """A name for the midst of a line, set apart (Unicode FSI and PDI) so that its direction turns nothing beside it."""
    return f"\u2068{text}\u2069" if text else ""
