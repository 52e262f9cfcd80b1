"""Fields: a label above, the control, and below it one line that holds the hint or the error, so that nothing jumps."""

from __future__ import annotations

import re
from itertools import pairwise

from PySide6.QtCore import QRegularExpression, Qt, Signal
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from desktop.widgets.buttons import Button
from desktop.widgets.focus_ring import RING_TARGET
from desktop.widgets.text import Icon, Text, set_look

TEXT_LENGTH_MAX = 140
"""The longest free text of one line (ISO 20022 Max140Text)."""


class Field(QWidget):
    """What all fields share. An error stands at the field and leaves what was typed."""

    def __init__(
        self,
        label: str,
        control: QWidget,
        *,
        focus: QWidget | None = None,
        hint: str = "",
        frame: QWidget | None = None,
    ) -> None:
        super().__init__()
        self._control, self._focus, self._frame = control, focus or control, frame or control
        self._hint, self._error = hint, ""
        self._label = Text(label, "label")
        self._label.setBuddy(self._focus)
        self._mark = Icon("octagon-alert", "danger", 13)
        self._message = Text(hint, "small", wrap=True)
        # A long message takes a second line and leaves the field as wide as it was.
        self._message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._mark.hide()
        below = QHBoxLayout()
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(4)
        below.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        below.addWidget(self._message, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._label)
        column.addWidget(control)
        column.addLayout(below)
        self._focus.setAccessibleName(label.replace("&", ""))
        self._focus.setAccessibleDescription(hint)
        self.setFocusProxy(self._focus)

    def set_hint(self, hint: str) -> None:
        """Say something helpful below the field; an error goes before it."""
        self._hint = hint
        self._show_message()

    def set_error(self, error: str | None) -> None:
        """Say what is wrong and what to do; None takes it back."""
        self._error = error or ""
        set_look(self._frame, error=bool(error))
        self._show_message()

    def error(self) -> str:
        """The error that stands here, or an empty string."""
        return self._error

    def hint(self) -> str:
        """The hint that stands here when there is no error."""
        return self._hint

    def message(self) -> str:
        """What stands below the field."""
        return self._message.text()

    def _show_message(self) -> None:
        text = self._error or self._hint
        self._message.setText(text)
        self._message.setToolTip(text)
        self._focus.setAccessibleDescription(text)
        self._mark.setVisible(bool(self._error))
        set_look(self._message, tone="danger" if self._error else "")


class TextField(Field):
    """A line of text. `submitted` when Enter is pressed in it, `changed` with each edit by a person."""

    changed = Signal(str)
    submitted = Signal()

    def __init__(self, label: str, *, hint: str = "", placeholder: str = "", length_max: int = TEXT_LENGTH_MAX) -> None:
        self.edit = QLineEdit()
        super().__init__(label, self.edit, hint=hint)
        self.edit.setMaxLength(length_max)
        self.edit.setPlaceholderText(placeholder)
        self.edit.textEdited.connect(self._edited)
        self.edit.returnPressed.connect(self.submitted)

    def text(self) -> str:
        """What was typed, without blanks at its ends."""
        return self.edit.text().strip()

    def set_text(self, text: str) -> None:
        """Put a text into the field."""
        self.edit.setText(text)
        self.set_error(None)

    def clear(self) -> None:
        """Empty the field and take its error back."""
        self.set_text("")

    def _edited(self, text: str) -> None:
        self.set_error(None)
        self.changed.emit(text)


class PasswordField(Field):
    """A password, hidden unless its holder asks to see it; nothing of it is kept by the field after `clear`."""

    submitted = Signal()

    def __init__(self, label: str, *, hint: str = "") -> None:
        frame = QFrame()
        frame.setObjectName("password_frame")
        frame.setProperty(RING_TARGET, False)
        self.edit = QLineEdit()
        self.edit.setEchoMode(QLineEdit.EchoMode.Password)
        self.edit.setMaxLength(256)
        self.edit.setInputMethodHints(
            Qt.InputMethodHint.ImhSensitiveData
            | Qt.InputMethodHint.ImhNoPredictiveText
            | Qt.InputMethodHint.ImhHiddenText
        )
        self._reveal = Button(self.tr("Show"), small=False)
        self._reveal.setCheckable(True)
        self._reveal.toggled.connect(self._toggle)
        row = QHBoxLayout(frame)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.edit, 1)
        row.addWidget(self._reveal)
        super().__init__(label, frame, focus=self.edit, hint=hint, frame=self.edit)
        self._reveal.setAccessibleName(self.tr("Show password"))
        self.edit.textEdited.connect(lambda _text: self.set_error(None))
        self.edit.returnPressed.connect(self.submitted)

    def text(self) -> str:
        """The password exactly as typed, blanks included."""
        return self.edit.text()

    def clear(self) -> None:
        """Forget what was typed and hide the field again."""
        self.edit.clear()
        self._reveal.setChecked(False)
        self.set_error(None)

    def _toggle(self, shown: bool) -> None:
        self.edit.setEchoMode(QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password)
        self._reveal.set_label(self.tr("Hide") if shown else self.tr("Show"))
        self._reveal.setAccessibleName(self.tr("Hide password") if shown else self.tr("Show password"))


class CodeField(Field):
    """A six-digit one-time code (RFC 6238). `completed` once six digits stand there; blanks in a paste are dropped."""

    completed = Signal(str)
    submitted = Signal()

    DIGITS = 6

    def __init__(self, label: str, *, hint: str = "") -> None:
        self.edit = QLineEdit()
        super().__init__(label, self.edit, hint=hint)
        self.edit.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.edit.setInputMethodHints(Qt.InputMethodHint.ImhDigitsOnly)
        self.edit.setValidator(QRegularExpressionValidator(QRegularExpression(r"(\s*[0-9]){0,6}\s*"), self.edit))
        self.edit.textEdited.connect(self._edited)
        self.edit.returnPressed.connect(self.submitted)

    def code(self) -> str:
        """The digits that stand there."""
        return re.sub(r"\s", "", self.edit.text())

    def is_complete(self) -> bool:
        """Whether six digits stand there."""
        return len(self.code()) == self.DIGITS

    def clear(self) -> None:
        """Empty the field and take its error back."""
        self.edit.clear()
        self.set_error(None)

    def _edited(self, text: str) -> None:
        self.set_error(None)
        digits = re.sub(r"\s", "", text)
        if digits != text:
            self.edit.setText(digits)
        if self.is_complete():
            self.completed.emit(digits)


def column_of(*fields: QWidget, spacing: int = 12) -> QVBoxLayout:
    """Fields below each other, in tab order."""
    column = QVBoxLayout()
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(spacing)
    for field in fields:
        column.addWidget(field)
    for before, after in pairwise(fields):
        QWidget.setTabOrder(before, after)
    return column
