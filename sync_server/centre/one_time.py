"""One-time codes that people read aloud and type: enrolling a device, activating a member of staff."""

from __future__ import annotations

from core.canonical import digest
from core.ids import Randomness

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 16


def new_one_time_code(randomness: Randomness) -> str:
    """Sixteen characters that are not mistaken for one another, in groups of four: about 78 bits."""
    characters: list[str] = []
    while len(characters) < _LENGTH:
        value = randomness(1)[0]
        if value < 256 - 256 % len(_ALPHABET):
            characters.append(_ALPHABET[value % len(_ALPHABET)])
    return "-".join("".join(characters[start : start + 4]) for start in range(0, _LENGTH, 4))


def one_time_digest(code: str) -> str:
    """How the centre keeps a code; what was typed in small letters or without dashes is the same code."""
    return digest("".join(code.upper().split()).replace("-", "").encode())
