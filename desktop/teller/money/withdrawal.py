"""Cash paid out over the counter from an account (trade code 1001)."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from core.documents.receipt import ReceiptKind
from core.ids import Randomness
from desktop.desk import Desk
from desktop.teller.money.aftermath import Papers
from desktop.teller.money.cash_form import CashForm
from desktop.teller.money.money_screen import MoneyScreen
from desktop.teller.money.trade import Trade


def _tr(text: str) -> str:
    return QCoreApplication.translate("money", text)


class WithdrawalScreen(MoneyScreen):
    """Cash paid out over the counter from an account."""

    def __init__(self, desk: Desk, randomness: Randomness, papers: Papers) -> None:
        trade = Trade(
            title=_tr("Cash withdrawal"),
            review=_tr("Review: cash withdrawal"),
            confirm=_tr("Pay out and post"),
            posted=_tr("Paid out and posted"),
            direction="out",
            with_cash=True,
            receipt=ReceiptKind.WITHDRAWAL,
        )
        super().__init__(desk, trade, CashForm(desk, "out", randomness), papers)
