"""What each balance is and what it will be: beside every money screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtWidgets import QGridLayout, QSpacerItem, QWidget

from core.money import Money, format_amount
from desktop.theme import current_theme
from desktop.widgets.panels import empty_layout
from desktop.widgets.text import Hairline, Text

NOTHING = "\u2014"
_BESIDE_LENGTH_MAX = 13


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """One line of what an operation does; None where there is nothing to say yet."""

    label: str
    before: Money | None
    after: Money | None


class BeforeAfterTable(QWidget):
    """What each balance is and what it will be."""

    def __init__(self, rows: Sequence[BeforeAfter] = (), locale: str = "en_GB") -> None:
        super().__init__()
        self._locale = locale
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setColumnStretch(0, 1)
        self.set_rows(rows)

    def set_rows(self, rows: Sequence[BeforeAfter]) -> None:
        """Show these lines instead."""
        empty_layout(self._grid)
        for column, title in ((1, self.tr("Before")), (2, self.tr("After"))):
            self._grid.addWidget(Text(title, "column", right=True), 0, column)
            self._grid.setColumnMinimumWidth(column, current_theme().px(72))
        self._grid.addWidget(Hairline(), 1, 0, 1, 3)
        shown = [(row.label, self._text(row.before), self._text(row.after)) for row in rows]
        # Figures too long to stand beside their words stand below them: no figure is ever cut.
        stacked = any(max(len(before), len(after)) > _BESIDE_LENGTH_MAX for _label, before, after in shown)
        # Words stand closer to their own figures than to those of the line above.
        self._grid.setVerticalSpacing(2 if stacked else 8)
        line = 2
        for row_label, before, after in shown:
            if stacked:
                self._grid.addItem(QSpacerItem(0, 6), line, 0)
                line += 1
            label = Text(row_label, "cell", wrap=not stacked)
            label.setAccessibleName(self.tr("{label}: before {before}, after {after}").format(
                label=row_label, before=before, after=after))  # fmt: skip
            self._grid.addWidget(label, line, 0, 1, 3 if stacked else 1)
            line += stacked
            self._grid.addWidget(Text(before, "cell", right=True), line, 0 if stacked else 1, 1, 2 if stacked else 1)
            self._grid.addWidget(Text(after, "value", right=True), line, 2)
            line += 1

    def _text(self, money: Money | None) -> str:
        return NOTHING if money is None else format_amount(money, self._locale)
