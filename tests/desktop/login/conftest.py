"""Windows of real desks: a served bank, encrypted files, and hands on the keyboard."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from core.clock import FixedClock, SystemClock
from core.people.stretching import CHEAPEST
from core.sync.transport import Transport
from desktop.app import Application
from desktop.desk import Desk
from desktop.login.entrance import ScreensOf
from desktop.screens import Screen, ScreenEntry
from desktop.settings import DesktopSettings
from desktop.widgets import TextField
from tests.desktop.hands import press, type_text
from tests.signing_bank import PASSWORD, RealDesk, SigningBank
from tests.sync_server.centre_bank import found_bank


@pytest.fixture(scope="module")
def bank(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigningBank]:
    clock = FixedClock(SystemClock().now_ms())
    centre = found_bank(postgres, tmp_path_factory.mktemp("centre") / "secrets", clock=clock)
    with centre.served() as address:
        yield SigningBank(centre, address, clock)


class Slip(Screen):
    """A screen with something half typed in it."""

    def __init__(self) -> None:
        super().__init__("Slip")
        self.field = TextField("&Text")
        self.add_main(self.field)
        self.setFocusProxy(self.field)


def two_screens(_desk: Desk) -> list[ScreenEntry]:
    """In place of the teller's."""
    return [
        ScreenEntry("home", lambda: Screen("Home"), "Home", key="Esc"),
        ScreenEntry("slip", Slip, "Slip", key="F2"),
    ]


@dataclass
class SeatedDesk:
    """A founded desk with the program's window before it."""

    desk: RealDesk
    application: Application
    supervisor: str
    teller: str
    qtbot: QtBot

    def shows(self, attribute: str) -> bool:
        """Whether a page of the entrance fills the window."""
        entrance = self.application.entrance
        return entrance is not None and self.application.window.page() is getattr(entrance, attribute)

    def until_shown(self, attribute: str) -> None:
        self.qtbot.waitUntil(lambda: self.shows(attribute))

    def type_sign_in(self, person: str, password: str = PASSWORD, code: str | None = None) -> None:
        """Type it all, Enter after each."""
        field(self, "staff_code").setFocus()
        field(self, "staff_code").selectAll()
        for text in (person, password, code or self.desk.phones[person].next_code()):
            type_text(text)
            press(Qt.Key.Key_Return)

    def sign_in(self, person: str) -> None:
        """Up to the shell."""
        self.type_sign_in(person)
        self.until_shown("keys_page")
        press(Qt.Key.Key_Return)
        self.until_shown("shell")


def field(seated: SeatedDesk, name: str) -> QLineEdit:
    """A field of the page that fills the window."""
    page = seated.application.window.page()
    assert page is not None
    found = [edit for edit in page.findChildren(QLineEdit, name) if edit.isVisible()]
    assert len(found) == 1, (name, found)
    return found[0]


MakeSeated = Callable[..., SeatedDesk]


@pytest.fixture
def make_seated(bank: SigningBank, tmp_path: Path, look: QApplication, qtbot: QtBot) -> Iterator[MakeSeated]:
    """Found a desk with two people, then open the program's window on it."""
    made: list[Application] = []

    def make(*, cut: bool = False, screens: ScreensOf = two_screens, **changes: object) -> SeatedDesk:
        branch = bank.found_branch()
        desk = RealDesk(bank, tmp_path / f"{branch}-1", f"{branch}-1")
        desk.enrol(bank.invite(f"{branch}-1", branch))
        desk.found(f"kb-{branch}", f"ah-{branch}", branch)
        desk.close()
        line_of = (lambda device: Transport.of_device(device, "http://127.0.0.1:9")) if cut else Transport.of_device
        application = open_application(desk, DesktopSettings(desk.folder, idle_seconds=0), line_of, screens, changes)
        made.append(application)
        seated = SeatedDesk(desk, application, f"kb-{branch}", f"ah-{branch}", qtbot)
        qtbot.waitUntil(application.window.isActiveWindow)
        seated.until_shown("sign_in_page")
        return seated

    yield make
    for application in made:
        application.close()


def open_application(
    desk: RealDesk,
    settings: DesktopSettings,
    line_of: Callable[..., Transport],
    screens: ScreensOf,
    changes: dict[str, object],
) -> Application:
    """The program on that desk's folder."""
    application = Application(
        replace(settings, **changes),  # type: ignore[arg-type]
        desk.bank.clock,
        secrets=desk.vault,
        screens=screens,
        cost=CHEAPEST,
        line_of=line_of,
    )
    application.start()
    return application


@pytest.fixture
def seated(make_seated: MakeSeated) -> SeatedDesk:
    return make_seated()
