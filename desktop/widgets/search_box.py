"""One box for a trade code, a customer, an account or an IBAN."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit

from desktop.widgets.badges import KeyChip
from desktop.widgets.focus_ring import RING_TARGET

SEARCH_LENGTH_MAX = 80


class SearchBox(QFrame):
    """`submitted` carries what was typed when Enter is pressed; Esc empties the box and then leaves it."""

    submitted = Signal(str)
    left = Signal()

    def __init__(self, placeholder: str = "", *, key: str = "Ctrl K") -> None:
        super().__init__()
        self.setProperty(RING_TARGET, True)
        self.edit = QLineEdit()
        self.edit.setProperty("bare", True)
        self.edit.setMaxLength(SEARCH_LENGTH_MAX)
        name = placeholder or self.tr("Code, customer, account or IBAN")
        self.edit.setPlaceholderText(name)
        self.edit.setAccessibleName(name)
        self.edit.returnPressed.connect(self._submit)
        self.edit.installEventFilter(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 10, 0)
        row.setSpacing(8)
        row.addWidget(self.edit, 1)
        if key:
            row.addWidget(KeyChip(key))
        self.setFocusProxy(self.edit)

    def begin(self) -> None:
        """Take the focus, with what stands there marked so that typing replaces it."""
        self.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.edit.selectAll()

    def text(self) -> str:
        """What stands in the box."""
        return self.edit.text().strip()

    def clear(self) -> None:
        """Empty the box."""
        self.edit.clear()

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Esc in a box that holds something empties it, and goes no further."""
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape and self.edit.text():
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                self.edit.clear()
                return True
        return super().eventFilter(watched, event)  # type: ignore[arg-type]

    def _submit(self) -> None:
        if self.text():
            self.submitted.emit(self.text())
