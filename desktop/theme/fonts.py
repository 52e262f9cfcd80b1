"""The product's own typefaces: loaded from the tree, so that every machine shows the same letters."""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontDatabase

import resources
from core.errors import EnvironmentProblem

FAMILIES = ("Inter", "Noto Sans Hebrew", "Noto Sans Arabic")
"""Inter for Latin, Greek and Cyrillic; Noto where Inter has no letters."""


def load_fonts() -> None:
    """Make the typefaces known to Qt; needs a QGuiApplication. Loading twice is harmless."""
    if set(FAMILIES) <= set(QFontDatabase.families()):
        return
    for path in resources.font_paths():
        # From bytes: a path with letters outside the system's code page fails on Windows.
        if QFontDatabase.addApplicationFontFromData(path.read_bytes()) < 0:
            raise EnvironmentProblem(
                f"The typeface {path.name} can't be read. Install the program again.", code="typeface_unreadable"
            )


def ui_font(pixels: int, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The interface's typeface with figures of equal width."""
    font = QFont()
    font.setFamilies(list(FAMILIES))
    font.setPixelSize(pixels)
    font.setWeight(weight)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    font.setStyleStrategy(QFont.StyleStrategy.PreferAntialias)
    # Figures of equal width are the default in our Inter (see resources/build_fonts.py). Its `tnum` feature would widen
    # spaces and points too, which tears IBANs apart.
    return font
