"""Money sent from an account to another, here or anywhere (trade code 0006)."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from core.documents.receipt import ReceiptKind
from core.ids import Randomness
from desktop.desk import Desk
from desktop.teller.money.aftermath import Papers
from desktop.teller.money.money_screen import MoneyScreen
from desktop.teller.money.trade import Trade
from desktop.teller.money.transfer_form import TransferForm


def _tr(text: str) -> str:
    return QCoreApplication.translate("money", text)


class TransferScreen(MoneyScreen):
    """Money sent from an account to another, here or anywhere."""

    def __init__(self, desk: Desk, randomness: Randomness, papers: Papers) -> None:
        trade = Trade(
            title=_tr("Transfer"),
            review=_tr("Review: transfer"),
            confirm=_tr("Send and post"),
            posted=_tr("Sent and posted"),
            direction="out",
            with_cash=False,
            receipt=ReceiptKind.TRANSFER,
        )
        super().__init__(desk, trade, TransferForm(desk, randomness), papers)
