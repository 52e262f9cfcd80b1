"""From any text to placed glyphs: cleaned, given a typeface for each character, ordered, shaped and wrapped.

Nothing is dropped: what no typeface has, and what would mislead (control characters, overrides of direction), becomes
a box that names its Unicode number, on the paper and in `missing`.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import uharfbuzz

from core.documents.bidirectional import Run, embedding_levels, visual_runs
from core.documents.typefaces import Face, Typefaces, Weight, load_faces

BOX = "\ufffc"
BOX_ADVANCE = 860
TEXT_LENGTH_MAX = 300
"""Characters of one text that are printed; the rest of a longer one is announced by an ellipsis in brackets."""

_CUT = " [\u2026]"
# Marks on one letter beyond its composed form: more would climb into the line above. Hebrew and Arabic need more.
_MARKS_MAX_FIRST_FACE = 1
_MARKS_MAX = 3
_BLANKS = frozenset("\t\n\v\f\r\x85\u2028\u2029")
_INVISIBLE = frozenset("\u00ad\u034f\u061c\u200b\u200c\u200d\u200e\u200f\u2060\ufeff") | frozenset(
    map(chr, range(0xFE00, 0xFE10))
)
_BREAK_AFTER = frozenset(" -/\u2010\u2013\u00b7,;|_@")
# Figures line up in columns; in a text with letters the same feature would only widen the hyphens.
_FIGURES = {"tnum": True}
_LETTERS = {"tnum": False}
# For a hash or a reference: tell 0 from O and l from I.
_CODE = {"zero": True, "ss02": True}


@dataclass(frozen=True, slots=True)
class Glyph:
    """One glyph and the characters it stands for; lengths in thousandths of an em."""

    number: int
    text: str
    advance: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class GlyphRun:
    """Glyphs of one face, left to right from `x`."""

    face: Face
    x: float
    glyphs: tuple[Glyph, ...]


@dataclass(frozen=True, slots=True)
class MissingBox:
    """A box in place of a character that is not drawn."""

    x: float
    character: str


@dataclass(frozen=True, slots=True)
class SetText:
    """One line, ready to draw; `width` in thousandths of an em."""

    pieces: tuple[GlyphRun | MissingBox, ...]
    width: float

    def width_at(self, size: float) -> float:
        """The width in points at a size in points."""
        return self.width * size / 1000


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A cleaned text: for each character its face (None is a box), its level, and what it was before."""

    text: str
    was: str
    faces: tuple[Face | None, ...]
    levels: list[int]


def unicode_number(character: str) -> str:
    """`U+1F600`."""
    return f"U+{ord(character):04X}"


class Typesetter:
    """Sets texts in one family of typefaces and remembers which characters it could not set."""

    def __init__(self, typefaces: Typefaces) -> None:
        self._faces = {weight: load_faces(typefaces.of(weight)) for weight in Weight}
        self._missing: dict[str, None] = {}
        self._prepared: dict[tuple[str, Weight], _Prepared] = {}
        self._lines: dict[tuple[str, Weight, bool, int, int], SetText] = {}

    @property
    def missing(self) -> tuple[str, ...]:
        """The characters shown as boxes so far, in the order met."""
        return tuple(self._missing)

    def line(self, text: str, weight: Weight = Weight.REGULAR, *, code: bool = False) -> SetText:
        """The whole text on one line; `code` tells 0 from O and l from I, for hashes and references."""
        prepared = self._prepare(text, weight)
        return self._set(prepared, weight, 0, len(prepared.text), code=code)

    def wrap(
        self, text: str, width: float, size: float, weight: Weight = Weight.REGULAR, *, code: bool = False
    ) -> list[SetText]:
        """The text on as many lines of at most `width` points as it takes; none for an empty text."""
        prepared = self._prepare(text, weight)
        room = width * 1000 / size
        if not prepared.text:
            return []
        whole = self._set(prepared, weight, 0, len(prepared.text), code=code)
        if whole.width <= room:
            return [whole]
        spans = self._broken(prepared, weight, room, code=code)
        return [self._set(prepared, weight, start, end, code=code) for start, end in spans]

    def _prepare(self, text: str, weight: Weight) -> _Prepared:
        key = (text, weight)
        prepared = self._prepared.get(key)
        if prepared is None:
            prepared = self._prepared[key] = self._clean(text, weight)
        return prepared

    def _clean(self, text: str, weight: Weight) -> _Prepared:
        if len(text) > TEXT_LENGTH_MAX:
            text = text[:TEXT_LENGTH_MAX] + _CUT
        was = "".join(" " if character in _BLANKS else character for character in unicodedata.normalize("NFC", text))
        was = " ".join(part for part in was.split(" ") if part)
        faces = self._choose_faces(was, weight)
        shown = "".join(c if face is not None else BOX for c, face in zip(was, faces, strict=True))
        for character, face in zip(was, faces, strict=True):
            if face is None:
                self._missing[character] = None
        return _Prepared(shown, was, faces, embedding_levels(shown))

    def _choose_faces(self, text: str, weight: Weight) -> tuple[Face | None, ...]:
        faces = self._faces[weight]
        if text.isascii() and text.isprintable():
            return (faces[0],) * len(text)
        chosen: list[Face | None] = []
        marks = 0
        for character in text:
            before = chosen[-1] if chosen else faces[0]
            category = unicodedata.category(character)
            marks = marks + 1 if category.startswith("M") else 0
            if character in _INVISIBLE:
                chosen.append(before or faces[0])
            elif category[0] == "C" or marks > (_MARKS_MAX_FIRST_FACE if before is faces[0] else _MARKS_MAX):
                chosen.append(None)
            elif (marks or character == " ") and before is not None and before.has(character):
                chosen.append(before)
            else:
                chosen.append(next((face for face in faces if face.has(character)), None))
        return tuple(chosen)

    def _set(self, prepared: _Prepared, weight: Weight, start: int, end: int, *, code: bool) -> SetText:
        while end > start and prepared.text[end - 1] == " ":
            end -= 1
        key = (prepared.was, weight, code, start, end)
        line = self._lines.get(key)
        if line is None:
            features = _CODE if code else _LETTERS if any(map(str.isalpha, prepared.text)) else _FIGURES
            line = self._lines[key] = _shape_line(prepared, start, end, features)
        return line

    def _broken(self, prepared: _Prepared, weight: Weight, room: float, *, code: bool) -> list[tuple[int, int]]:
        """Where each line starts and ends: at a break where there is one, else wherever the line is full."""
        lines: list[tuple[int, int]] = []
        start = 0
        end = 0
        for word_end in _break_places(prepared.text):
            if self._set(prepared, weight, start, word_end, code=code).width <= room:
                end = word_end
                continue
            if end > start:
                lines.append((start, end))
                start = end
            while self._set(prepared, weight, start, word_end, code=code).width > room:
                cut = self._longest_that_fits(prepared, weight, start, word_end, room, code=code)
                lines.append((start, cut))
                start = cut
            end = word_end
        if end > start:
            lines.append((start, end))
        return lines

    def _longest_that_fits(
        self, prepared: _Prepared, weight: Weight, start: int, end: int, room: float, *, code: bool
    ) -> int:
        """How far a line reaches that can't be broken at a word; at least one letter with its marks."""
        fitting = first = _letter_end(prepared.text, start)
        while fitting < end:
            further = _letter_end(prepared.text, fitting)
            if self._set(prepared, weight, start, further, code=code).width > room:
                break
            fitting = further
        return max(first, fitting)


def _break_places(text: str) -> list[int]:
    places = [index + 1 for index, character in enumerate(text) if character in _BREAK_AFTER and index + 1 < len(text)]
    return [*places, len(text)]


def _letter_end(text: str, start: int) -> int:
    end = start + 1
    while end < len(text) and (unicodedata.category(text[end])[0] == "M" or text[end] in _INVISIBLE):
        end += 1
    return end


def _shape_line(prepared: _Prepared, start: int, end: int, features: dict[str, bool]) -> SetText:
    pieces: list[GlyphRun | MissingBox] = []
    x = 0.0
    for run in visual_runs(prepared.text, prepared.levels, start, end):
        for face, first, last in _same_face(prepared, run):
            if face is None:
                pieces.append(MissingBox(x, prepared.was[first]))
                x += BOX_ADVANCE
                continue
            glyphs = _shape(face, prepared.text[first:last], run.level, features)
            pieces.append(GlyphRun(face, x, glyphs))
            x += sum(glyph.advance for glyph in glyphs)
    return SetText(tuple(pieces), x)


def _same_face(prepared: _Prepared, run: Run) -> list[tuple[Face | None, int, int]]:
    """The stretches of one face within a run, left to right; each box stands alone."""
    stretches: list[tuple[Face | None, int, int]] = []
    for index in range(run.start, run.end):
        face = prepared.faces[index]
        if stretches and face is not None and stretches[-1][0] is face:
            stretches[-1] = (face, stretches[-1][1], index + 1)
        else:
            stretches.append((face, index, index + 1))
    return stretches[::-1] if run.level % 2 else stretches


def _shape(face: Face, text: str, level: int, features: dict[str, bool]) -> tuple[Glyph, ...]:
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if level % 2 else "ltr"
    uharfbuzz.shape(face.font, buffer, features)
    infos = buffer.glyph_infos
    positions = buffer.glyph_positions or []
    starts = sorted({info.cluster for info in infos})
    ends = dict(zip(starts, [*starts[1:], len(text)], strict=True))
    glyphs: list[Glyph] = []
    spoken: set[int] = set()
    for info, position in zip(infos, positions, strict=True):
        covered = "" if info.cluster in spoken else text[info.cluster : ends[info.cluster]]
        spoken.add(info.cluster)
        x, y = face.thousandths(position.x_offset), face.thousandths(position.y_offset)
        glyphs.append(Glyph(info.codepoint, covered, face.thousandths(position.x_advance), x, y))
    return tuple(glyphs)
