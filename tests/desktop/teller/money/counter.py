"""A counter under test: a real device on a real file, a centre in memory, and a window with the money screens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from core.book.rows import DepositAccount
from core.clock import FixedClock
from core.device import Draft, OpenSession
from core.errors import CentreRefusal, LineProblem
from core.ledger import drawer
from core.operations.rights import available_on
from core.operations.transfers import TransferReceived
from core.store.queries.accounts import account_summary
from core.store.queries.books import ledger_balance
from core.store.queries.journal import OperationDetail, journal, operation_detail
from core.sync.fetched import FetchedRights
from core.sync.messages import BranchDevice, LateRun
from desktop.desk import ApprovalRequest, Desk, Place
from desktop.screens import Screen, ScreenEntry
from desktop.shell import Shell
from desktop.tasks import Tasks
from desktop.teller.money import money_screens
from desktop.teller.money.aftermath import Papers
from desktop.teller.money.money_screen import MoneyScreen
from desktop.widgets import Button
from tests.bank import counted_randomness
from tests.core.device.desk import Desk as DeskUnderTest
from tests.core.device.memory_centre import MemoryCentre
from tests.desktop.hands import press, type_text

PLACE = Place("Fjordbanken", "odense", "Odense", "Desk 1", "kasse-1", "DKK", "en_GB")


def texts(widget: QWidget) -> str:
    """Everything that a part of the screen says."""
    labels = widget.findChildren(QLabel)
    return "\n".join(f"{label.text()} {label.accessibleName()}" for label in labels if label.isVisibleTo(widget))


_QUIET_ROUNDS = 3


class CentreLine:
    """The line to the centre in memory: up, down, or answered with no."""

    def __init__(self, desk: DeskUnderTest, centre: MemoryCentre) -> None:
        self._desk, self._centre = desk, centre
        self.down = False
        self.refuses = False
        self.answers: Callable[[], FetchedRights] | None = None
        self.devices: tuple[BranchDevice, ...] = ()
        self.late: dict[tuple[str, int], LateRun] = {}
        self.asked: list[tuple[str, int, int]] = []
        self.held: list[str] = []
        self.asked_for: list[str] = []
        self.woken = 0
        self.tried = 0

    def wake(self) -> None:
        self.woken += 1

    def fetch_rights(self, account: str, least: int, amount: int) -> FetchedRights:
        self.asked.append((account, least, amount))
        if self.down:
            raise LineProblem("The centre can't be reached.")
        if self.refuses:
            raise CentreRefusal("The centre says no.", code="account_frozen")
        if self.answers is not None:
            return self.answers()
        self._desk.sync()
        held = self._centre.book.get(DepositAccount, account)
        assert held is not None
        enough = available_on(held) >= least
        granted = self._centre.grant(account, self._desk.device.identity.device, amount) if enough else 0
        self._desk.read()
        left = self._centre.book.get(DepositAccount, account)
        assert left is not None
        return FetchedRights(granted, available_on(left), self._desk.device.payable_here(account))

    def ask_for_file(self, iban: str) -> str:
        self.asked_for.append(iban)
        if self.down:
            raise LineProblem("The centre can't be reached.")
        if self.refuses:
            raise CentreRefusal("The centre says no.", code="visit_refused")
        self._desk.sync()
        who = {"given_name": "Ida", "family_name": "Krogh", "born_on": "1980-02-03"}
        account = self._centre.lend(iban, self._desk.device.identity.device, who)
        self._desk.read()
        return account

    def hold_allowance(self, account: str) -> None:
        self.held.append(account)
        if self.down:
            raise LineProblem("The centre can't be reached.")
        self._desk.sync()
        self._centre.grant(account, self._desk.device.identity.device, 5_000_00)
        self._desk.read()

    def try_now(self) -> str:
        self.tried += 1
        return "The centre can't be reached." if self.down else ""

    def branch_devices(self) -> tuple[BranchDevice, ...]:
        if self.down:
            raise LineProblem("The centre can't be reached.")
        return self.devices

    def late_run(self, device: str, epoch: int) -> LateRun:
        if self.down:
            raise LineProblem("The centre can't be reached.")
        return self.late.get((device, epoch), LateRun(device, epoch, ()))


@dataclass
class SecondPerson:
    """A supervisor beside the desk, who signs or says no."""

    desk: DeskUnderTest
    session: OpenSession
    willing: bool = True
    called_off: bool = False
    asked: list[ApprovalRequest] = field(default_factory=list)

    def ask(
        self,
        _parent: QWidget,
        draft: Draft,
        request: ApprovalRequest,
        *,
        approved: Callable[[str], None],
        declined: Callable[[], None],
        cancelled: Callable[[], None],
    ) -> None:
        self.asked.append(request)
        if self.called_off:
            cancelled()
        elif self.willing:
            approved(self.desk.device.approve(draft, self.session))
        else:
            declined()


class Home(Screen):
    """Somewhere to be before and after."""

    def __init__(self) -> None:
        super().__init__("Home")


@dataclass
class Counter:
    """The window, and what its person and its bank can be asked."""

    bot: QtBot
    bench: DeskUnderTest
    centre: MemoryCentre
    clock: FixedClock
    line: CentreLine
    second: SecondPerson
    desk: Desk
    shell: Shell
    teller: OpenSession
    supervisor: OpenSession
    papers: Path

    def customer_account(self, given: str = "Søren", family: str = "Ørsted", amount: int = 0) -> str:
        """A customer's account, with cash paid in at this desk."""
        customer = self.bench.customer(self.teller, self.supervisor, given, family)
        account = self.bench.account(self.teller, customer)
        if amount:
            self.bench.perform(self.teller, self.bench.deposited(account, amount), drawer="kasse-1")
        return account

    def money_from_elsewhere(self, account: str, amount: int) -> None:
        """Money that came in through the centre, of which this desk holds no rights."""
        self.bench.sync()
        body = TransferReceived(account=account, route="partner", transfer=None, currency="DKK", amount=amount)
        self.centre.issue(body, "odense")
        self.bench.read()

    def open(self, name: str, arguments: object = None) -> MoneyScreen:
        """Open a screen and wait until it is ready."""
        self.shell.open(name, arguments)
        self.settle()
        return self.open_screen()

    def open_screen(self) -> MoneyScreen:
        """The screen that is shown."""
        screen = self.shell.current_screen()
        assert isinstance(screen, MoneyScreen)
        return screen

    def settle(self) -> None:
        """Wait until nothing is under way, and nothing more comes of what was answered."""
        quiet = 0
        while quiet < _QUIET_ROUNDS:
            self.bot.waitUntil(lambda: not self.desk.tasks.is_busy())
            # What was put into a layout is shown when Qt next has time, and may ask for more.
            QApplication.processEvents()
            quiet = 0 if self.desk.tasks.is_busy() else quiet + 1

    def edit(self, name: str) -> QLineEdit:
        """A field of the screen that is shown."""
        found = self._screen().findChild(QLineEdit, name)
        assert isinstance(found, QLineEdit), name
        return found

    def button(self, name: str) -> Button:
        """A button of the screen that is shown."""
        found = self._screen().findChild(Button, name)
        assert isinstance(found, Button), name
        return found

    def fill(self, name: str, text: str) -> None:
        """Go to a field and type."""
        self.edit(name).setFocus()
        self.edit(name).selectAll()
        type_text(text)

    def enter(self) -> None:
        """Enter, and wait for what follows."""
        press(Qt.Key.Key_Return)
        self.settle()

    def press(self, name: str) -> None:
        """Press a button by its key, and wait for what follows."""
        button = self.button(name)
        assert button.isEnabled(), f"{name} is disabled"
        assert button.isVisible(), f"{name} is hidden"
        button.setFocus()
        self.enter()

    def posted(self, account: str) -> int:
        """What the account holds, by the books."""
        with self.desk.device.reading() as connection:
            summary = account_summary(connection, account)
        assert summary is not None
        return summary.posted

    def iban(self, account: str) -> str:
        """The account's IBAN."""
        with self.desk.device.reading() as connection:
            summary = account_summary(connection, account)
        assert summary is not None
        return summary.iban

    def in_drawer(self) -> int:
        """What the drawer holds, by the books."""
        with self.desk.device.reading() as connection:
            return ledger_balance(connection, "odense", drawer("kasse-1"), "DKK")

    def journal(self, kind: str) -> list[OperationDetail]:
        """Every operation of a kind that was made here, newest first."""
        with self.desk.device.reading() as connection:
            lines = journal(connection, limit=500).lines
            found = [operation_detail(connection, line.operation) for line in lines if line.kind == kind]
        return [detail for detail in found if detail is not None]

    def _screen(self) -> Screen:
        screen = self.shell.current_screen()
        assert screen is not None
        return screen


def _forget_what_was_typed(shell: QWidget) -> None:
    """A window that holds something typed asks before it closes; nobody is there to answer."""
    for screen in shell.findChildren(MoneyScreen):
        screen.form.clear()


def open_counter(
    bot: QtBot,
    bench: DeskUnderTest,
    centre: MemoryCentre,
    clock: FixedClock,
    people: tuple[OpenSession, OpenSession],
    tasks: Tasks,
    papers: Path,
) -> Counter:
    """The window in front of a desk whose day and drawer are open."""
    teller, supervisor = people
    line, second = CentreLine(bench, centre), SecondPerson(bench, supervisor)
    desk = Desk(bench.device, tasks, line, PLACE, second)
    desk.set_session(teller, "Jens Dahl")
    desk.set_business_date(bench.device.open_day())
    entries = [
        ScreenEntry("home", Home, "Home", key="Esc"),
        *money_screens(desk, randomness=counted_randomness("screen"), papers=Papers(papers, lambda _path: True)),
        ScreenEntry("drawer", Home, "My drawer", code="9001"),
        ScreenEntry("customer", Home),
    ]
    shell = Shell(entries, look_up="home")
    bot.addWidget(shell, before_close_func=_forget_what_was_typed)
    shell.show()
    shell.open("home")
    bot.waitUntil(shell.isActiveWindow)
    return Counter(bot, bench, centre, clock, line, second, desk, shell, teller, supervisor, papers)
