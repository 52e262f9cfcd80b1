"""A QR code drawn module by module in whole device pixels, dark on white in every theme, so that scanners read it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.people.totp import qr_matrix
from desktop.theme import current_theme

SIDE = 264


class QrView(QWidget):
    """Shows the code of an address; nothing once it was cleared."""

    def __init__(self) -> None:
        super().__init__()
        side = current_theme().px(SIDE)
        self.setFixedSize(QSize(side, side))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("QR code for the authenticator"))
        self._rows: tuple[tuple[bool, ...], ...] = ()

    def show_uri(self, uri: str) -> None:
        """Draw the code of this address."""
        self._rows = qr_matrix(uri) if uri else ()
        self.update()

    def clear(self) -> None:
        """Draw nothing, and keep nothing."""
        self.show_uri("")

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Modules are as large as whole device pixels allow; the rest is margin."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(Qt.GlobalColor.white))
        count = len(self._rows)
        if count:
            ratio = self.devicePixelRatioF()
            pixels = int(self.width() * ratio) // count
            module = pixels / ratio
            offset = int((self.width() * ratio - pixels * count) / 2) / ratio
            for y, row in enumerate(self._rows):
                for x, dark in enumerate(row):
                    if dark:
                        place = QRectF(offset + x * module, offset + y * module, module, module)
                        painter.fillRect(place, QColor(Qt.GlobalColor.black))
        painter.end()
