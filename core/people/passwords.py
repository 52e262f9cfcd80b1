"""Which passwords may be chosen, and the Argon2id hash that the centre keeps of one.

Length is what counts (NIST SP 800-63B, 5.1.1): no rules about capitals and digits, only a few that catch what
anybody would try first.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from argon2 import Parameters, PasswordHasher, Type, extract_parameters, profiles
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from core.errors import IntegrityFault, Refusal
from core.ids import Randomness
from core.people.stretching import prepared

LENGTH_MIN = 12
LENGTH_MAX = 128
DEFAULT_COST = profiles.RFC_9106_LOW_MEMORY
CHEAPEST_COST = profiles.CHEAPEST
"""For tests and the demo's throw-away people only."""

_DISTINCT_MIN = 5
_NAME_PART_MIN = 4


def password_refusal(password: str, *, code: str, name: str) -> Refusal | None:
    """Why this person (by staff code and name) may not choose this password, or None.

    Codes: `password_too_short`, `password_too_long`, `password_not_typable`, `password_too_simple`,
    `password_names_person`. Lengths are counted in characters after NFKC.
    """
    if len(password) > LENGTH_MAX:
        return _refused("password_too_long", most=LENGTH_MAX)
    text = unicodedata.normalize("NFKC", password)
    if len(text) > LENGTH_MAX:
        return _refused("password_too_long", most=LENGTH_MAX)
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        return _refused("password_not_typable")
    if len(text) < LENGTH_MIN:
        return _refused("password_too_short", least=LENGTH_MIN)
    folded = text.casefold()
    if _is_simple(folded):
        return _refused("password_too_simple")
    if any(part in folded for part in _name_parts(code, name)):
        return _refused("password_names_person")
    return None


def hash_password(password: str, randomness: Randomness, cost: Parameters = DEFAULT_COST) -> str:
    """The PHC text (`$argon2id$…`) to keep at the centre."""
    return PasswordHasher.from_parameters(cost).hash(prepared(password), salt=randomness(cost.salt_len))


def password_matches(password: str, stored: str) -> bool:
    """Whether the password is the one that was hashed.

    Raises `IntegrityFault("password_hash_malformed")` if what is stored is no Argon2id hash.
    """
    _parameters(stored)
    try:
        return PasswordHasher().verify(stored, prepared(password))
    except VerifyMismatchError:
        return False
    except VerificationError as problem:
        raise IntegrityFault("password_hash_malformed") from problem


def needs_rehash(stored: str, cost: Parameters = DEFAULT_COST) -> bool:
    """Whether the hash was made at another cost, so that the next good sign-in should make it again."""
    return _parameters(stored) != cost


def _parameters(stored: str) -> Parameters:
    try:
        found = extract_parameters(stored)
    except (InvalidHashError, ValueError) as problem:
        raise IntegrityFault("password_hash_malformed") from problem
    if found.type is not Type.ID:
        raise IntegrityFault("password_hash_malformed")
    return found


def _refused(refusal: str, **detail: object) -> Refusal:
    return Refusal(refusal, "password", detail)


def _is_simple(text: str) -> bool:
    """Few different characters, one piece over and over, or one run along alphabet or digits."""
    if len(set(text)) < _DISTINCT_MIN:
        return True
    if any(text == (text[:period] * len(text))[: len(text)] for period in range(1, len(text) // 2 + 1)):
        return True
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    # 9 is followed by 0 on a keyboard, and by nothing in Unicode.
    return steps <= {1, -9} or steps <= {-1, 9}


def _name_parts(code: str, name: str) -> list[str]:
    words = [code, *re.split(r"[\W_]+", name), *code.split("-")]
    folded = (unicodedata.normalize("NFKC", word).casefold() for word in words)
    return [word for word in folded if len(word) >= _NAME_PART_MIN]
