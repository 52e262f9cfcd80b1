"""The window is worked by keyboard alone, and everything in it has a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QTableView, QWidget
from pytestqt.qtbot import QtBot

from desktop.gallery.boards import fields_board, marks_board, money_board, table_board
from desktop.screens import GoTo, LookUp, Screen, ScreenEntry, resolve_search
from desktop.shell import Shell
from desktop.tasks import Tasks
from desktop.theme import Theme, apply_theme
from desktop.widgets import Button, FocusRing, TextField
from desktop.widgets.focus_ring import RING_TARGET
from desktop.window import first_size
from tests.desktop.hands import press, type_text


class Page(Screen):
    """A page with one field and one step to go back from."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.field = TextField("&Name")
        self.button = Button("Do it", "primary", shown_key="Enter")
        self.button.clicked.connect(lambda: self.done.append("pressed"))
        self.add_main(self.field)
        self.add_main(self.button)
        self.setFocusProxy(self.field)
        self.arguments: list[object] = []
        self.done: list[str] = []
        self.steps = 0

    def opened(self, arguments: object) -> None:
        self.arguments.append(arguments)
        super().opened(arguments)

    def back(self) -> bool:
        self.steps -= 1
        return self.steps >= 0

    def primary(self) -> None:
        self.done.append("primary")


ENTRIES = [
    ScreenEntry("home", lambda: Page("Home"), "Home", key="Esc"),
    ScreenEntry("customers", lambda: Page("Customers"), "Customers", key="F2"),
    ScreenEntry("deposit", lambda: Page("Deposit"), "Deposit", "Counter", code="1401"),
    ScreenEntry("transfer", lambda: Page("Transfer"), "Transfer", "Counter", code="0006"),
    ScreenEntry("journal", lambda: Page("Journal"), "Journal", "Day", key="F7"),
]


@pytest.fixture
def shell(look: QApplication, qtbot: QtBot) -> Iterator[Shell]:
    window = Shell(ENTRIES, look_up="customers")
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(window.isActiveWindow)
    window.open("home")
    yield window
    window.close()


def page(shell: Shell) -> Page:
    screen = shell.current_screen()
    assert isinstance(screen, Page)
    return screen


def test_keys_lead_to_screens_and_escape_leads_home(shell: Shell, qtbot: QtBot) -> None:
    press(Qt.Key.Key_F2)
    assert shell.current_name() == "customers"
    press(Qt.Key.Key_F7)
    assert shell.current_name() == "journal"
    press(Qt.Key.Key_Escape)
    assert shell.current_name() == "home"


def test_escape_goes_back_within_a_screen_first(shell: Shell, qtbot: QtBot) -> None:
    shell.open("deposit")
    page(shell).steps = 1
    press(Qt.Key.Key_Escape)
    assert shell.current_name() == "deposit"
    press(Qt.Key.Key_Escape)
    assert shell.current_name() == "home"


def test_a_trade_code_in_the_search_box_opens_its_screen(shell: Shell, qtbot: QtBot) -> None:
    press(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    type_text("1401")
    press(Qt.Key.Key_Return)
    assert shell.current_name() == "deposit"
    assert page(shell).field.edit.hasFocus()
    assert shell.top_bar.search.text() == ""


def test_anything_else_in_the_search_box_is_looked_up(shell: Shell, qtbot: QtBot) -> None:
    press(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    type_text("Sorensen")
    press(Qt.Key.Key_Return)
    assert shell.current_name() == "customers"
    assert page(shell).arguments == ["Sorensen"]


@pytest.mark.parametrize(
    ("typed", "answer"),
    [("1401", GoTo("deposit")), (" 0006 ", GoTo("transfer")), ("9999", LookUp("9999")), ("", LookUp("")),
     ("DK18 5051", LookUp("DK18 5051")), ("١٤٠١", LookUp("١٤٠١"))],
)  # fmt: skip
def test_what_is_typed_is_read_as_a_code_only_if_it_is_one(typed: str, answer: GoTo | LookUp) -> None:
    assert resolve_search(typed, ENTRIES) == answer


def test_escape_in_the_search_box_empties_it_then_returns_to_the_screen(shell: Shell, qtbot: QtBot) -> None:
    shell.open("deposit")
    press(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    type_text("Sor")
    press(Qt.Key.Key_Escape)
    assert shell.top_bar.search.text() == ""
    press(Qt.Key.Key_Escape)
    assert shell.current_name() == "deposit"
    assert page(shell).field.edit.hasFocus()


def test_f12_asks_for_the_lock(shell: Shell, qtbot: QtBot) -> None:
    with qtbot.waitSignal(shell.lock_requested):
        press(Qt.Key.Key_F12)


def test_enter_in_a_field_is_the_primary_action_and_on_a_button_that_button(shell: Shell, qtbot: QtBot) -> None:
    shell.open("deposit")
    press(Qt.Key.Key_Return)
    assert page(shell).done == ["primary"]
    page(shell).button.setFocus()
    press(Qt.Key.Key_Return)
    assert page(shell).done == ["primary", "pressed"]


def test_tab_goes_round_through_everything_that_can_take_the_focus(shell: Shell, qtbot: QtBot) -> None:
    shell.open("deposit")
    seen: list[QWidget] = []
    while (focused := QApplication.focusWidget()) not in seen:
        assert focused is not None
        seen.append(focused)
        press(Qt.Key.Key_Tab)
    assert page(shell).button in seen
    assert shell.top_bar.search.edit in seen
    assert all(shell.rail.item(entry.name) in seen for entry in ENTRIES)
    assert shell.strip.lock in seen


def test_the_focus_is_ringed_wherever_it_goes(shell: Shell, look: QApplication, qtbot: QtBot) -> None:
    ring = FocusRing(look)
    shell.open("deposit")
    shell.top_bar.search.begin()
    assert ring.target() is shell.top_bar.search
    page(shell).field.setFocus()
    assert ring.target() is page(shell).field.edit
    assert ring._ring is not None
    assert ring._ring.isVisible()
    assert ring._ring.width() == page(shell).field.edit.width() + 6


def test_a_screen_that_may_not_be_left_stays(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.open("deposit")
    monkeypatch.setattr(page(shell), "may_leave", lambda: False)
    monkeypatch.setattr("desktop.shell.ConfirmDialog.exec", lambda _dialog: 0)
    assert not shell.open("home")
    assert shell.current_name() == "deposit"
    monkeypatch.setattr("desktop.shell.ConfirmDialog.exec", lambda _dialog: 1)
    assert shell.open("home")


@pytest.mark.parametrize("board", ["fields", "marks", "money", "table", "shell"])
def test_whatever_takes_the_focus_has_a_name_for_screen_readers(
    board: str, tasks: Tasks, shell: Shell, qtbot: QtBot
) -> None:
    made: dict[str, Callable[[], QWidget]] = {
        "fields": fields_board,
        "marks": marks_board,
        "money": money_board,
        "table": lambda: table_board(tasks),
    }
    root = made[board]() if board in made else shell
    if root is not shell:
        qtbot.addWidget(root)
    kinds = (QLineEdit, QAbstractButton, QTableView)
    controls = [
        w for w in root.findChildren(QWidget) if isinstance(w, kinds) and w.focusPolicy() != Qt.FocusPolicy.NoFocus
    ]
    # A table's corner is Qt's own, and the keyboard does not reach it.
    nameless = [w.metaObject().className() for w in controls if not w.accessibleName()]
    assert controls
    assert set(nameless) <= {"QTableCornerButton"}


@pytest.mark.parametrize(
    ("screen", "opened"),
    [((3840, 2160), (1600, 1000)), ((1920, 1080), (1600, 1000)), ((1440, 900), (1440, 900)), ((800, 800), (1366, 768))],
)
def test_the_window_opens_with_the_room_that_the_screen_has(screen: tuple[int, int], opened: tuple[int, int]) -> None:
    assert first_size(QSize(*screen)).toTuple() == opened


def test_larger_text_opens_a_larger_window_where_there_is_room() -> None:
    assert first_size(QSize(3840, 2160), 1.5).toTuple() == (2400, 1500)
    assert first_size(QSize(1920, 1080), 1.5).toTuple() == (1920, 1080)


def test_larger_text_chosen_while_the_window_is_open_cuts_nothing_off(shell: Shell, look: QApplication) -> None:
    shell.resize(1920, 1080)
    apply_theme(look, Theme("light", 2.0))
    look.processEvents()
    frame = [label for part in (shell.top_bar, shell.rail, shell.strip) for label in part.findChildren(QLabel)]
    cut = [label.text() for label in frame if label.isVisible() and label.width() < label.sizeHint().width()]
    assert "Counterfoil" in [label.text() for label in frame]
    assert cut == []


def test_a_click_on_lock_leaves_the_focus_where_unlocking_finds_it(shell: Shell) -> None:
    shell.open("deposit")
    QTest.mouseClick(shell.strip.lock, Qt.MouseButton.LeftButton)
    assert page(shell).field.edit.hasFocus()


def test_a_page_that_has_the_focus_itself_is_not_ringed(shell: Shell, look: QApplication) -> None:
    ring = FocusRing(look)
    shell.open("deposit")
    bare = page(shell)
    sheet = QWidget()
    sheet.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    sheet.setProperty(RING_TARGET, False)
    bare.add_main(sheet)
    look.processEvents()
    bare.field.setFocus()
    assert ring.target() is bare.field.edit
    sheet.setFocus()
    assert sheet.hasFocus()
    assert ring.target() is None
