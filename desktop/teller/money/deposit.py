"""Cash taken in over the counter for an account (trade code 1401)."""

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


class DepositScreen(MoneyScreen):
    """Cash taken in over the counter for an account."""

    def __init__(self, desk: Desk, randomness: Randomness, papers: Papers) -> None:
        trade = Trade(
            title=_tr("Cash deposit"),
            review=_tr("Review: cash deposit"),
            confirm=_tr("Take in and post"),
            posted=_tr("Taken in and posted"),
            direction="in",
            with_cash=True,
            receipt=ReceiptKind.DEPOSIT,
        )
        super().__init__(desk, trade, CashForm(desk, "in", randomness), papers)
