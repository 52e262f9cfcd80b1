"""Plain parts: text with a purpose, hairlines, icons that follow the theme."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

from desktop.theme import current_theme, icon_pixmap


def set_look(widget: QWidget, **properties: str | bool) -> None:
    """Set what the style sheet selects by (`kind`, `tone`, `error` …) and draw the widget anew if it changed."""
    changed = False
    for name, value in properties.items():
        if widget.property(name) != value:
            widget.setProperty(name, value)
            changed = True
    if changed:
        for each in (widget, *widget.findChildren(QWidget)):
            each.style().unpolish(each)
            each.style().polish(each)
        widget.update()


class Text(QLabel):
    """Text for one purpose: title, subtitle, heading, label, body, strong, value, quiet, small, total …

    What people typed is shown as plain text, whatever it looks like.
    """

    def __init__(
        self,
        text: str = "",
        purpose: str = "body",
        *,
        wrap: bool = False,
        right: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("type", purpose)
        self.setWordWrap(wrap)
        # Absolute, so that a Hebrew name in a list of Danish ones starts where the others do.
        leading = Qt.AlignmentFlag.AlignLeft if self.isLeftToRight() else Qt.AlignmentFlag.AlignRight
        trailing = Qt.AlignmentFlag.AlignRight if self.isLeftToRight() else Qt.AlignmentFlag.AlignLeft
        side = trailing if right else leading
        self.setAlignment(side | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute)
        self.setText(text)


class ElidedText(Text):
    """Text that gives way in a narrow place: its end becomes an ellipsis, and the whole stands in the tool tip."""

    def minimumSizeHint(self) -> QSize:
        """A few letters are enough."""
        return QSize(min(super().minimumSizeHint().width(), 6 * self.fontMetrics().height()), self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw as much as there is room for."""
        area = self.contentsRect().adjusted(max(0, self.indent()), 0, 0, 0)
        room = area.width()
        is_cut = self.fontMetrics().horizontalAdvance(self.text()) > room
        self.setToolTip(self.text() if is_cut else "")
        if not is_cut:
            super().paintEvent(event)
            return
        painter = QPainter(self)
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room)
        self.style().drawItemText(
            painter, area, int(self.alignment()), self.palette(), True, shown, self.foregroundRole()
        )
        painter.end()


class Hairline(QFrame):
    """A line of one pixel; `strong` under headers and above totals."""

    def __init__(self, *, strong: bool = False, vertical: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("strong", strong)
        if vertical:
            self.setFixedWidth(1)
            self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        else:
            self.setFixedHeight(1)
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)


class Icon(QLabel):
    """An icon in a token's colour; decoration only, so that it has no accessible name: the word beside it says it."""

    def __init__(self, name: str, token: str = "quiet", size: int = 16, parent: QWidget | None = None) -> None:  # noqa: S107 - a colour's name
        super().__init__(parent)
        self._name, self._token, self._size = name, token, size
        self._draw()

    def show_icon(self, name: str, token: str) -> None:
        """Show another icon or colour."""
        if (name, token) != (self._name, self._token):
            self._name, self._token = name, token
            self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Take the theme's new colours."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._draw()

    def _draw(self) -> None:
        theme = current_theme()
        pixels = theme.px(self._size)
        # Twice as fine as asked for at the least, so that a window moved to a finer screen stays sharp.
        ratio = max(2.0, self.devicePixelRatioF())
        self.setPixmap(icon_pixmap(self._name, theme.tokens[self._token], pixels, ratio))
        self.setFixedSize(pixels, pixels)


def muted(widget: QWidget) -> QWidget:
    """Keep a purely visual child out of the mouse's way."""
    widget.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    return widget
