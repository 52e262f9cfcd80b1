"""The teller's whole window under test, before a real device on a real file and a centre in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QCheckBox, QComboBox, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid
from sqlalchemy import Connection

from core.clock import FixedClock, instant_ms
from core.device import OpenSession
from core.store.queries.customers import CustomerFile, customer_file, find_customers
from core.store.queries.drawers import DrawerState, drawer_state
from core.store.queries.journal import OperationDetail, journal, operation_detail
from desktop.desk import Desk
from desktop.screens import Screen
from desktop.shell import Shell
from desktop.tasks import Tasks
from desktop.teller import LOOK_UP, teller_screens
from desktop.teller.money.aftermath import Papers
from desktop.widgets import Button
from tests.bank import DATE
from tests.core.device.desk import Desk as DeskUnderTest
from tests.core.device.memory_centre import MemoryCentre
from tests.desktop.hands import press, type_text
from tests.desktop.teller.money.counter import PLACE, CentreLine, SecondPerson

Found = TypeVar("Found")
_QUIET_ROUNDS = 3


@dataclass
class TellerWindow:
    """The window, the people at it, and what the bank knows afterwards."""

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
    opened_files: list[Path] = field(default_factory=list)

    def sign_in_teller(self) -> None:
        """Jens is at work."""
        self.desk.set_session(self.teller, "Jens Dahl")
        self.settle()

    def sign_in_supervisor(self) -> None:
        """Mette is at work."""
        self.desk.set_session(self.supervisor, "Mette Lund")
        self.settle()

    def open_day(self) -> None:
        """The day and a drawer with 10,000.00, without the screens."""
        self.bench.open_day(self.teller, self.supervisor)
        self.desk.set_business_date(self.bench.device.open_day())
        self.settle()

    def customer(self, given: str = "Søren", family: str = "Ørsted", **more: str) -> str:
        """A customer whose identity is approved."""
        return self.bench.customer(self.teller, self.supervisor, given, family, **more)

    def account(self, customer: str, amount: int = 0) -> str:
        """Their account, with cash paid in."""
        account = self.bench.account(self.teller, customer)
        if amount:
            self.bench.perform(self.teller, self.bench.deposited(account, amount), drawer="kasse-1")
        self.settle()
        return account

    # The window

    def open(self, name: str, arguments: object = None) -> None:
        """Open a screen and wait until it shows what it reads."""
        assert self.shell.open(name, arguments)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is under way, and nothing more comes of what was answered."""
        quiet = 0
        while quiet < _QUIET_ROUNDS:
            self.bot.waitUntil(lambda: not self.desk.tasks.is_busy())
            # What was put into a layout is shown when Qt next has time, and may ask for more.
            QApplication.processEvents()
            quiet = 0 if self.desk.tasks.is_busy() else quiet + 1

    @property
    def screen(self) -> Screen:
        """The screen that is shown."""
        found = self.shell.current_screen()
        assert found is not None
        return found

    def part(self, kind: type[Found], name: str) -> Found:
        """A part of the screen that is shown, by its name."""
        found = [part for part in self.screen.findChildren(QObject, name) if isinstance(part, kind)]
        assert len(found) == 1, name
        return found[0]

    def fill(self, name: str, text: str) -> None:
        """Go to a field and type over what is there."""
        edit = self.part(QLineEdit, name)
        edit.setFocus()
        edit.selectAll()
        if not text:
            press(Qt.Key.Key_Delete)
        elif text.isascii():
            type_text(text)
        else:
            # A test's keyboard has the letters of ASCII alone; other scripts come as an input method brings them.
            edit.insert(text)

    def choose(self, name: str, code: str) -> None:
        """Choose from a list by its keys."""
        box = self.part(QComboBox, name)
        box.setFocus()
        press(Qt.Key.Key_Home)
        while box.currentData() != code:
            before = box.currentIndex()
            press(Qt.Key.Key_Down)
            assert box.currentIndex() != before, f"{code} is not offered"

    def tick(self, name: str) -> None:
        """Press the space bar on a box."""
        self.part(QCheckBox, name).setFocus()
        press(Qt.Key.Key_Space)

    def count(self, *pieces: int) -> None:
        """Type counts into the table from the largest note down."""
        table = self.part(QWidget, "counts")
        for edit, number in zip(table.findChildren(QLineEdit), pieces, strict=False):
            edit.setFocus()
            edit.selectAll()
            type_text(str(number))

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key, and wait for what follows; a button pressed by its shortcut goes down before it acts."""
        press(key, modifier)
        buttons = self.shell.findChildren(QAbstractButton)
        self.bot.waitUntil(lambda: not any(button.isDown() for button in buttons if isValid(button)))
        self.settle()

    def enter(self) -> None:
        """Enter, and wait for what follows."""
        self.key(Qt.Key.Key_Return)

    def press(self, name: str) -> None:
        """Press a button by the keyboard, and wait for what follows."""
        button = self.part(Button, name)
        assert button.isVisible(), f"{name} is hidden"
        assert button.isEnabled(), f"{name} is disabled"
        button.setFocus()
        self.enter()

    def confirm(self) -> None:
        """Ctrl+Enter anywhere shows the review, Enter there posts it."""
        self.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        assert self.part(QWidget, "review").isVisible(), self.words()
        self.enter()

    def focused(self) -> str:
        """What has the focus, by its name."""
        found = QApplication.focusWidget()
        return found.objectName() if found is not None else ""

    def tab(self, times: int = 1) -> str:
        """Tab on; what has the focus then."""
        for _ in range(times):
            press(Qt.Key.Key_Tab)
        return self.focused()

    def go(self, code: str) -> None:
        """A trade code in the search box."""
        press(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
        type_text(code)
        self.enter()

    def words(self) -> list[str]:
        """Everything that the screen says, label by label."""
        return [label.text() for label in self.screen.findChildren(QLabel) if label.isVisible() and label.text()]

    def says(self, text: str) -> bool:
        """Whether the screen says it somewhere."""
        return any(text in words for words in self.words())

    # The bank

    def read(self, query: Callable[[Connection], Found]) -> Found:
        """Ask the device's file."""
        with self.desk.device.reading() as connection:
            return query(connection)

    def file(self, customer: str) -> CustomerFile:
        """A customer's file."""
        found = self.read(lambda connection: customer_file(connection, customer))
        assert found is not None
        return found

    def customer_named(self, name: str) -> CustomerFile:
        """The one customer of that name."""
        hits = self.read(lambda connection: find_customers(connection, name)).hits
        assert len(hits) == 1
        return self.file(hits[0].customer)

    def drawer(self) -> DrawerState:
        """The desk's drawer."""
        found = self.read(lambda connection: drawer_state(connection, "kasse-1", "DKK"))
        assert found is not None
        return found

    def journal(self, kind: str) -> list[OperationDetail]:
        """Every operation of a kind that was made here, newest first."""

        def query(connection: Connection) -> list[OperationDetail]:
            lines = [line for line in journal(connection, limit=500).lines if line.kind == kind]
            found = [operation_detail(connection, line.operation) for line in lines]
            return [detail for detail in found if detail is not None]

        return self.read(query)


def open_teller_window(bot: QtBot, tasks: Tasks, folder: Path) -> TellerWindow:
    """A desk to which two people's keys were just registered; Jens is at work and no day is open."""
    clock = FixedClock(instant_ms(f"{DATE}T08:00:00.000Z"))
    centre = MemoryCentre(clock, "odense", "aarhus")
    centre.admit("mette", "supervisor", "odense")
    centre.admit("jens", "teller", "odense")
    bench = DeskUnderTest(folder, centre, clock, "odense-1", "odense")
    bench.read()
    bench.found("mette", "jens")
    supervisor, teller = bench.sign_in("mette"), bench.sign_in("jens")
    line, second = CentreLine(bench, centre), SecondPerson(bench, supervisor)
    desk = Desk(bench.device, tasks, line, PLACE, second)
    opened: list[Path] = []

    def show_file(path: Path) -> bool:
        opened.append(path)
        return True

    papers = folder / "papers"
    shell = Shell(teller_screens(desk, Papers(papers, show_file)), look_up=LOOK_UP)
    # At a test's end nobody is there to answer whether what was typed may go.
    bot.addWidget(shell, before_close_func=lambda window: setattr(window, "_may_leave", lambda _screen: True))
    made = TellerWindow(bot, bench, centre, clock, line, second, desk, shell, teller, supervisor, papers, opened)
    made.sign_in_teller()
    shell.show()
    bot.waitUntil(shell.isActiveWindow)
    made.open("home")
    return made
