"""An amount of cash with its notes and coins: the sum is checked where they are counted."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.money import Money
from desktop.desk import Place
from desktop.teller.drawer.figures import count_table
from desktop.widgets import AmountField, Text


@dataclass(frozen=True, slots=True)
class Cash:
    """An amount, and its pieces by value in minor units if they were counted."""

    amount: Money
    counts: dict[int, int] | None


class CashForm(QWidget):
    """The amount and the table. Counting without an amount makes the sum the amount."""

    finished = Signal()

    def __init__(self, place: Place, label: str, count_title: str) -> None:
        super().__init__()
        self._currency = place.currency
        self.amount = AmountField(label, place.currency, place.locale)
        self.amount.edit.setObjectName("amount")
        self.table = count_table(place, count_title)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.amount)
        if self.table is not None:
            column.addWidget(Text(self.tr("Notes and coins \u2014 optional, the sum is checked"), "label"))
            column.addWidget(self.table)
            self.amount.money_changed.connect(self.table.set_expected)
            self.table.finished.connect(self.finished)
        self.setFocusProxy(self.amount)

    def is_empty(self) -> bool:
        """Whether nothing was typed."""
        return not self.amount.edit.text() and (self.table is None or self.table.is_empty())

    def clear(self) -> None:
        """Empty everything."""
        self.amount.clear()
        if self.table is not None:
            self.table.set_counts({})

    def checked(self) -> Cash | None:
        """The cash for going on with; None once a field has said what is wrong."""
        table = self.table
        counts = table.counts() if table is not None else {}
        if table is not None and counts and not self.amount.edit.text():
            self.amount.set_money(table.total())
        amount = self.amount.check()
        if amount is None:
            return None
        if table is not None and not table.agrees():
            self.amount.set_error(self.tr("The notes and coins do not come to this amount."))
            table.setFocus()
            return None
        return Cash(amount, counts or None)
