"""Typefaces inside a PDF: only the glyphs in use, each with the characters it stands for, so that text can be found.

reportlab's own TrueType support draws characters rather than glyphs, and can't say which letters a ligature stands
for; a composite font with a code for each pair of glyph and text can (ISO 32000-1, 9.7).
"""

from __future__ import annotations

import hashlib
import struct
from typing import Any

import uharfbuzz
from reportlab.pdfbase import pdfdoc

from core.documents.typefaces import Face
from core.documents.typesetting import Glyph

_SYMBOLIC = 4
_LINES_MAX = 100
# What a viewer has no use for: the glyphs are already shaped.
_DROPPED = (b"GDEF", b"GPOS", b"GSUB", b"name", b"post", b"OS/2", b"cmap")


class EmbeddedFace:
    """One face as one document uses it. reportlab calls `addObjects` when it writes the document, a `PDFDocument`."""

    def __init__(self, resource: str, face: Face) -> None:
        self.resource = resource
        self.face = face
        self._codes: dict[tuple[int, str], int] = {}

    def code(self, glyph: Glyph) -> str:
        """The four hexadecimal digits that draw this glyph."""
        return f"{self._codes.setdefault((glyph.number, glyph.text), len(self._codes) + 1):04X}"

    def natural_advance(self, number: int) -> float:
        """How far the glyph moves on by itself, in thousandths of an em."""
        return self.face.thousandths(self.face.font.get_glyph_h_advance(number))

    def addObjects(self, document: Any) -> None:  # noqa: N802 - reportlab's name
        """Add the font's objects to the document."""
        program, places = self._subset()
        name = f"{_tag(program)}+{self.face.name}"
        font = pdfdoc.PDFDictionary(
            {
                "Type": pdfdoc.PDFName("Font"),
                "Subtype": pdfdoc.PDFName("Type0"),
                "BaseFont": pdfdoc.PDFName(name),
                "Encoding": pdfdoc.PDFName("Identity-H"),
                "DescendantFonts": pdfdoc.PDFArray([self._descendant(document, name, program, places)]),
                "ToUnicode": _stream(document, self._text_map(), f"text:{name}"),
            }
        )
        document.idToObject["BasicFonts"].dict[self.resource] = document.Reference(font, f"font:{name}")

    def _subset(self) -> tuple[bytes, dict[int, int]]:
        wanted = uharfbuzz.SubsetInput()
        wanted.glyph_set.set(sorted({number for number, _ in self._codes}))
        wanted.drop_table_tag_set.set({int.from_bytes(tag, "big") for tag in _DROPPED})
        wanted.flags = uharfbuzz.SubsetFlags.NOTDEF_OUTLINE | uharfbuzz.SubsetFlags.NO_HINTING
        plan = uharfbuzz.SubsetPlan(self.face.face, wanted)
        return bytes(plan.execute().blob.data), dict(plan.old_to_new_glyph_mapping)

    def _descendant(self, document: Any, name: str, program: bytes, places: dict[int, int]) -> Any:
        numbers = [number for number, _ in self._codes]
        glyphs = struct.pack(f">{len(numbers) + 1}H", 0, *(places[number] for number in numbers))
        registry = {
            "Registry": pdfdoc.PDFString("Adobe"),
            "Ordering": pdfdoc.PDFString("Identity"),
            "Supplement": 0,
        }
        widths = pdfdoc.PDFArray([round(self.natural_advance(number), 3) for number in numbers])
        font = pdfdoc.PDFDictionary(
            {
                "Type": pdfdoc.PDFName("Font"),
                "Subtype": pdfdoc.PDFName("CIDFontType2"),
                "BaseFont": pdfdoc.PDFName(name),
                "CIDSystemInfo": pdfdoc.PDFDictionary(registry),
                "FontDescriptor": self._descriptor(document, name, program),
                "W": pdfdoc.PDFArray([1, widths]),
                "CIDToGIDMap": _stream(document, glyphs, f"glyphs:{name}"),
            }
        )
        return document.Reference(font, f"descendant:{name}")

    def _descriptor(self, document: Any, name: str, program: bytes) -> Any:
        face = self.face
        descriptor = pdfdoc.PDFDictionary(
            {
                "Type": pdfdoc.PDFName("FontDescriptor"),
                "FontName": pdfdoc.PDFName(name),
                "Flags": _SYMBOLIC,
                "FontBBox": pdfdoc.PDFArray([round(face.thousandths(edge)) for edge in face.bounds]),
                "ItalicAngle": 0,
                "Ascent": round(face.thousandths(face.ascent)),
                "Descent": round(face.thousandths(face.descent)),
                "CapHeight": round(face.thousandths(face.ascent)),
                "StemV": 80,
                "FontFile2": _stream(document, program, f"program:{name}", Length1=len(program)),
            }
        )
        return document.Reference(descriptor, f"descriptor:{name}")

    def _text_map(self) -> bytes:
        """The ToUnicode map. A glyph without a text belongs to the cluster that the one before it speaks for."""
        entries = [
            f"<{code:04X}> <{text.encode('utf-16-be').hex().upper()}>"
            for (_, text), code in self._codes.items()
            if text
        ]
        lines = [
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
            "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
            "1 begincodespacerange <0000> <FFFF> endcodespacerange",
        ]
        for first in range(0, len(entries), _LINES_MAX):
            part = entries[first : first + _LINES_MAX]
            lines += [f"{len(part)} beginbfchar", *part, "endbfchar"]
        lines.append("endcmap CMapName currentdict /CMap defineresource pop end end")
        return "\n".join(lines).encode("ascii")


def _tag(program: bytes) -> str:
    """Six capitals that differ from one subset to another (ISO 32000-1, 9.6.4)."""
    return "".join(chr(65 + byte % 26) for byte in hashlib.sha256(program).digest()[:6])


def _stream(document: Any, content: bytes, name: str, **entries: int) -> Any:
    stream = pdfdoc.PDFStream(pdfdoc.PDFDictionary(dict(entries)), content, filters=[pdfdoc.PDFZCompress])
    return document.Reference(stream, name)
