"""What is possible where a desk's rights do not cover a payment: pay less, stand in, ask the centre, try again."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.money import format_money
from desktop.teller.drafting import Shortage
from desktop.teller.refusals import say_refusal
from desktop.widgets import Button, Notice


class ShortageNotice(QWidget):
    """Says what is lacking, and offers what is possible. Hidden while nothing is lacking.

    `less_wanted` carries the `Money` that can be paid, `standin_wanted` the `Draft` of the stand-in;
    `changed` says that it stands there, or no more.
    """

    less_wanted = Signal(object)
    standin_wanted = Signal(object)
    request_wanted = Signal()
    again_wanted = Signal()
    changed = Signal()

    def __init__(self, locale: str, *, pays_less: bool = False, asks: bool = False) -> None:
        """`pays_less`: a smaller amount is an answer; `asks`: it may be left to the centre to do."""
        super().__init__()
        self.setObjectName("shortage")
        self._locale, self._pays_less, self._asks = locale, pays_less, asks
        self._shortage: Shortage | None = None
        self._notice = Notice("", " ", "warn")
        self.less = Button("", key="F3", small=True)
        self.stand_in = Button(self.tr("Stand in\u2026"), key="F4", small=True)
        self.ask = Button(self.tr("Send as a request"), key="F4", small=True)
        self.again = Button(self.tr("Try again"), key="F5", small=True)
        named = ((self.less, "pay_less"), (self.stand_in, "stand_in"), (self.ask, "ask"), (self.again, "try_again"))
        row = QHBoxLayout()
        row.setSpacing(8)
        for button, name in named:
            button.setObjectName(name)
            row.addWidget(button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._notice)
        column.addLayout(row)
        self.less.clicked.connect(self._less)
        self.stand_in.clicked.connect(self._stand_in)
        self.ask.clicked.connect(self.request_wanted)
        self.again.clicked.connect(self.again_wanted)
        self.take_back()

    def show_shortage(self, shortage: Shortage) -> None:
        """Say it, and offer what is possible here and now."""
        self._shortage = shortage
        offers_less = self._pays_less and shortage.payable.minor > 0
        asks = self._asks and (not shortage.line_up or shortage.coming.minor > 0)
        self.less.set_label(self.tr("Pay out {amount}").format(amount=format_money(shortage.payable, self._locale)))
        for button, offered in (
            (self.less, offers_less),
            (self.stand_in, shortage.standin is not None),
            (self.ask, asks),
            (self.again, not shortage.line_up or shortage.coming.minor > 0),
        ):
            button.setVisible(offered)
            button.setEnabled(offered)
        self._notice.show_notice(self._lead(shortage), self._text(shortage, asks=asks), "warn")
        self.show()
        self.changed.emit()

    def take_back(self) -> None:
        """Nothing is lacking as far as is known."""
        self._shortage = None
        for button in (self.less, self.stand_in, self.ask, self.again):
            button.setEnabled(False)
        self.hide()
        self.changed.emit()

    def text(self) -> str:
        """What it says."""
        return self._notice.text()

    def _lead(self, shortage: Shortage) -> str:
        if shortage.coming.minor:
            return self.tr("On its way.")
        missing = format_money(shortage.missing, self._locale)
        return self.tr("{missing} is lacking.").format(missing=missing)

    def _text(self, shortage: Shortage, *, asks: bool) -> str:
        coming = format_money(shortage.coming, self._locale)
        if shortage.coming.minor:
            said = [self.tr("{amount} is being handed back by other desks; try again in a moment.")]
        elif shortage.line_up:
            said = [self.tr("The account does not cover it.")]
        else:
            said = [self.tr("The centre can't be asked for it now.")]
        if shortage.standin is not None:
            said.append(self.tr("A supervisor may stand in for it: it is paid at the bank's own risk."))
        elif shortage.why_no_standin is not None:
            why = say_refusal(shortage.why_no_standin, self._locale)
            said.append(self.tr("Nobody may stand in for it. {why}").format(why=why))
        if asks:
            said.append(self.tr("As a request it waits for the centre, and nothing is posted before."))
        return " ".join(said).format(amount=coming)

    def _less(self) -> None:
        if self._shortage is not None:
            self.less_wanted.emit(self._shortage.payable)

    def _stand_in(self) -> None:
        if self._shortage is not None and self._shortage.standin is not None:
            self.standin_wanted.emit(self._shortage.standin)
