"""Makes the typefaces in `fonts/` from Inter's variable font and Noto's static ones, the same bytes every time.

    python -m resources.build_fonts --inter InterVariable.woff2 --noto DIR

Needs fonttools and brotli. Inter comes from npm's `inter-ui` (4.1.1), Noto Sans Hebrew and Arabic from Debian's
`fonts-noto-core`. They are static TrueType, because PDF writers take neither variable nor CFF fonts.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables.otBase import USE_HARFBUZZ_REPACKER
from fontTools.varLib.instancer import instantiateVariableFont

WEIGHTS = {"Regular": 400, "Medium": 500, "SemiBold": 600, "Bold": 700}

# No `calt`: it draws "->" as an arrow and the x of "2x3" as a multiplication sign; a bank shows what was typed.
INTER_FEATURES = ["ccmp", "kern", "locl", "mark", "mkmk", "case", "tnum", "pnum", "zero", "frac", "ss02"]

INTER_RANGES = (
    (0x20, 0x7E), (0xA0, 0x24F), (0x259, 0x259), (0x2B0, 0x2DD), (0x300, 0x345), (0x370, 0x3FF), (0x400, 0x52F),
    (0x1E00, 0x1EFF), (0x1F00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x208E), (0x20A0, 0x20BF), (0x2100, 0x214F),
    (0x2150, 0x215E), (0x2190, 0x2199), (0x2200, 0x2265), (0x25A0, 0x25CF), (0x2713, 0x2717), (0xFB00, 0xFB06),
    (0xFFFD, 0xFFFD),
)  # fmt: skip
NOTO_RANGES = {
    "Hebrew": ((0x20, 0x20), (0xA0, 0xA0), (0x590, 0x5FF), (0x200C, 0x200F), (0x20AA, 0x20AA), (0x25CC, 0x25CC),
               (0xFB1D, 0xFB4F)),
    "Arabic": ((0x20, 0x20), (0xA0, 0xA0), (0x600, 0x6FF), (0x750, 0x77F), (0x8A0, 0x8FF), (0x200C, 0x200F),
               (0x25CC, 0x25CC), (0xFB50, 0xFDFF), (0xFE70, 0xFEFF)),
}  # fmt: skip

# Figures and signs that must line up in a column of amounts. Space, comma and point keep their own narrow widths:
# they stand at the same place in every row anyway.
TABULAR = "0123456789+\N{MINUS SIGN}"


def build_inter(source: Path, style: str, into: Path) -> Path:
    """One static instance, its default figures tabular so that a PDF, which applies no features, has them too."""
    font = _open(source)
    font = instantiateVariableFont(font, {"opsz": 14, "wght": WEIGHTS[style]}, inplace=True)
    _make_figures_tabular(font)
    _subset(font, INTER_RANGES, INTER_FEATURES)
    _name(font, "Inter", style)
    font.flavor = None  # the source may be WOFF2, which PDF writers do not read
    target = into / f"Inter-{style}.ttf"
    font.save(target, reorderTables=True)
    return target


def build_noto(source_folder: Path, script: str, style: str, into: Path) -> Path:
    """The letters of one script, with all that shaping needs."""
    name = f"NotoSans{script}-{style}.ttf"
    font = _open(source_folder / name)
    _subset(font, NOTO_RANGES[script], ["*"])
    font.save(into / name, reorderTables=True)
    return into / name


def _open(source: Path) -> TTFont:
    """The font, to be written without a time stamp and by fontTools alone, whatever else is installed."""
    font = TTFont(source, recalcTimestamp=False)
    font.cfg[USE_HARFBUZZ_REPACKER] = False
    return font


def _make_figures_tabular(font: TTFont) -> None:
    gsub: Any = font["GSUB"]
    features = gsub.table.FeatureList.FeatureRecord
    lookup = next(f.Feature.LookupListIndex[0] for f in features if f.FeatureTag == "tnum")
    subtable = gsub.table.LookupList.Lookup[lookup].SubTable[0]
    mapping = getattr(subtable, "ExtSubTable", subtable).mapping
    cmap: Any = font["cmap"]
    for table in cmap.tables:
        for character in TABULAR:
            glyph = table.cmap.get(ord(character))
            if glyph in mapping:
                table.cmap[ord(character)] = mapping[glyph]


def _subset(font: TTFont, ranges: tuple[tuple[int, int], ...], features: list[str]) -> None:
    options = Options()
    options.layout_features = features
    options.hinting = False
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 7, 13, 14, 16, 17]
    options.notdef_outline = True
    options.recalc_timestamp = False
    options.harfbuzz_repacker = False
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[code for first, last in ranges for code in range(first, last + 1)])
    subsetter.subset(font)


def _name(font: TTFont, family: str, style: str) -> None:
    """Names that every system understands: a style-linked family (ids 1, 2) and the typographic one (16, 17)."""
    names: Any = font["name"]
    linked = style in {"Regular", "Bold"}
    wanted = {
        1: family if linked else f"{family} {style}",
        2: style if linked else "Regular",
        3: f"{family}-{style};tabular",
        4: f"{family} {style}",
        6: f"{family}-{style}",
        16: family,
        17: style,
    }
    for identifier in (25, *wanted):
        names.removeNames(nameID=identifier)
    for identifier, text in wanted.items():
        names.setName(text, identifier, 3, 1, 0x409)
    for tag in ("STAT", "avar", "MVAR", "HVAR"):
        if tag in font:
            del font[tag]
    windows: Any = font["OS/2"]
    windows.usWeightClass = WEIGHTS[style]
    bold, regular = style == "Bold", style == "Regular"
    windows.fsSelection = (windows.fsSelection & ~0b1100001) | (bold << 5) | (regular << 6)
    head: Any = font["head"]
    head.macStyle = int(bold)


def main() -> None:
    """Build every typeface."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inter", type=Path, required=True, help="InterVariable.woff2 or .ttf")
    parser.add_argument("--noto", type=Path, required=True, help="folder that holds NotoSansHebrew-Regular.ttf …")
    parser.add_argument("--into", type=Path, default=Path(__file__).parent / "fonts")
    given = parser.parse_args()
    given.into.mkdir(parents=True, exist_ok=True)
    built = [build_inter(given.inter, style, given.into) for style in WEIGHTS]
    built += [
        build_noto(given.noto, script, style, given.into) for script in NOTO_RANGES for style in ("Regular", "Bold")
    ]
    for path in built:
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
