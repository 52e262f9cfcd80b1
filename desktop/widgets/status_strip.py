"""The strip at the foot of every screen: the line, the outbox, the drawer, and the key that locks."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from desktop.theme import current_theme
from desktop.widgets.badges import Badge, KeyChip
from desktop.widgets.line_faces import Face, FaceTone, face_of
from desktop.widgets.line_status import (
    LineState,
    LineStatus,
    balances_text,
    drawer_text,
    outbox_text,
    paying_text,
)
from desktop.widgets.text import ElidedText, Icon, Text, muted, set_look

__all__ = ["Face", "LineState", "LineStatus", "StatusStrip", "face_of"]

TONE_TOKENS: dict[FaceTone, str] = {
    "ok": "accent",
    "warn": "warn",
    "danger": "danger",
    "info": "info",
    "quiet": "quiet",
}


class LockKey(QPushButton):
    """Lock, at the end of the strip."""

    def __init__(self) -> None:
        super().__init__()
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(muted(Text(self.tr("Lock"), "small")))
        row.addWidget(KeyChip("F12"))
        # A click on it leaves the focus where it is, so that unlocking finds it there.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(self.tr("Lock"))
        self.setAccessibleDescription(self.tr("Key: F12"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """As wide as its words at this text size."""
        return QSize(self._row.sizeHint().width(), current_theme().px(26))

    def minimumSizeHint(self) -> QSize:
        """Never cut off."""
        return self.sizeHint()


class StatusStrip(QWidget):
    """Shows a `LineStatus`. `state_clicked` asks for the screen that explains it, `lock_clicked` for the lock."""

    lock_clicked = Signal()
    state_clicked = Signal()

    def __init__(self, locale: str = "en_GB") -> None:
        super().__init__()
        self._locale = locale
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._icon = Icon("clock-3", "quiet", 16)
        self._state = Text("", "state")
        self._detail = ElidedText("", "small")
        self._outbox = ElidedText("", "small")
        self._balances = ElidedText("", "small")
        self._paying = Text("", "state")
        self._clock = Badge("\u2014", "warn")
        self._clock.hide()
        self._drawer = Text("", "small")
        self.lock = LockKey()
        self.lock.clicked.connect(self.lock_clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(0)
        row.addWidget(self._icon)
        row.addSpacing(8)
        row.addWidget(self._state)
        parts = (self._detail, self._outbox, self._paying, self._balances)
        for part in parts:
            row.addWidget(part)
        row.addStretch(1)
        row.addSpacing(12)
        row.addWidget(self._clock)
        row.addSpacing(22)
        row.addWidget(self._drawer)
        row.addSpacing(16)
        row.addWidget(self.lock)
        for part in parts:
            part.setIndent(22)
        self.show_status(LineStatus())

    def show_status(self, status: LineStatus) -> None:
        """Say another moment."""
        face = face_of(status)
        self._icon.show_icon(face.icon, TONE_TOKENS[face.tone])
        self._state.setText(face.word)
        set_look(self._state, tone=face.tone)
        for part, text in (
            (self._detail, status.detail),
            (self._outbox, outbox_text(status)),
            (self._paying, paying_text(status)),
            (self._balances, balances_text(status)),
        ):
            part.setText(text)
            part.setVisible(bool(text))
        set_look(self._paying, tone="danger" if status.paying_out == "ended" else "warn")
        self._drawer.setText(drawer_text(status, self._locale))
        self._clock.setVisible(status.simulated_clock is not None)
        if status.simulated_clock is not None:
            self._clock.show_state(
                self.tr("Simulated clock {time}").format(time=f"{status.simulated_clock:%H:%M}"), "warn"
            )
        self.setAccessibleName(self.text())

    def show_drawer(self, *, shown: bool) -> None:
        """Say what the drawer should hold, or leave it out while somebody counts blind."""
        self._drawer.setVisible(shown)
        self.setAccessibleName(self.text())

    def show_at_rest(self) -> None:
        """Leave out what only concerns somebody at work: the drawer and the lock."""
        self._drawer.hide()
        self.lock.hide()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on what is said of the line asks what it means."""
        if event.position().x() < self._drawer.x():
            self.state_clicked.emit()
        super().mousePressEvent(event)

    def text(self) -> str:
        """Everything that the strip says, for screen readers and tests."""
        parts = (self._state, self._detail, self._outbox, self._paying, self._balances, self._drawer)
        return ". ".join(part.text() for part in parts if part.text() and not part.isHidden())
