"""Sheets of paper: texts and hairlines at places measured from the top left corner in points, and the PDF of them."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

from reportlab.pdfgen.canvas import Canvas

from core.documents.embedding import EmbeddedFace
from core.documents.typefaces import Face, Weight
from core.documents.typesetting import BOX_ADVANCE, Glyph, GlyphRun, MissingBox, SetText, Typesetter

BLACK = 0.0
QUIET = 0.36
"""A grey of 7:1 on white, for what stands behind the figures; it holds on a black-and-white printer."""

HAIRLINE = 0.4
_HEX_SIZE = 300


@dataclass(frozen=True, slots=True)
class RenderedDocument:
    """A finished document: its PDF, how many pages, and the characters that no typeface had (`U+1F600`)."""

    pdf: bytes
    pages: int
    missing_glyphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Text:
    x: float
    y: float
    text: SetText
    size: float
    grey: float


@dataclass(frozen=True, slots=True)
class _Rule:
    left: float
    right: float
    y: float
    thickness: float
    grey: float


@dataclass(slots=True)
class Sheet:
    """One page; `y` grows downwards, a text's `y` is its baseline."""

    width: float
    height: float
    marks: list[_Text | _Rule] = field(default_factory=list)

    def left(self, x: float, y: float, text: SetText, size: float, grey: float = BLACK) -> None:
        """A text that starts at `x`."""
        self.marks.append(_Text(x, y, text, size, grey))

    def right(self, x: float, y: float, text: SetText, size: float, grey: float = BLACK) -> None:
        """A text that ends at `x`."""
        self.marks.append(_Text(x - text.width_at(size), y, text, size, grey))

    def centre(self, x: float, y: float, text: SetText, size: float, grey: float = BLACK) -> None:
        """A text around `x`."""
        self.marks.append(_Text(x - text.width_at(size) / 2, y, text, size, grey))

    def rule(self, left: float, right: float, y: float, thickness: float = HAIRLINE, grey: float = BLACK) -> None:
        """A horizontal hairline."""
        self.marks.append(_Rule(left, right, y, thickness, grey))


@dataclass(frozen=True, slots=True)
class Imprint:
    """What the PDF says of itself: `language` is a BCP 47 tag, `made_at` an instant."""

    title: str
    author: str
    subject: str
    language: str
    made_at: str


def write_pdf(sheets: list[Sheet], typesetter: Typesetter, imprint: Imprint) -> bytes:
    """The PDF of these sheets: the same bytes for the same sheets."""
    stream = io.BytesIO()
    size = (sheets[0].width, sheets[0].height)
    language = imprint.language
    canvas = _BareCanvas(stream, pagesize=size, invariant=1, pageCompression=1, lang=language, pdfVersion=(1, 7))
    canvas.setTitle(_plain(imprint.title))
    canvas.setAuthor(_plain(imprint.author))
    canvas.setSubject(_plain(imprint.subject))
    digits = "".join(filter(str.isdigit, imprint.made_at))[:14]
    # The date that the document was made, rather than the one that reportlab writes so that bytes stay the same.
    canvas.setDateFormatter(lambda *_: f"D:{digits}Z")
    canvas.setCreator("Counterfoil")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    pen = _Pen(canvas, typesetter)
    for sheet in sheets:
        canvas.setPageSize((sheet.width, sheet.height))
        for mark in sheet.marks:
            pen.draw(mark, sheet.height)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


class _BareCanvas(Canvas):
    """reportlab begins each page in Helvetica, which it does not embed; here every text names its own typeface."""

    def _make_preamble(self) -> None:
        self._preamble = ""


class _Pen:
    """Draws marks on a canvas."""

    def __init__(self, canvas: Canvas, typesetter: Typesetter) -> None:
        self._canvas = canvas
        self._typesetter = typesetter
        self._faces: dict[Face, EmbeddedFace] = {}

    def draw(self, mark: _Text | _Rule, height: float) -> None:
        if isinstance(mark, _Rule):
            y = _number(height - mark.y)
            line = f"{_number(mark.left)} {y} m {_number(mark.right)} {y} l S"
            self._canvas.addLiteral(f"q {_number(mark.grey)} G {_number(mark.thickness)} w {line} Q")
            return
        self._text(mark.text, mark.x, height - mark.y, mark.size, mark.grey)

    def _text(self, text: SetText, x: float, y: float, size: float, grey: float) -> None:
        for piece in text.pieces:
            at = x + piece.x * size / 1000
            if isinstance(piece, MissingBox):
                self._box(piece, at, y, size, grey)
            else:
                self._glyphs(piece, at, y, size, grey)

    def _glyphs(self, run: GlyphRun, x: float, y: float, size: float, grey: float) -> None:
        face = self._embedded(run.face)
        begin = f"BT {_number(grey)} g /{face.resource} {_number(size)} Tf 1 0 0 1 {_number(x)} {_number(y)} Tm"
        self._canvas.addLiteral(f"{begin} {_show(face, run.glyphs, size)} ET")

    def _embedded(self, face: Face) -> EmbeddedFace:
        embedded = self._faces.get(face)
        if embedded is None:
            embedded = self._faces[face] = EmbeddedFace(f"G{len(self._faces) + 1}", face)
            # The document asks each delayed font for its objects when it is written; the canvas has no door to it.
            document: Any = vars(self._canvas)["_doc"]
            document.delayedFonts.append(embedded)
        return embedded

    def _box(self, box: MissingBox, x: float, y: float, size: float, grey: float) -> None:
        """An outline with the character's number in it; copied as text it is the character itself, where it may be."""
        number = f"{ord(box.character):04X}"
        number = number if len(number) == 4 else number.zfill(6)
        half = len(number) // 2
        em = size / 1000
        sides = (x + 60 * em, y - 60 * em, (BOX_ADVANCE - 120) * em, 780 * em)
        edge = f"{' '.join(map(_number, sides))} re S"
        actual = box.character if box.character.isprintable() else "\ufffd"
        spoken = (b"\xfe\xff" + actual.encode("utf-16-be")).hex().upper()
        self._canvas.addLiteral(
            f"/Span << /ActualText <{spoken}> >> BDC q {_number(grey)} G {_number(45 * em)} w {edge} Q"
        )
        for row, digits in enumerate((number[:half], number[half:])):
            line = self._typesetter.line(digits, Weight.MEDIUM)
            small = size * _HEX_SIZE / 1000 * (0.8 if half > 2 else 1)
            left = x + BOX_ADVANCE * em / 2 - line.width_at(small) / 2
            self._text(line, left, y + (380 - 350 * row) * em, small, grey)
        self._canvas.addLiteral("EMC")


def _show(face: EmbeddedFace, glyphs: tuple[Glyph, ...], size: float) -> str:
    """The operators that show a run: kerning by TJ, marks above and below by a rise."""
    operators: list[str] = []
    shown: list[str] = []
    rise = 0.0
    pending = 0.0
    for glyph in glyphs:
        if glyph.y != rise:
            if shown:
                operators.append(f"[{''.join(shown)}] TJ")
                shown = []
            operators.append(f"{_number(glyph.y * size / 1000)} Ts")
            rise = glyph.y
        before = pending + glyph.x
        if abs(before) > 0.01:
            shown.append(_number(-before))
        shown.append(f"<{face.code(glyph)}>")
        pending = glyph.advance - glyph.x - face.natural_advance(glyph.number)
    operators.append(f"[{''.join(shown)}] TJ")
    if rise:
        operators.append("0 Ts")
    return " ".join(operators).replace("><", "")


def _plain(text: str) -> str:
    """A text for the document's properties, without what is not a character."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _number(value: float) -> str:
    """A number as PDF writes it: no exponent, no more than three decimals."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text
