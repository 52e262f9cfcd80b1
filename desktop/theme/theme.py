"""One look from one set of tokens: palette, type and style sheet for a theme and a text size."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from desktop.theme.fonts import load_fonts, ui_font
from desktop.theme.stylesheet import style_sheet
from desktop.theme.tokens import ThemeName, Tokens, tokens_of

SCALES = (1.0, 1.15, 1.3, 1.5)
"""The text sizes that the settings offer."""

BODY_PX = 14
TEXT_PX_MIN = 11

_PROPERTY = "counterfoil_theme"


@dataclass(frozen=True, slots=True)
class Theme:
    """A named set of colours and how large its text is (`scale`, 1.0 to 2.0)."""

    name: ThemeName = "light"
    scale: float = 1.0
    tokens: Tokens = field(init=False)

    def __post_init__(self) -> None:
        """Look the colours up and refuse text sizes that no screen was tried with."""
        if not 1.0 <= self.scale <= 2.0:
            raise ValueError(f"text scale {self.scale} is outside 1.0 to 2.0")
        object.__setattr__(self, "tokens", tokens_of(self.name))

    def px(self, pixels: float) -> int:
        """A length of the design at this text size, in device-independent pixels."""
        return round(pixels * self.scale)

    def colour(self, token: str) -> QColor:
        """A token as Qt's colour."""
        return QColor(self.tokens[token])


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Give the whole application this look, at start or while it runs."""
    load_fonts()
    application.setProperty(_PROPERTY, theme)
    if application.style().objectName().lower() != "fusion":
        application.setStyle("Fusion")
    application.setFont(ui_font(theme.px(BODY_PX)))
    application.setPalette(palette_of(theme))
    application.setStyleSheet(style_sheet(theme.tokens, theme.scale))


def current_theme() -> Theme:
    """The look that the application has; light before one is applied."""
    application = QApplication.instance()
    theme = application.property(_PROPERTY) if application is not None else None
    return theme if isinstance(theme, Theme) else Theme()


def palette_of(theme: Theme) -> QPalette:
    """The theme as a palette, for what Qt draws without a style sheet."""
    role = QPalette.ColorRole
    roles = {
        role.Window: "ground",
        role.WindowText: "ink",
        role.Base: "panel",
        role.AlternateBase: "raised",
        role.Text: "ink",
        role.Button: "panel",
        role.ButtonText: "ink",
        role.BrightText: "danger",
        role.ToolTipBase: "raised",
        role.ToolTipText: "ink",
        role.PlaceholderText: "quiet",
        role.Highlight: "accent",
        role.HighlightedText: "on_accent",
        role.Link: "accent",
        role.LinkVisited: "accent",
        role.Light: "raised",
        role.Midlight: "line",
        role.Mid: "line",
        role.Dark: "strong_line",
        role.Shadow: "strong_line",
        role.Accent: "accent",
    }
    palette = QPalette()
    for name, token in roles.items():
        palette.setColor(name, theme.colour(token))
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, theme.colour("quiet"))
    return palette
