"""A page that fills the window while nobody is at work: the mark and the place above, one card, the strip below."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QPalette
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from desktop.theme import current_theme
from desktop.widgets import Card, Hairline, Icon, LineStatus, StatusStrip, Text

CARD_WIDTH = 460


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where this desk stands, as it is to be read; parts that are not known yet are empty."""

    bank: str = ""
    branch: str = ""
    desk: str = ""
    business_date: str = ""

    def text(self) -> str:
        """All in one line."""
        return " \u00b7 ".join(part for part in (self.branch, self.desk, self.business_date) if part)


class PageCard(Card):
    """A card of a fixed width that is always as tall as its wrapped text needs, which Qt leaves to chance."""

    def __init__(self, width: int) -> None:
        super().__init__(padding=28)
        self._width = width
        self.setFixedWidth(current_theme().px(width))

    def event(self, event: QEvent) -> bool:
        """Whatever changes inside changes the height."""
        handled = super().event(event)
        if event.type() is QEvent.Type.StyleChange:
            self.setFixedWidth(current_theme().px(self._width))
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Show) and self.body.hasHeightForWidth():
            self.setFixedHeight(self.body.totalHeightForWidth(self.width()))
        return handled


class FullPage(QWidget):
    """Put content into `card.body`. Enter in a field is `primary`, Esc is `back`."""

    def __init__(self, title: str, *, width: int = CARD_WIDTH, locale: str = "en_GB") -> None:
        super().__init__()
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(title)
        self._bank = Text("", "strong", right=True)
        self._place = Text("", "small", right=True)
        self.card = PageCard(width)
        self.card.body.setContentsMargins(28, 24, 28, 26)
        self.card.body.setSpacing(12)
        self.title = Text(title, "title", wrap=True)
        self.lead = Text("", "quiet", wrap=True)
        self.lead.hide()
        self.card.body.addWidget(self.title)
        self.card.body.addWidget(self.lead)
        self.strip = StatusStrip(locale)
        self.strip.show_at_rest()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._bar())
        column.addWidget(Hairline())
        column.addWidget(self._middle(), 1)
        column.addWidget(self.strip)

    def set_title(self, title: str, lead: str = "") -> None:
        """Say what the page is for, and below it what to do."""
        self.title.setText(title)
        self.lead.setText(lead)
        self.lead.setVisible(bool(lead))
        self.setAccessibleName(title)

    def show_place(self, place: Whereabouts) -> None:
        """Say where this desk stands."""
        self._bank.setText(place.bank)
        self._place.setText(place.text())

    def show_status(self, status: LineStatus) -> None:
        """Say what is true about the line."""
        self.strip.show_status(status)

    def primary(self) -> None:
        """Enter in a field: what the page's primary button does."""

    def back(self) -> None:
        """Esc: leave the page, where one may."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter that no control took is the primary action, Esc the way back; a key held down counts once."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            # A field has done its own already, and lets the key through all the same.
            if not event.isAutoRepeat() and not isinstance(QApplication.focusWidget(), QLineEdit):
                self.primary()
        elif event.key() == Qt.Key.Key_Escape:
            self.back()
        else:
            super().keyPressEvent(event)

    def _bar(self) -> QWidget:
        bar = QWidget()
        # The panel's colour by the palette, which follows the theme.
        bar.setBackgroundRole(QPalette.ColorRole.Base)
        bar.setAutoFillBackground(True)
        bar.setObjectName("page_bar")
        lines = QVBoxLayout()
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(0)
        lines.addWidget(self._bank)
        lines.addWidget(self._place)
        row = QHBoxLayout(bar)
        row.setContentsMargins(14, 8, 16, 9)
        row.setSpacing(7)
        row.addWidget(Icon("counterfoil", "accent", 22))
        row.addWidget(Text("Counterfoil", "brand"))
        row.addStretch(1)
        row.addLayout(lines)
        return bar

    def _middle(self) -> QWidget:
        inner = QWidget()
        inner.setObjectName("page")
        column = QVBoxLayout(inner)
        column.setContentsMargins(24, 24, 24, 24)
        # A little above the middle is where the eye expects a single card.
        column.addStretch(2)
        column.addWidget(self.card, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.viewport().setAutoFillBackground(False)
        area.setWidget(inner)
        return area
