"""The teller's window: home, customers and their files, the counter, the drawer and the day, the journal."""

from __future__ import annotations

from core.ids import Randomness, system_randomness
from desktop.desk import Desk
from desktop.screens import GoTo, LookUp, ScreenEntry, resolve_search
from desktop.teller.customers.amend import AmendScreen
from desktop.teller.customers.close_account import CloseAccountScreen
from desktop.teller.customers.file import CustomerScreen
from desktop.teller.customers.freezes import FreezesScreen
from desktop.teller.customers.history import HistoryScreen
from desktop.teller.customers.kyc import KycScreen
from desktop.teller.customers.open_account import OpenAccountScreen
from desktop.teller.customers.register import RegisterScreen
from desktop.teller.customers.search import CustomersScreen
from desktop.teller.devices import device_screens
from desktop.teller.drawer.counting import CountScreen
from desktop.teller.drawer.days import CloseDayScreen, OpenDayScreen
from desktop.teller.drawer.opening import OpenDrawerScreen
from desktop.teller.drawer.overview import DrawerScreen
from desktop.teller.drawer.vault import VaultScreen
from desktop.teller.home import HomeScreen
from desktop.teller.journal import JournalScreen
from desktop.teller.money import money_screens
from desktop.teller.money.aftermath import Papers
from desktop.teller.reverse import ReverseScreen
from desktop.teller.statement import StatementScreen
from desktop.teller.this_desk import ThisDeskScreen

LOOK_UP = "customers"
"""The screen that opens with what is typed in the window's search box and is no trade code."""

_HERE = Papers()


def teller_screens(
    desk: Desk, papers: Papers = _HERE, *, randomness: Randomness = system_randomness
) -> list[ScreenEntry]:
    """Every screen of the teller's window, in the order of the rail; home is the first."""
    entries: list[ScreenEntry] = []

    def resolve(text: str) -> GoTo | LookUp:
        return resolve_search(text, entries)

    day = desk.tr("Drawer and day")
    entries += [
        ScreenEntry("home", lambda: HomeScreen(desk, resolve), desk.tr("Home"), key="Esc"),
        ScreenEntry("customers", lambda: CustomersScreen(desk), desk.tr("Customers"), key="F2"),
        *money_screens(desk, randomness=randomness, papers=papers),
        ScreenEntry("drawer", lambda: DrawerScreen(desk), desk.tr("My drawer"), day, code="9001"),
        ScreenEntry("vault", lambda: VaultScreen(desk), desk.tr("Vault"), day, code="9002"),
        ScreenEntry("journal", lambda: JournalScreen(desk, papers), desk.tr("Journal"), day, key="F7"),
        ScreenEntry("this_desk", lambda: ThisDeskScreen(desk), desk.tr("This desk"), day, key="F10"),
        *device_screens(desk, day),
        *_customer_screens(desk, papers, randomness),
        *_day_screens(desk),
    ]
    return entries


def _customer_screens(desk: Desk, papers: Papers, randomness: Randomness) -> list[ScreenEntry]:
    """Screens that a customer's file leads to; they are not on the rail."""
    return [
        ScreenEntry("customer", lambda: CustomerScreen(desk)),
        ScreenEntry("register_customer", lambda: RegisterScreen(desk, randomness)),
        ScreenEntry("amend_customer", lambda: AmendScreen(desk, randomness)),
        ScreenEntry("customer_history", lambda: HistoryScreen(desk)),
        ScreenEntry("decide_kyc", lambda: KycScreen(desk, randomness)),
        ScreenEntry("open_account", lambda: OpenAccountScreen(desk)),
        ScreenEntry("close_account", lambda: CloseAccountScreen(desk)),
        ScreenEntry("freezes", lambda: FreezesScreen(desk, randomness)),
        ScreenEntry("statement", lambda: StatementScreen(desk, papers)),
        ScreenEntry("reverse", lambda: ReverseScreen(desk, randomness)),
    ]


def _day_screens(desk: Desk) -> list[ScreenEntry]:
    """Screens that the drawer's page leads to."""
    return [
        ScreenEntry("open_day", lambda: OpenDayScreen(desk)),
        ScreenEntry("open_drawer", lambda: OpenDrawerScreen(desk)),
        ScreenEntry("count_drawer", lambda: CountScreen(desk, closing=False)),
        ScreenEntry("close_drawer", lambda: CountScreen(desk, closing=True)),
        ScreenEntry("close_day", lambda: CloseDayScreen(desk)),
    ]
