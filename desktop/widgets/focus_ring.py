"""A ring of two pixels around whatever has the keyboard: always there, outside the control, never cut off."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QWidget
from shiboken6 import isValid

from desktop.theme import current_theme

_GAP, _WIDTH = 1, 2
_MARGIN = _GAP + _WIDTH
_FOLLOWED = {
    QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide,
    QEvent.Type.ParentChange, QEvent.Type.ZOrderChange,
}  # fmt: skip

RING_TARGET = "ring_target"
"""Set on a frame: True rings its whole outline when a child has the focus, False never rings the frame itself."""


class _Ring(QWidget):
    """What is drawn. It lives in the window of the control, and dies with it."""

    def __init__(self, home: QWidget) -> None:
        super().__init__(home)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(current_theme().colour("focus"), _WIDTH))
        half = _WIDTH / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(half, half, -half, -half), 8, 8)
        painter.end()


class FocusRing(QObject):
    """Follows the application's focus through all its windows with one ring. The application owns it."""

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._target: QWidget | None = None
        self._ring: _Ring | None = None
        self._watched: list[QWidget] = []
        application.focusChanged.connect(self._focus_changed)

    def target(self) -> QWidget | None:
        """The control that is ringed."""
        return self._target if self._target is not None and isValid(self._target) else None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the control when a layout moves it or anything it stands in."""
        if event.type() in _FOLLOWED:
            self._place()
        return super().eventFilter(watched, event)

    def _focus_changed(self, _old: QWidget | None, focused: QWidget | None) -> None:
        for widget in self._watched:
            if isValid(widget):
                widget.removeEventFilter(self)
        self._watched = []
        self._target = _ringed(focused) if focused is not None else None
        if self._target is None:
            self._drop_ring()
            return
        home = _home_of(self._target)
        if self._ring is None or not isValid(self._ring) or self._ring.parentWidget() is not home:
            self._drop_ring()
            self._ring = _Ring(home)
        step: QWidget | None = self._target
        while step is not None:
            step.installEventFilter(self)
            self._watched.append(step)
            step = None if step is home else step.parentWidget()
        self._place()

    def _drop_ring(self) -> None:
        if self._ring is not None and isValid(self._ring):
            self._ring.hide()
            self._ring.deleteLater()
        self._ring = None

    def _place(self) -> None:
        target, ring = self.target(), self._ring
        if ring is None or not isValid(ring):
            return
        home = ring.parentWidget()
        if target is None or home is None or not target.isVisible():
            ring.hide()
            return
        rectangle = QRect(target.mapTo(home, QPoint(0, 0)), target.size())
        ring.setGeometry(rectangle.adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN))
        ring.raise_()
        ring.show()


def _ringed(focused: QWidget) -> QWidget | None:
    """The control to ring: the nearest frame that asks for it, or the focused widget itself."""
    step: QWidget | None = focused
    while step is not None and not step.isWindow():
        if step.property(RING_TARGET):
            return step
        step = step.parentWidget()
    # What is a page, not a control, takes keys and is not ringed.
    return None if focused.isWindow() or focused.property(RING_TARGET) is False else focused


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
