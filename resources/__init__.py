"""Colours, typefaces and icons, and where they lie: beside this file, or inside a frozen program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

_HERE = Path(__file__).resolve().parent

THEMES = ("light", "dark", "contrast")

FONT_FILES = (
    "Inter-Regular.ttf",
    "Inter-Medium.ttf",
    "Inter-SemiBold.ttf",
    "Inter-Bold.ttf",
    "NotoSansHebrew-Regular.ttf",
    "NotoSansHebrew-Bold.ttf",
    "NotoSansArabic-Regular.ttf",
    "NotoSansArabic-Bold.ttf",
)


def font_path(name: str) -> Path:
    """Where a typeface lies; `name` is one of `FONT_FILES`."""
    return _existing(_HERE / "fonts" / name)


def font_paths() -> tuple[Path, ...]:
    """All typefaces, Inter first."""
    return tuple(font_path(name) for name in FONT_FILES)


def icon_path(name: str) -> Path:
    """Where an icon lies, by its Lucide name (`circle-check`) or `counterfoil` for the product's mark."""
    return _existing(_HERE / "icons" / f"{name}.svg")


def app_icon_path() -> Path:
    """The application's icon, in colour."""
    return _existing(_HERE / "app_icon.svg")


def style_sheet_template() -> str:
    """The one Qt style sheet, with `$token` for colours and `12u` for lengths."""
    return _existing(_HERE / "counterfoil.qss").read_text("utf-8")


def load_tokens() -> dict[str, dict[str, str]]:
    """The colours of every theme, `#RRGGBB` by token name by theme name."""
    return cast("dict[str, dict[str, str]]", json.loads(_existing(_HERE / "tokens.json").read_text("utf-8")))


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise FileNotFoundError(f"this copy of the program is incomplete: {path.name} is missing")
    return path
