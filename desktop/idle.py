"""Notices that nobody has touched keyboard or mouse of a window for some time."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication, QWidget

_SIGNS_OF_LIFE = {
    QEvent.Type.KeyPress,
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseMove,
    QEvent.Type.Wheel,
    QEvent.Type.TouchBegin,
    QEvent.Type.InputMethod,
}


class IdleWatch(QObject):
    """`idle` once nothing has happened in the window (or a dialog above it) for that long, while it is watched."""

    idle = Signal()

    def __init__(self, window: QWidget, milliseconds: int) -> None:
        super().__init__(window)
        self._window = window
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(milliseconds)
        self._timer.timeout.connect(self.idle)
        self._enabled = milliseconds > 0

    def watch(self, *, on: bool) -> None:
        """Begin to count from here, or stop counting."""
        application = QApplication.instance()
        if application is None or not self._enabled:
            return
        if on:
            application.installEventFilter(self)
            self._timer.start()
        else:
            application.removeEventFilter(self)
            self._timer.stop()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Begin to count again at each sign of life; nothing is held back."""
        if event.type() in _SIGNS_OF_LIFE and self._timer.isActive() and self._is_ours(watched):
            self._timer.start()
        return False

    def _is_ours(self, watched: QObject) -> bool:
        if not isinstance(watched, QWidget):
            return False
        step: QWidget | None = watched
        while step is not None and step is not self._window:
            step = step.parentWidget()
        return step is not None
