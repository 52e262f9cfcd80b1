"""The amount: the largest thing on a money screen, read strictly and said in words below."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit

from core.errors import Refusal
from core.money import Money, format_amount, parse_amount
from desktop.widgets.fields import Field
from desktop.widgets.focus_ring import RING_TARGET
from desktop.widgets.text import Text, muted
from desktop.wording import amount_in_words, refusal_sentence


class _AmountEdit(QLineEdit):
    left = Signal()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason):
            self.left.emit()


class AmountField(Field):
    """Reads an amount in one currency. `money_changed` carries a `Money`, or None while there is none to read.

    What was typed stays as typed until it is a whole amount and the field is left; then it is grouped.
    """

    money_changed = Signal(object)
    submitted = Signal()

    def __init__(self, label: str, currency: str, locale: str = "en_GB", *, hint: str = "") -> None:
        self._currency, self._locale = currency, locale
        self._refusal: Refusal | None = None
        self._money: Money | None = None
        self._prefix = Text(currency, "prefix")
        self.edit = _AmountEdit()
        frame = QFrame()
        frame.setObjectName("amount_frame")
        frame.setProperty(RING_TARGET, True)
        # The whole frame looks like the field, so a click anywhere in it is a click in the field.
        frame.setFocusProxy(self.edit)
        frame.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.edit.setProperty("bare", True)
        self.edit.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.edit.setMaxLength(40)
        self.edit.setInputMethodHints(Qt.InputMethodHint.ImhFormattedNumbersOnly)
        self.edit.setPlaceholderText(format_amount(Money(0, currency), locale))
        row = QHBoxLayout(frame)
        row.setContentsMargins(12, 0, 8, 0)
        row.addWidget(muted(self._prefix))
        row.addWidget(self.edit, 1)
        super().__init__(label, frame, focus=self.edit, hint=hint, frame=frame)
        self._own_hint = hint
        self.edit.textChanged.connect(self._read)
        self.edit.left.connect(self._leave)
        self.edit.returnPressed.connect(self._enter)
        self._read("")

    def money(self) -> Money | None:
        """The amount, if what stands there is one."""
        return self._money

    def refusal(self) -> Refusal | None:
        """Why what stands there is no amount."""
        return self._refusal

    def set_money(self, money: Money | None) -> None:
        """Put an amount into the field, in its own currency."""
        if money is not None and money.currency != self._currency:
            self.set_currency(money.currency)
        self.edit.setText("" if money is None else format_amount(money, self._locale))

    def set_currency(self, currency: str) -> None:
        """Read another currency from here on; what was typed stays."""
        self._currency = currency
        self._prefix.setText(currency)
        self.edit.setPlaceholderText(format_amount(Money(0, currency), self._locale))
        self._read(self.edit.text())

    def check(self) -> Money | None:
        """The amount for going on with; if there is none, the field says why and takes the focus."""
        if self._money is None and self._refusal is not None:
            self.set_error(refusal_sentence(self._refusal, self._locale))
            self.edit.setFocus()
        return self._money

    def clear(self) -> None:
        """Empty the field."""
        self.edit.clear()
        self.set_error(None)

    def _read(self, text: str) -> None:
        before = self._money
        answer = parse_amount(text, self._currency, self._locale)
        self._money = answer if isinstance(answer, Money) else None
        self._refusal = answer if isinstance(answer, Refusal) else None
        self.set_error(None)
        self.set_hint(amount_in_words(self._money, self._locale) if self._money else self._own_hint)
        if before != self._money:
            self.money_changed.emit(self._money)

    def _leave(self) -> None:
        if self._money is not None:
            self.edit.setText(format_amount(self._money, self._locale))
        elif self._refusal is not None and self._refusal.code != "amount_missing":
            self.set_error(refusal_sentence(self._refusal, self._locale))

    def _enter(self) -> None:
        if self.check() is not None:
            self._leave()
            self.submitted.emit()
