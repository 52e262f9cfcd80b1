"""The fields of cash in and out: the amount, a narrative, and notes and coins whose sum is checked."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from core.denominations import denominations
from core.errors import Refusal
from core.ids import Randomness
from core.money import Money
from core.operations.cash import CashDeposited, CashWithdrawn
from core.records import make_record
from desktop.desk import Desk
from desktop.teller.money.effects import Direction
from desktop.teller.money.facts import CounterFacts, short_iban
from desktop.teller.money.order import MoneyForm, Order
from desktop.teller.money.texts import TYPED_LENGTH_MAX, check_text
from desktop.teller.refusals import say_refusal
from desktop.widgets import AmountField, Denomination, DenominationTable, Field, Text, TextField

_BLOCK_ROWS = 6


class CashForm(MoneyForm):
    """Cash into an account (`in`) or out of it. In the drawer column stands what is there to be paid out."""

    def __init__(self, desk: Desk, direction: Direction, randomness: Randomness) -> None:
        super().__init__()
        self._desk, self._direction, self._randomness = desk, direction, randomness
        self._locale = desk.place.locale
        self._currency = ""
        self._notes: DenominationTable | None = None
        self.amount = AmountField(self.tr("&Amount"), desk.place.currency, self._locale)
        self.amount.edit.setObjectName("amount")
        self.narrative = TextField(
            self.tr("&Narrative"),
            hint=self.tr("Shown on the customer's statement"),
            placeholder=self.tr("Cash at the counter"),
            length_max=TYPED_LENGTH_MAX,
        )
        self.narrative.edit.setObjectName("narrative")
        self._notes_title = Text(self.tr("Denominations \u2014 optional, the sum is checked"), "label")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(12)
        pair = QHBoxLayout()
        pair.setSpacing(14)
        pair.addWidget(self.amount, 6, Qt.AlignmentFlag.AlignTop)
        pair.addWidget(self.narrative, 5, Qt.AlignmentFlag.AlignTop)
        self._column.addLayout(pair)
        self._column.addWidget(self._notes_title)
        self._set_currency(desk.place.currency)
        self.amount.money_changed.connect(self._amount_changed)
        self.narrative.changed.connect(lambda _text: self.changed.emit())
        self.setFocusProxy(self.amount)

    def show_facts(self, facts: CounterFacts) -> None:
        """Take the account's currency, and what the drawer holds."""
        self._set_currency(facts.account.currency)
        pieces = facts.drawer.pieces if facts.drawer is not None and facts.drawer.is_open else None
        if self._notes is not None and self._direction == "out":
            values = denominations(self._currency)
            self._notes.show_in_drawer(
                {value: pieces.get(value, 0) if pieces is not None else None for value in values}
            )

    def order(self, facts: CounterFacts, ready: Callable[[Order], None]) -> None:
        """The deposit or withdrawal that is filled in."""
        narrative = self.narrative.text()
        wrong = check_text(narrative, "narrative")
        if wrong is not None:
            self.narrative.set_error(say_refusal(wrong, self._locale))
            self.narrative.setFocus()
        amount = self.amount.check()
        if wrong is not None or amount is None or not self._counts_fit():
            return
        records: dict[str, bytes] = {}
        details: str | None = None
        if narrative:
            details, data = make_record({"narrative": narrative}, self._randomness)
            records[details] = data
        kind = CashDeposited if self._direction == "in" else CashWithdrawn
        body = kind(
            account=facts.account.account,
            account_branch=facts.account.branch,
            currency=amount.currency,
            amount=amount.minor,
            counts=(self._notes.counts() if self._notes is not None else None) or None,
            details=details,
        )
        pairs = [(self.tr("Customer"), facts.holder.name), (self.tr("Account"), short_iban(facts.account.iban))]
        if narrative:
            pairs.append((self.tr("Narrative"), narrative))
        ready(Order(body, facts.account.account, amount, tuple(pairs), records, with_drawer=True))

    def field_of(self, name: str | None) -> Field | None:
        """The amount or the narrative."""
        return self.narrative if name == "narrative" else super().field_of(name)

    def show_error(self, refusal: Refusal, text: str) -> bool:
        """What the drawer can't pay out stands at the amount."""
        if refusal.field == "counts" and self._notes is not None:
            self._notes.setFocus()
            return False
        return super().show_error(refusal, text)

    def is_dirty(self) -> bool:
        """Whether an amount, a narrative or a count was typed."""
        counted = self._notes is not None and not self._notes.is_empty()
        return bool(self.amount.edit.text() or self.narrative.text() or counted)

    def clear(self) -> None:
        """Empty every field."""
        self.amount.clear()
        self.narrative.clear()
        if self._notes is not None:
            self._notes.set_counts({})

    def _counts_fit(self) -> bool:
        if self._notes is None:
            return True
        if not self._notes.check():
            return False
        if self._notes.agrees() and not self._notes.short_in_drawer():
            return True
        self._notes.setFocus()
        return False

    def _amount_changed(self, money: Money | None) -> None:
        if self._notes is not None:
            self._notes.set_expected(money)
        self.changed.emit()

    def _set_currency(self, currency: str) -> None:
        if currency == self._currency:
            return
        self._currency = currency
        self.amount.set_currency(currency)
        if self._notes is not None:
            self._column.removeWidget(self._notes)
            self._notes.deleteLater()
            self._notes = None
        values = denominations(currency)
        self._notes_title.setVisible(bool(values))
        self.review_key = self.tr("Ctrl Enter") if values else ""
        if values:
            self._notes = self._table([Denomination(Money(value, currency)) for value in values])
            self._column.addWidget(self._notes)

    def _table(self, values: list[Denomination]) -> DenominationTable:
        table = DenominationTable(
            values,
            self.tr("Pay out") if self._direction == "out" else self.tr("Received"),
            self._locale,
            blind=self._direction == "in",
            blocks=2 if len(values) > _BLOCK_ROWS else 1,
        )
        table.setObjectName("denominations")
        table.set_expected(self.amount.money())
        table.changed.connect(self.changed)
        table.finished.connect(self.finished)
        return table
