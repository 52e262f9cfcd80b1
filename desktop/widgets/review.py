"""Review before posting: in the page, not in a window of its own, with what will be done and one key to confirm."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from core.money import Money, format_amount
from desktop.widgets.before_after import BeforeAfter, BeforeAfterTable
from desktop.widgets.buttons import Button
from desktop.widgets.panels import KeyValueList, Notice
from desktop.widgets.text import Hairline, Text
from desktop.wording import amount_in_words


class ReviewPanel(QFrame):
    """What is about to be posted. Nothing has happened until `confirmed`; `back` returns with everything as typed."""

    confirmed = Signal()
    back = Signal()

    def __init__(self, title: str, confirm: str, locale: str = "en_GB") -> None:
        super().__init__()
        self._locale = locale
        self._title = Text(title, "heading")
        self._amount = Text("", "figure")
        self._words = Text("", "small", wrap=True)
        self._pairs = KeyValueList()
        self._effects = BeforeAfterTable(locale=locale)
        self._notice = Notice()
        self._notice.hide()
        self.confirm_button = Button(confirm, "primary", shown_key=self.tr("Enter"))
        self.back_button = Button(self.tr("Change something"), shown_key="Esc")
        self.confirm_button.clicked.connect(self._confirm)
        self.back_button.clicked.connect(self.back)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 16)
        column.setSpacing(12)
        column.addWidget(self._title)
        figures = QVBoxLayout()
        figures.setSpacing(2)
        figures.addWidget(self._amount)
        figures.addWidget(self._words)
        column.addLayout(figures)
        column.addWidget(self._notice)
        column.addWidget(Hairline())
        column.addWidget(self._pairs)
        column.addSpacing(2)
        column.addWidget(self._effects)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addWidget(self.confirm_button)
        buttons.addWidget(self.back_button)
        buttons.addStretch(1)
        column.addSpacing(4)
        column.addLayout(buttons)
        self.setFocusProxy(self.confirm_button)

    def show_review(
        self, amount: Money | None, pairs: Sequence[tuple[str, str | QWidget]], effects: Sequence[BeforeAfter] = ()
    ) -> None:
        """Show what will be posted and put the focus on the button that does it."""
        has = amount is not None
        self._amount.setText(f"{format_amount(amount, self._locale)} {amount.currency}" if amount else "")
        self._words.setText(amount_in_words(amount, self._locale) if amount else "")
        self._amount.setVisible(has)
        self._words.setVisible(has)
        self._pairs.set_rows(pairs)
        self._effects.set_rows(effects)
        self._effects.setVisible(bool(effects))
        self._notice.hide()
        self.set_busy(busy=False)
        self.confirm_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_problem(self, lead: str, text: str) -> None:
        """Say why it was not done; everything stays as it was."""
        self._notice.show_notice(lead, text, "danger")
        self._notice.show()
        self.set_busy(busy=False)

    def take_back(self) -> None:
        """As it was before it was confirmed, because whoever confirmed it took that back."""
        self._notice.hide()
        self.set_busy(busy=False)
        self.confirm_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_busy(self, *, busy: bool) -> None:
        """While the answer is awaited nothing can be pressed twice."""
        self.confirm_button.setEnabled(not busy)
        self.back_button.setEnabled(not busy)

    def _confirm(self) -> None:
        self.set_busy(busy=True)
        self.confirmed.emit()
