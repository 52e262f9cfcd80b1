"""A check box that says by a tick, not by its colour alone, that it is checked."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QCheckBox, QStyle, QStyleOptionButton

from desktop.theme import current_theme, icon_pixmap


class CheckBox(QCheckBox):
    """The style sheet draws the box, this draws the tick."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """The box, and a tick inside it."""
        super().paintEvent(event)
        if not self.isChecked():
            return
        option = QStyleOptionButton()
        self.initStyleOption(option)
        box = self.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self)
        theme = current_theme()
        side = min(theme.px(12), box.width(), box.height())
        place = QRect(0, 0, side, side)
        place.moveCenter(box.center())
        painter = QPainter(self)
        painter.drawPixmap(place, icon_pixmap("check", theme.tokens["on_accent"], side, self.devicePixelRatioF()))
        painter.end()
