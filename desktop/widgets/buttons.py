"""Buttons that say what they do and by which key."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from desktop.widgets.badges import KeyChip
from desktop.widgets.text import Text, muted, set_look

Kind = Literal["primary", "secondary", "danger", "plain"]


class Button(QPushButton):
    """A button; `key` is shown as a chip and, unless it is Enter or Esc, works as its shortcut.

    Enter presses the primary button of a screen: see `desktop.screens.Screen.primary`.
    """

    def __init__(
        self,
        text: str,
        kind: Kind = "secondary",
        *,
        key: str | None = None,
        shown_key: str | None = None,
        small: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._label = Text("", "action")
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self._row = row = QHBoxLayout(self)
        side = 12 if small else 18
        row.setContentsMargins(side, 0, side, 0)
        row.setSpacing(10)
        row.addStretch(1)
        row.addWidget(muted(self._label), 0, Qt.AlignmentFlag.AlignVCenter)
        self._chip: KeyChip | None = None
        if key or shown_key:
            self._chip = KeyChip((shown_key or key or "").replace("+", " "))
            row.addWidget(muted(self._chip), 0, Qt.AlignmentFlag.AlignVCenter)
        row.addStretch(1)
        self.setProperty("kind", kind)
        self.setProperty("small", small)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAutoDefault(False)
        self.set_label(text)
        if key and key not in {"Enter", "Esc"}:
            self.setShortcut(QKeySequence(key))
            self.setAccessibleDescription(self.tr("Key: {key}").format(key=key))

    def set_label(self, text: str) -> None:
        """Say something else; `&` marks the letter for Alt."""
        plain = text.replace("&&", "\0").replace("&", "").replace("\0", "&")
        self._label.setText(plain)
        self.setAccessibleName(plain)
        self.updateGeometry()

    def show_key(self, key: str) -> None:
        """Show another key in the chip that is there."""
        if self._chip is not None:
            self._chip.setText(key)
            self.updateGeometry()

    def label(self) -> str:
        """What the button says."""
        return self._label.text()

    def set_kind(self, kind: Kind) -> None:
        """Become another kind of button."""
        set_look(self, kind=kind)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses the button that has the focus, once however long it is held."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not event.isAutoRepeat():
                self.click()
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        """As large as what stands in it, and never lower than the style sheet says."""
        inner = self._row.sizeHint()
        return QSize(inner.width() + 2, max(inner.height(), self.minimumHeight(), super().sizeHint().height()))

    def minimumSizeHint(self) -> QSize:
        """Never cut off."""
        return self.sizeHint()
