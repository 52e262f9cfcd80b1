"""Panels: a card with a title, a notice, pairs of words and values, what to show where there is nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from desktop.theme import current_theme
from desktop.widgets.badges import Tone
from desktop.widgets.buttons import Button
from desktop.widgets.text import Icon, Text, set_look

VALUE_LINE_LENGTH = 28
"""Longer values may go on in a second line."""
_LONG_WORD = re.compile(r"[^\s-]{29,}")
_PIECE = re.compile(r"\S{8}(?=\S)")
_MAY_BREAK = "\N{ZERO WIDTH SPACE}"

# Only what needs somebody has a shape as well; the lead says the rest in words.
_NOTICE_ICONS = {"warn": "triangle-alert", "danger": "octagon-alert"}


class Card(QFrame):
    """A panel with a hairline around it. Put content into `body`."""

    def __init__(self, title: str = "", *, padding: int = 18) -> None:
        super().__init__()
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(padding, 16, padding, 16)
        self.body.setSpacing(12)
        self._title = Text(title, "heading")
        # Only after it has a parent: showing a label that has none opens a window.
        self.body.addWidget(self._title)
        self._title.setVisible(bool(title))
        self.setAccessibleName(title)

    def set_title(self, title: str) -> None:
        """Say another title."""
        self._title.setText(title)
        self._title.setVisible(bool(title))
        self.setAccessibleName(title)


class Notice(QFrame):
    """A banner: a short lead in bold, then what it means and what to do; perhaps one button at its end."""

    def __init__(self, lead: str = "", text: str = "", tone: Tone = "info", *, action: Button | None = None) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(10)
        self._icon = Icon("info", "info", 16)
        self._label = QLabel()
        self._label.setTextFormat(Qt.TextFormat.RichText)
        self._label.setWordWrap(True)
        # Beside a button, which is higher than a line, the words stand in the middle.
        level = Qt.AlignmentFlag.AlignTop if action is None else Qt.AlignmentFlag.AlignVCenter
        row.addWidget(self._icon, 0, level)
        row.addWidget(self._label, 1, level)
        if action is not None:
            row.addWidget(action, 0, Qt.AlignmentFlag.AlignVCenter)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.show_notice(lead, text, tone)

    def show_notice(self, lead: str, text: str, tone: Tone) -> None:
        """Say something else. Neither part is read as markup."""
        spoken = " ".join(part for part in (lead, text) if part)
        strong = f"<span style='font-weight:600'>{escape(lead)}</span>" if lead else ""
        gap = "&nbsp; " if lead and text else ""
        self._label.setText(f"{strong}{gap}{escape(text)}")
        self._label.setAccessibleName(spoken)
        self.setAccessibleName(spoken)
        icon = _NOTICE_ICONS.get(tone)
        self._icon.setVisible(icon is not None)
        if icon is not None:
            self._icon.show_icon(icon, tone)
        set_look(self, tone=tone, outlined=current_theme().name == "contrast")

    def text(self) -> str:
        """Everything that the notice says."""
        return self.accessibleName()

    def changeEvent(self, event: QEvent) -> None:
        """In high contrast a notice has an edge."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            set_look(self, outlined=current_theme().name == "contrast")


class KeyValueList(QWidget):
    """Words at the left, values at the right edge; a value may be a widget such as a Badge.

    `dense` lines stand closer, where there are many and the screen is low.
    """

    def __init__(self, rows: Sequence[tuple[str, str | QWidget]] = (), *, dense: bool = False) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(4 if dense else 8)
        self._grid.setColumnStretch(1, 1)
        self.set_rows(rows)

    def set_rows(self, rows: Sequence[tuple[str, str | QWidget]]) -> None:
        """Show these pairs instead."""
        empty_layout(self._grid)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for number, (word, value) in enumerate(rows):
            label = Text(word, "quiet")
            shown: QWidget = _value_text(value) if isinstance(value, str) else value
            if isinstance(value, str):
                shown.setAccessibleName(f"{word}: {value}")
                self._grid.addWidget(shown, number, 1)
            else:
                self._grid.addWidget(shown, number, 1, right)
            self._grid.addWidget(label, number, 0, Qt.AlignmentFlag.AlignTop)


def _value_text(value: str) -> Text:
    """A value, on as many lines as it needs; a word too long for any line is broken, so that no page grows by it."""
    broken = _LONG_WORD.sub(lambda word: _PIECE.sub(lambda piece: piece[0] + _MAY_BREAK, word[0]), value)
    return Text(broken, "value", wrap=len(value) > VALUE_LINE_LENGTH, right=True)


class EmptyState(QWidget):
    """What would be here, and how to begin."""

    def __init__(self, title: str, text: str, *, icon: str = "inbox", action: Button | None = None) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(8)
        centre = Qt.AlignmentFlag.AlignHCenter
        column.addStretch(1)
        column.addWidget(Icon(icon, "strong_line", 28), 0, centre)
        self._title = Text(title, "strong")
        self._title.setAlignment(centre)
        self._text = Text(text, "quiet", wrap=True)
        self._text.setAlignment(centre)
        column.addWidget(self._title)
        column.addWidget(self._text)
        if action is not None:
            column.addSpacing(4)
            column.addWidget(action, 0, centre)
        column.addStretch(1)
        self.setAccessibleName(f"{title}. {text}")

    def show_text(self, title: str, text: str) -> None:
        """Say something else."""
        self._title.setText(title)
        self._text.setText(text)
        self.setAccessibleName(f"{title}. {text}")


def empty_layout(layout: QGridLayout | QVBoxLayout | QHBoxLayout) -> None:
    """Take everything out of a layout and delete it."""
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.setParent(None)
            widget.deleteLater()
