"""Small marks: a key that acts here, a word that says a state, a person's initials."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from desktop.theme import current_theme, ui_font
from desktop.widgets.text import set_look

Tone = Literal["plain", "ok", "warn", "danger", "info", "machine"]
"""`machine` (violet) marks what the centre or a machine made, and nothing else."""


class KeyChip(QLabel):
    """The key that acts where it stands, small and quiet. Screen readers hear the control's own shortcut instead."""

    def __init__(self, key: str, parent: QWidget | None = None) -> None:
        super().__init__(key, parent)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)


class Badge(QLabel):
    """A state as a word on its colour; never colour alone, so an empty word is refused."""

    def __init__(self, word: str, tone: Tone = "plain", *, round_: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setProperty("round", round_)
        self.show_state(word, tone)

    def show_state(self, word: str, tone: Tone) -> None:
        """Show another state."""
        if not word:
            raise ValueError("a badge says its state in a word")
        self.setText(word)
        self.setAccessibleName(word)
        set_look(self, tone=tone, outlined=current_theme().name == "contrast")

    def changeEvent(self, event: QEvent) -> None:
        """In high contrast a badge has an edge, because its ground is nearly black."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            set_look(self, outlined=current_theme().name == "contrast")


class Avatar(QWidget):
    """A person's initials in a circle."""

    def __init__(self, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._initials = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_person(name)

    def show_person(self, name: str) -> None:
        """Show another person."""
        self._initials = initials_of(name)
        self.setAccessibleName(name)
        self.update()

    def sizeHint(self) -> QSize:
        """As tall as the two lines of text beside it."""
        side = current_theme().px(32)
        return QSize(side, side)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the circle and the letters."""
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.colour("accent") if theme.name == "contrast" else Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("accent_soft"))
        painter.drawEllipse(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.setPen(theme.colour("accent"))
        painter.setFont(ui_font(theme.px(12), QFont.Weight.Bold))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._initials)
        painter.end()


def initials_of(name: str) -> str:
    """The first letters of the first and the last name: `Ane Marie Holm` gives `AH`."""
    words = [word for word in name.split() if word[0].isalnum()]
    letters = words[:1] + words[1:][-1:]
    return "".join(word[0] for word in letters).upper()
