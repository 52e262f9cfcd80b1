"""The rail at the left: where one can go, by which key or code, and how much waits there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from desktop.theme import current_theme
from desktop.widgets.badges import Badge, KeyChip
from desktop.widgets.text import Text, muted, set_look

RAIL_WIDTH = 208


@dataclass(frozen=True, slots=True)
class Destination:
    """One item: the screen's name, what it says, its key or trade code, the section that it stands under."""

    name: str
    title: str
    key: str = ""
    section: str = ""


class NavItem(QPushButton):
    """One place to go to."""

    def __init__(self, destination: Destination) -> None:
        super().__init__()
        self.destination = destination
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 10, 0)
        row.addWidget(muted(Text(destination.title, "nav")), 1)
        self._chip = KeyChip(destination.key)
        self._count = Badge("0", "warn", round_=True)
        self._count.hide()
        row.addWidget(self._chip)
        self._chip.setVisible(bool(destination.key))
        row.addWidget(muted(self._count))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(destination.title)
        self.setAccessibleDescription(self.tr("Key: {key}").format(key=destination.key) if destination.key else "")

    def set_count(self, count: int) -> None:
        """Show how many wait there, in place of the key; none takes it away."""
        self._count.setVisible(count > 0)
        self._chip.setVisible(count == 0 and bool(self.destination.key))
        if count > 0:
            self._count.show_state(str(count) if count < 100 else "99+", "warn")
            self.setAccessibleName(self.tr("{title}, {n} waiting").format(title=self.destination.title, n=count))
        else:
            self.setAccessibleName(self.destination.title)

    def set_current(self, *, current: bool) -> None:
        """Mark this as where one is."""
        set_look(self, current=current)

    def sizeHint(self) -> QSize:
        """Tall enough for a finger or a tired eye."""
        return QSize(self._row.sizeHint().width(), current_theme().px(32))


class NavRail(QWidget):
    """Sections of items. `chosen` carries the screen's name. Up and Down go from item to item."""

    chosen = Signal(str)

    def __init__(self, destinations: Sequence[Destination]) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(self.tr("Navigation"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self._items: dict[str, NavItem] = {}
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(8, 12, 8, 12)
        column.setSpacing(2)
        section = ""
        for each in destinations:
            if each.section and each.section != section:
                column.addSpacing(12)
                title = Text(each.section, "section")
                title.setIndent(10)
                column.addWidget(title)
            section = each.section
            item = NavItem(each)
            item.clicked.connect(lambda _checked=False, name=each.name: self.chosen.emit(name))
            self._items[each.name] = item
            column.addWidget(item)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        area.viewport().setAutoFillBackground(False)
        inner.setAutoFillBackground(False)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 1, 0)
        outer.addWidget(area)

    def item(self, name: str) -> NavItem:
        """The item of a screen; KeyError if there is none."""
        return self._items[name]

    def set_current(self, name: str) -> None:
        """Mark where one is; a screen that is not on the rail marks nothing."""
        for each, item in self._items.items():
            item.set_current(current=each == name)

    def set_count(self, name: str, count: int) -> None:
        """Show how many wait at a screen."""
        if name in self._items:
            self._items[name].set_count(count)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down move along the rail."""
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        step = steps.get(Qt.Key(event.key()))
        items = list(self._items.values())
        focused = self.focusWidget()
        if step is None or focused not in items:
            super().keyPressEvent(event)
            return
        assert isinstance(focused, NavItem)  # noqa: S101 - only items are in the list
        items[(items.index(focused) + step) % len(items)].setFocus(Qt.FocusReason.TabFocusReason)

    def sizeHint(self) -> QSize:
        """As wide as the design says, at this text size."""
        return QSize(current_theme().px(RAIL_WIDTH), 200)
