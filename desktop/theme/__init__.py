"""The look: colours, type and style sheet from one set of tokens, in light, dark and high contrast."""

from desktop.theme.fonts import load_fonts, ui_font
from desktop.theme.icons import icon_pixmap, window_icon
from desktop.theme.theme import SCALES, Theme, apply_theme, current_theme
from desktop.theme.tokens import THEME_NAMES, ThemeName, Tokens, contrast_ratio

__all__ = [
    "SCALES",
    "THEME_NAMES",
    "Theme",
    "ThemeName",
    "Tokens",
    "apply_theme",
    "contrast_ratio",
    "current_theme",
    "icon_pixmap",
    "load_fonts",
    "ui_font",
    "window_icon",
]
