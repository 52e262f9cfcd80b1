"""What a screen is, and the register that the window finds screens in. Each is one file, handed what it needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from desktop.theme import current_theme
from desktop.widgets import ElidedText

PAGE_MARGIN = 24
PAGE_GAP = 20
PAGE_WIDTH_MAX = 1400
SIDE_WIDTH = 336

QWIDGETSIZE_MAX = (1 << 24) - 1
"""Qt's own "no limit" for a width."""

_CODE = re.compile(r"\d{4}")


class Screen(QWidget):
    """A page: a title, a main column and perhaps a side column, scrolled together.

    `go` asks the window for another screen by name, with whatever that screen's `opened` understands. Enter in any
    field is `primary`; a focused button takes its own Enter.
    """

    go = Signal(str, object)
    discretion_changed = Signal()

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setAccessibleName(title)
        self._title = ElidedText(title, "title")
        self._subtitle = ElidedText("", "subtitle")
        heading = QHBoxLayout()
        heading.setSpacing(10)
        heading.addWidget(self._title, 0, Qt.AlignmentFlag.AlignBaseline)
        heading.addWidget(self._subtitle, 0, Qt.AlignmentFlag.AlignBaseline)
        heading.addStretch(1)
        self.heading = heading
        self._main, self._side = QVBoxLayout(), QVBoxLayout()
        for column in (self._main, self._side):
            column.setSpacing(14)
        # A stretch, no alignment: an aligned layout cuts off what needs more height at its width, such as long names.
        self._main.addStretch(1)
        self._side_box = QWidget()
        self._side_box.setLayout(self._side)
        self._side_box.hide()
        self._side.setContentsMargins(0, 0, 0, 0)
        self._columns = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._columns.setSpacing(PAGE_GAP)
        self._columns.addLayout(self._main, 1)
        self._columns.addWidget(self._side_box, 0, Qt.AlignmentFlag.AlignTop)
        self._scroll(heading, self._columns)

    def add_main(self, widget: QWidget, stretch: int = 0) -> None:
        """Put a widget below the others of the main column; with a stretch it takes the height that is left."""
        last = self._main.count() - 1
        self._main.insertWidget(last, widget, stretch)
        if stretch:
            self._main.setStretch(last + 1, 0)

    def add_side(self, widget: QWidget) -> None:
        """Put a widget below the others of the side column."""
        self._side.addWidget(widget)
        self._side_box.show()

    def set_title(self, title: str, subtitle: str = "") -> None:
        """Say where one is, and beside it with whom or on what."""
        self._title.setText(title)
        self._subtitle.setText(subtitle)
        self.setAccessibleName(" ".join(part for part in (title, subtitle) if part))

    def opened(self, arguments: object) -> None:  # noqa: ARG002 - for screens to override
        """The window shows this screen; `arguments` is what `go` was given. Load and put the focus here."""
        self.setFocus()

    def back(self) -> bool:
        """Esc: go back one step within the screen. False when there is none, which leads home."""
        return False

    def may_leave(self) -> bool:
        """Whether the screen can be left without losing anything that a person typed and wants."""
        return True

    def hides_drawer(self) -> bool:
        """Whether what the drawer should hold stays unsaid for now; `discretion_changed` when that changes."""
        return False

    def primary(self) -> None:
        """Enter in a field: what the screen's primary button does."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter that no control took is the primary action. A key held down does not run through a review."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not event.isAutoRepeat():
                self.primary()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Columns that do not fit side by side (large text, a small window) stand one below the other."""
        super().resizeEvent(event)
        self._arrange()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """What stands on the page has become wider or narrower."""
        if event.type() is QEvent.Type.LayoutRequest:
            self._arrange()
        return super().eventFilter(watched, event)

    def _arrange(self) -> None:
        side = current_theme().px(SIDE_WIDTH)
        needed = self._main.minimumSize().width() + PAGE_GAP + side + 2 * PAGE_MARGIN
        beside = needed <= self.width()
        direction = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        self._columns.setDirection(direction)
        self._side_box.setMinimumWidth(side if beside else 0)
        self._side_box.setMaximumWidth(side if beside else QWIDGETSIZE_MAX)
        self._page.setMaximumWidth(current_theme().px(PAGE_WIDTH_MAX))
        self._keep_title()

    def _keep_title(self) -> None:
        """Where the line is too short for both, the subtitle gives way before the title does."""
        parts = [self.heading.itemAt(number) for number in range(self.heading.count())]
        others = [part.minimumSize().width() for part in parts if part is not None and part.widget() is not self._title]
        gaps = self.heading.spacing() * (self.heading.count() - 1)
        room = min(self.width(), current_theme().px(PAGE_WIDTH_MAX)) - 2 * PAGE_MARGIN - sum(others) - gaps
        self._title.setMinimumWidth(max(0, min(self._title.sizeHint().width(), room)))

    def _scroll(self, heading: QHBoxLayout, columns: QBoxLayout) -> None:
        self._page = page = QWidget()
        page.setObjectName("page")
        page.installEventFilter(self)
        inner = QVBoxLayout(page)
        inner.setContentsMargins(PAGE_MARGIN, 20, PAGE_MARGIN, PAGE_MARGIN)
        inner.setSpacing(18)
        inner.addLayout(heading)
        inner.addLayout(columns, 1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.viewport().setAutoFillBackground(False)
        area.setWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)


@dataclass(frozen=True, slots=True)
class ScreenEntry:
    """A screen in the register. `make` builds it when it is first opened, closed over all that it needs.

    `key` is a shortcut of the window (`F2`), `code` the trade code for the search box. Without a `rail_title` the
    screen is not on the rail.
    """

    name: str
    make: Callable[[], Screen]
    rail_title: str = ""
    section: str = ""
    key: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class GoTo:
    """What was typed names a screen."""

    name: str


@dataclass(frozen=True, slots=True)
class LookUp:
    """What was typed is to be looked up among customers and accounts."""

    text: str


def resolve_search(text: str, entries: Sequence[ScreenEntry]) -> GoTo | LookUp:
    """A known trade code goes to its screen; anything else, an unknown code included, is looked up."""
    typed = text.strip()
    if _CODE.fullmatch(typed):
        for entry in entries:
            if entry.code == typed:
                return GoTo(entry.name)
    return LookUp(typed)
