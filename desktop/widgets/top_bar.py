"""The bar at the top: the mark, the search box, and who works here on which business date."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.widgets.badges import Avatar
from desktop.widgets.search_box import SearchBox
from desktop.widgets.text import Icon, Text


@dataclass(frozen=True, slots=True)
class Who:
    """Who works here: name, desk, branch and business date, each as it is to be read."""

    name: str
    desk: str
    branch: str
    business_date: str


class TopBar(QWidget):
    """The mark, the search box, the person."""

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.search = SearchBox()
        self._name = Text("", "person", right=True)
        self._place = Text("", "small", right=True)
        self._avatar = Avatar()
        mark = QWidget()
        mark.setObjectName("brand")
        mark_row = QHBoxLayout(mark)
        mark_row.setContentsMargins(14, 0, 0, 0)
        mark_row.setSpacing(7)
        mark_row.addWidget(Icon("counterfoil", "accent", 22))
        mark_row.addWidget(Text("Counterfoil", "brand"))
        mark_row.addStretch(1)
        lines = QVBoxLayout()
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(0)
        lines.addWidget(self._name)
        lines.addWidget(self._place)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 8, 16, 9)
        row.setSpacing(0)
        row.addWidget(mark)
        row.addSpacing(16)
        row.addWidget(self.search, 1)
        row.addStretch(1)
        row.addSpacing(16)
        row.addLayout(lines)
        row.addSpacing(10)
        row.addWidget(self._avatar, 0, Qt.AlignmentFlag.AlignVCenter)

    def show_person(self, who: Who | None) -> None:
        """Show who is signed in; None when nobody is."""
        self._name.setText(who.name if who else "")
        self._place.setText(f"{who.desk} \u00b7 {who.branch} \u00b7 {who.business_date}" if who else "")
        self._avatar.show_person(who.name if who else "")
        self._avatar.setVisible(who is not None)
