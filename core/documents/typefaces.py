"""The typefaces that paper is set in: their files, passed in, and what is known of each once it is loaded."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import uharfbuzz

from core.errors import EnvironmentProblem

_TRUETYPE = b"\x00\x01\x00\x00"


class Weight(StrEnum):
    """How heavy a text is set."""

    REGULAR = "regular"
    MEDIUM = "medium"
    SEMIBOLD = "semibold"


@dataclass(frozen=True, slots=True)
class Typefaces:
    """TrueType files by weight, each in order of preference: a character is set in the first face that has it."""

    regular: tuple[Path, ...]
    medium: tuple[Path, ...]
    semibold: tuple[Path, ...]

    def of(self, weight: Weight) -> tuple[Path, ...]:
        """The files for that weight."""
        return {Weight.REGULAR: self.regular, Weight.MEDIUM: self.medium, Weight.SEMIBOLD: self.semibold}[weight]


def typefaces_in(folder: Path) -> Typefaces:
    """Inter with Noto Sans Hebrew and Arabic behind it, all from one folder."""
    regular = tuple(folder / f"NotoSans{script}-Regular.ttf" for script in ("Hebrew", "Arabic"))
    bold = tuple(folder / f"NotoSans{script}-Bold.ttf" for script in ("Hebrew", "Arabic"))
    return Typefaces(
        regular=(folder / "Inter-Regular.ttf", *regular),
        medium=(folder / "Inter-Medium.ttf", *regular),
        semibold=(folder / "Inter-SemiBold.ttf", *bold),
    )


@dataclass(frozen=True, eq=False)
class Face:
    """One loaded typeface. Lengths are in font units; `units` of them make one em. Compared by identity."""

    name: str
    face: uharfbuzz.Face
    font: uharfbuzz.Font
    units: int
    ascent: int
    descent: int
    bounds: tuple[int, int, int, int]
    characters: frozenset[int]

    def has(self, character: str) -> bool:
        """Whether the face draws this character."""
        return ord(character) in self.characters

    def thousandths(self, length: float) -> float:
        """A length in font units as thousandths of an em."""
        return length * 1000 / self.units


def load_faces(paths: tuple[Path, ...]) -> tuple[Face, ...]:
    """The faces in these files; each file is read once in a process.

    Raises `EnvironmentProblem` (`typeface_missing`, `typeface_unreadable`) when the program's files are damaged.
    """
    return tuple(_load(path) for path in paths)


@lru_cache(maxsize=32)
def _load(path: Path) -> Face:
    try:
        data = path.read_bytes()
    except OSError as problem:
        message = f"The typeface {path.name} can't be read, so nothing can be printed. Install Counterfoil again."
        raise EnvironmentProblem(message, code="typeface_missing") from problem
    face = uharfbuzz.Face(data)
    if data[:4] != _TRUETYPE or "glyf" not in face.table_tags:
        message = f"The typeface {path.name} isn't a TrueType file, which paper needs. Install Counterfoil again."
        raise EnvironmentProblem(message, code="typeface_unreadable")
    font = uharfbuzz.Font(face)
    extents = font.get_font_extents("ltr")
    return Face(
        name=path.stem,
        face=face,
        font=font,
        units=face.upem,
        ascent=extents.ascender,
        descent=extents.descender,
        bounds=struct.unpack_from(">4h", face.reference_table("head").data, 36),
        characters=frozenset(face.unicodes),
    )
