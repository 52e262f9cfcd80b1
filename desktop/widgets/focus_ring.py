"""A ring of two pixels around whatever has the keyboard: always there, outside the control, never cut off."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QWidget

from desktop.theme import current_theme

_GAP, _WIDTH = 1, 2
_MARGIN = _GAP + _WIDTH
_FOLLOWED = {
    QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide,
    QEvent.Type.ParentChange, QEvent.Type.ZOrderChange,
}  # fmt: skip

RING_TARGET = "ring_target"
"""Set on a frame (to True) whose whole outline is to be ringed when a child has the focus."""


class FocusRing(QWidget):
    """One ring for a window and its dialogs; it follows the application's focus. Keep a reference to it."""

    def __init__(self, application: QApplication) -> None:
        super().__init__()
        self._target: QWidget | None = None
        self._watched: list[QWidget] = []
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()
        application.focusChanged.connect(self._focus_changed)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the control when a layout moves it or anything it stands in."""
        if event.type() in _FOLLOWED:
            self._place()
        return super().eventFilter(watched, event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ring."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(current_theme().colour("focus"), _WIDTH))
        half = _WIDTH / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(half, half, -half, -half), 8, 8)
        painter.end()

    def _focus_changed(self, _old: QWidget | None, focused: QWidget | None) -> None:
        for widget in self._watched:
            widget.removeEventFilter(self)
        self._watched = []
        self._target = _ringed(focused) if focused is not None and focused is not self else None
        if self._target is None:
            self.hide()
            return
        home = _home_of(self._target)
        if self.parentWidget() is not home:
            self.setParent(home)
        step: QWidget | None = self._target
        while step is not None:
            step.installEventFilter(self)
            step.destroyed.connect(self._forget)
            self._watched.append(step)
            step = None if step is home else step.parentWidget()
        self._place()

    def _forget(self) -> None:
        self._watched = []
        self._target = None

    def _place(self) -> None:
        target, home = self._target, self.parentWidget()
        if target is None or home is None or not target.isVisible():
            self.hide()
            return
        rectangle = QRect(target.mapTo(home, QPoint(0, 0)), target.size())
        self.setGeometry(rectangle.adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN))
        self.raise_()
        self.show()


def _ringed(focused: QWidget) -> QWidget | None:
    """The control to ring: the nearest frame that asks for it, or the focused widget itself."""
    step: QWidget | None = focused
    while step is not None and not step.isWindow():
        if step.property(RING_TARGET):
            return step
        step = step.parentWidget()
    return None if focused.isWindow() else focused


def _home_of(target: QWidget) -> QWidget:
    """Where the ring lives: the page in a scroll area (so that it scrolls and is clipped with it), or the window."""
    step = target
    while not step.isWindow():
        parent = step.parentWidget()
        if parent is None:
            break
        above = parent.parentWidget()
        if isinstance(above, QAbstractScrollArea) and above.viewport() is parent:
            return step if step is not target else parent.window()
        step = parent
    return step
