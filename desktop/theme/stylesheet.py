"""Fills the one style sheet template (`resources/counterfoil.qss`) with a theme's colours and lengths."""

from __future__ import annotations

import re

import resources
from desktop.theme.tokens import Tokens

_TOKEN = re.compile(r"\$([a-z_]+)")
_LENGTH = re.compile(r"\b(\d+)u\b")


def style_sheet(tokens: Tokens, scale: float) -> str:
    """The style sheet: `$name` is a colour, `12u` a length that grows with the text size; `1px` stays a hairline."""
    text = resources.style_sheet_template()
    text = _TOKEN.sub(lambda found: tokens[found[1]], text)
    return _LENGTH.sub(lambda found: f"{round(int(found[1]) * scale)}px", text)
