"""Fields that the teller's forms need beyond text and amounts: a choice, a date, several lines."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox

from desktop.teller.saying import date_pattern, date_text, read_date, typed_date
from desktop.theme import current_theme, icon_pixmap
from desktop.widgets import Field, TextField

DATE_LENGTH_MAX = 20


class _Choice(QComboBox):
    """A list that Enter does not open (it is the screen's), and that scrolling past does not change."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """The arrow in the theme's colour, which a style sheet can only take from a file."""
        super().paintEvent(event)
        theme = current_theme()
        side = theme.px(16)
        arrow = icon_pixmap("chevron-down", theme.tokens["quiet"], side, self.devicePixelRatioF())
        painter = QPainter(self)
        painter.drawPixmap(self.width() - side - theme.px(10), (self.height() - side) // 2, side, side, arrow)
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.ignore()
        else:
            super().keyPressEvent(event)


class ChoiceField(Field):
    """One of several codes, each shown by its words. `changed` carries the code."""

    changed = Signal(str)

    def __init__(self, label: str, choices: Sequence[tuple[str, str]], *, hint: str = "") -> None:
        self.box = _Choice()
        super().__init__(label, self.box, hint=hint)
        self.set_choices(choices)
        self.box.activated.connect(self._activated)
        self.box.currentIndexChanged.connect(lambda _index: self.set_error(None))

    def set_choices(self, choices: Sequence[tuple[str, str]]) -> None:
        """Offer these (code, words)."""
        self.box.clear()
        for code, words in choices:
            self.box.addItem(words, code)

    def code(self) -> str:
        """The code that is chosen; empty if there is nothing to choose."""
        return str(self.box.currentData() or "")

    def words(self) -> str:
        """What the choice says."""
        return self.box.currentText()

    def set_code(self, code: str) -> None:
        """Choose; a code that is not offered changes nothing."""
        index = self.box.findData(code)
        if index >= 0:
            self.box.setCurrentIndex(index)

    def _activated(self, _index: int) -> None:
        self.changed.emit(self.code())


class DateField(TextField):
    """A date, typed in the locale's order or ISO 8601's. What was typed stays until it is a date and the field left."""

    def __init__(self, label: str, locale: str, *, hint: str = "") -> None:
        self._locale = locale
        pattern = date_pattern(locale)
        super().__init__(label, hint=hint, placeholder=pattern, length_max=DATE_LENGTH_MAX)
        self._own_hint = hint
        self.edit.textChanged.connect(self._read)
        self.edit.editingFinished.connect(self._leave)

    def date(self) -> str | None:
        """The ISO date that stands there; None while there is none."""
        return read_date(self.text(), self._locale)

    def set_date(self, iso: str) -> None:
        """Put a date in."""
        self.set_text(typed_date(iso, self._locale))

    def check(self) -> str | None:
        """The ISO date for going on with; if there is none the field says why."""
        found = self.date()
        if found is None:
            wanted = date_pattern(self._locale)
            empty = self.tr("Type the date like {pattern}.")
            wrong = self.tr("This is not a date. Write it like {pattern}.")
            self.set_error((wrong if self.text() else empty).format(pattern=wanted))
        return found

    def _read(self, _text: str) -> None:
        found = self.date()
        self.set_hint(date_text(found, self._locale) if found else self._own_hint)

    def _leave(self) -> None:
        if self.text() and self.date() is None:
            self.check()
