"""The window's frame: bar, rail, the current screen, and the strip that tells the truth about the line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from desktop.screens import GoTo, Screen, ScreenEntry, resolve_search
from desktop.theme import window_icon
from desktop.widgets import Button, ConfirmDialog, Destination, LineStatus, NavRail, Notice, StatusStrip, TopBar, Who

WINDOW_SIZE = (1366, 768)
WINDOW_SIZE_MIN = (1024, 640)
LINE_SCREEN = "this_desk"
"""What a click on the state of the line opens."""


class Shell(QMainWindow):
    """The window of one signed-in person. The first entry is home, where Esc leads.

    Keys: Esc one step back and then home, each entry's own key, Ctrl+K the search box, F12 the lock. What is typed in
    the search box and is no trade code opens the screen named `look_up` with the text.
    """

    lock_requested = Signal()
    closing = Signal()
    screen_opened = Signal(str)

    def __init__(self, entries: Sequence[ScreenEntry], *, look_up: str, locale: str = "en_GB") -> None:
        super().__init__()
        names = [entry.name for entry in entries]
        if len(set(names)) != len(names) or look_up not in names:
            raise ValueError("screens have different names, and the one that looks things up is among them")
        self._entries = tuple(entries)
        self._by_name = {entry.name: entry for entry in entries}
        self._look_up = look_up
        self._screens: dict[str, Screen] = {}
        self._current = ""
        self.setWindowTitle("Counterfoil")
        self.setWindowIcon(window_icon())
        self.top_bar = TopBar()
        self.rail = NavRail([_destination(entry) for entry in entries if entry.rail_title])
        self.strip = StatusStrip(locale)
        self._stack = QStackedWidget()
        dismiss = Button(self.tr("Dismiss"), small=True)
        self._notice = Notice("", " ", "danger", action=dismiss)
        self._banner = QWidget()
        self._banner.hide()
        dismiss.clicked.connect(self._banner.hide)
        self._lay_out()
        self._bind()
        self.setMinimumSize(*WINDOW_SIZE_MIN)
        self.resize(*WINDOW_SIZE)

    def open(self, name: str, arguments: object = None) -> bool:
        """Show a screen. False when the current one holds something that its user did not want to lose."""
        leaving = self.current_screen()
        if leaving is not None and name != self._current and not self._may_leave(leaving):
            return False
        if name not in self._screens:
            screen = self._by_name[name].make()
            screen.go.connect(self.open)
            screen.discretion_changed.connect(self._show_or_hide_drawer)
            self._stack.addWidget(screen)
            self._screens[name] = screen
        self._current = name
        self._stack.setCurrentWidget(self._screens[name])
        self.rail.set_current(name)
        self.top_bar.search.clear()
        self._screens[name].opened(arguments)
        self._show_or_hide_drawer()
        self.screen_opened.emit(name)
        return True

    def open_home(self) -> bool:
        """Show the first screen, where Esc leads too."""
        return self.open(self._entries[0].name)

    def current_screen(self) -> Screen | None:
        """The screen that is shown."""
        return self._screens.get(self._current)

    def current_name(self) -> str:
        """The name of the screen that is shown."""
        return self._current

    def show_person(self, who: Who | None) -> None:
        """Say who is signed in."""
        self.top_bar.show_person(who)

    def show_status(self, status: LineStatus) -> None:
        """Say what is true about the line and the outbox."""
        self.strip.show_status(status)

    def set_count(self, name: str, count: int) -> None:
        """Say how many wait at a screen."""
        self.rail.set_count(name, count)

    def show_bug(self, name: str) -> None:
        """Say once, without stopping anybody's work, that the program has a mistake."""
        text = self.tr("Nothing was posted by it. It is in the log as: {name}").format(name=name)
        self.show_notice(self.tr("Something in the program went wrong."), text)

    def show_notice(self, lead: str, text: str) -> None:
        """Show a message above every screen until it is dismissed."""
        self._notice.show_notice(lead, text, "danger")
        self._banner.show()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closing asks the screen first."""
        screen = self.current_screen()
        if screen is not None and not self._may_leave(screen):
            event.ignore()
            return
        self.closing.emit()
        super().closeEvent(event)

    def _lay_out(self) -> None:
        content = QWidget()
        content_column = QVBoxLayout(content)
        content_column.setContentsMargins(0, 0, 0, 0)
        content_column.setSpacing(0)
        banner = QVBoxLayout(self._banner)
        banner.setContentsMargins(24, 16, 24, 0)
        banner.addWidget(self._notice)
        content_column.addWidget(self._banner)
        content_column.addWidget(self._stack, 1)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.rail)
        middle.addWidget(content, 1)
        frame = QWidget()
        frame.setObjectName("page")
        column = QVBoxLayout(frame)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.top_bar)
        column.addLayout(middle, 1)
        column.addWidget(self.strip)
        self.setCentralWidget(frame)

    def _bind(self) -> None:
        self.rail.chosen.connect(self.open)
        self.top_bar.search.submitted.connect(self._search)
        self.strip.lock_clicked.connect(self.lock_requested)
        if LINE_SCREEN in self._by_name:
            self.strip.state_clicked.connect(lambda: self.open(LINE_SCREEN))
        self._shortcut("Esc", self._escape)
        self._shortcut("Ctrl+K", self.top_bar.search.begin)
        self._shortcut("F12", self.lock_requested.emit)
        for entry in self._entries:
            if entry.key and entry.key != "Esc":
                self._shortcut(entry.key, lambda name=entry.name: self.open(name))

    def _shortcut(self, keys: str, act: object) -> None:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        shortcut.setAutoRepeat(False)
        shortcut.activated.connect(act)

    def _search(self, text: str) -> None:
        answer = resolve_search(text, self._entries)
        if isinstance(answer, GoTo):
            self.open(answer.name)
        else:
            self.open(self._look_up, answer.text)

    def _show_or_hide_drawer(self) -> None:
        screen = self.current_screen()
        self.strip.show_drawer(shown=screen is None or not screen.hides_drawer())

    def _escape(self) -> None:
        screen = self.current_screen()
        if screen is None:
            return
        if self.top_bar.search.edit.hasFocus():
            screen.setFocus()
        elif not screen.back():
            self.open(self._entries[0].name)

    def _may_leave(self, screen: Screen) -> bool:
        if screen.may_leave():
            return True
        question = ConfirmDialog(
            self.tr("Leave without posting?"),
            self.tr("What was typed here has not been posted and will be gone."),
            self.tr("Leave"),
            cancel=self.tr("Stay"),
            parent=self,
        )
        return question.exec() == ConfirmDialog.DialogCode.Accepted


def _destination(entry: ScreenEntry) -> Destination:
    return Destination(entry.name, entry.rail_title, entry.key or entry.code, entry.section)
