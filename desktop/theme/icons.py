"""Lucide icons drawn in a token's colour at any size."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

import resources


@lru_cache(maxsize=64)
def _source(name: str) -> str:
    return resources.icon_path(name).read_text("utf-8")


@lru_cache(maxsize=256)
def icon_pixmap(name: str, colour: str, pixels: int, ratio: float = 1.0) -> QPixmap:
    """The icon in `colour` (`#RRGGBB`), `pixels` wide in device-independent pixels, for a screen of that ratio."""
    pixmap = QPixmap(QSize(round(pixels * ratio), round(pixels * ratio)))
    pixmap.fill(Qt.GlobalColor.transparent)
    renderer = QSvgRenderer(QByteArray(_source(name).replace("currentColor", colour).encode()))
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(pixmap.rect()))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def window_icon() -> QIcon:
    """The application's icon, in the sizes that window systems ask for."""
    icon = QIcon()
    renderer = QSvgRenderer(str(resources.app_icon_path()))
    for pixels in (16, 24, 32, 48, 64, 128, 256):
        pixmap = QPixmap(pixels, pixels)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer.render(painter)
        painter.end()
        icon.addPixmap(pixmap)
    return icon
