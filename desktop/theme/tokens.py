"""The colours of a theme by name, and which of them may stand as text on which ground."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Literal

import resources

ThemeName = Literal["light", "dark", "contrast"]

THEME_NAMES: tuple[ThemeName, ...] = ("light", "dark", "contrast")


@dataclass(frozen=True, slots=True)
class Tokens:
    """Colours as `#RRGGBB`. Each means one thing: see the table in `resources/tokens.json`'s three themes."""

    ground: str
    panel: str
    raised: str
    line: str
    strong_line: str
    ink: str
    quiet: str
    accent: str
    on_accent: str
    accent_soft: str
    credit: str
    warn: str
    warn_soft: str
    danger: str
    danger_soft: str
    info: str
    info_soft: str
    focus: str
    machine: str
    machine_soft: str

    def __getitem__(self, name: str) -> str:
        """The colour of a token's name."""
        value: str = getattr(self, name)
        return value


TOKEN_NAMES: tuple[str, ...] = tuple(field.name for field in fields(Tokens))

_GROUNDS = ("ground", "panel", "raised")

TEXT_PAIRS: tuple[tuple[str, str], ...] = (
    *((text, ground) for text in ("ink", "quiet", "accent", "warn", "danger", "info") for ground in _GROUNDS),
    *(("credit", ground) for ground in _GROUNDS),
    ("on_accent", "accent"),
    ("accent", "accent_soft"),
    ("ink", "accent_soft"),
    ("quiet", "accent_soft"),
    ("warn", "warn_soft"),
    ("danger", "danger_soft"),
    ("info", "info_soft"),
    ("machine", "machine_soft"),
    ("machine", "panel"),
)
"""Every (text, ground) that a style sheet or a painted widget may use."""

SHAPE_PAIRS: tuple[tuple[str, str], ...] = (
    *(("focus", ground) for ground in _GROUNDS),
    *(("strong_line", ground) for ground in _GROUNDS),
)
"""Edges that must be seen against their ground (WCAG 1.4.11), 3:1 or more."""


@lru_cache(maxsize=3)
def tokens_of(name: ThemeName) -> Tokens:
    """The colours of one theme."""
    return Tokens(**resources.load_tokens()[name])


def contrast_ratio(first: str, second: str) -> float:
    """The contrast of two colours, 1 to 21, as WCAG 2.2 defines it."""
    brighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
