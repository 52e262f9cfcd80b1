"""The money screens of the counter: deposit, withdrawal and transfer, as entries for the window."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from core.ids import Randomness, system_randomness
from desktop.desk import Desk
from desktop.screens import ScreenEntry
from desktop.teller.money.aftermath import Papers
from desktop.teller.money.deposit import DepositScreen
from desktop.teller.money.transfer import TransferScreen
from desktop.teller.money.withdrawal import WithdrawalScreen

_HERE = Papers()


def money_screens(
    desk: Desk, *, randomness: Randomness = system_randomness, papers: Papers = _HERE
) -> list[ScreenEntry]:
    """The entries `deposit` (1401), `withdrawal` (1001) and `transfer` (0006), in the counter's section of the rail."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("money", text)

    section = tr("Counter")
    return [
        ScreenEntry("deposit", lambda: DepositScreen(desk, randomness, papers), tr("Deposit"), section, code="1401"),
        ScreenEntry(
            "withdrawal", lambda: WithdrawalScreen(desk, randomness, papers), tr("Withdrawal"), section, code="1001"
        ),
        ScreenEntry("transfer", lambda: TransferScreen(desk, randomness, papers), tr("Transfer"), section, code="0006"),
    ]
