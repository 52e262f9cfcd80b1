"""The one window of a desk: a page at a time fills it, be it the sign-in, a problem or the signed-in person's shell."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog, QMainWindow, QStackedWidget, QWidget

from desktop.shell import WINDOW_SIZE, WINDOW_SIZE_MIN
from desktop.theme import current_theme, window_icon

WINDOW_SIZE_LARGE = (1600, 1000)


def first_size(available: QSize, scale: float = 1.0) -> QSize:
    """How large the window opens: on a large screen with more room, but never so wide that the eye has to travel.

    Larger text takes more of it.
    """
    usual = QSize(*WINDOW_SIZE)
    fits = available.width() >= usual.width() and available.height() >= usual.height()
    return available.boundedTo(QSize(*WINDOW_SIZE_LARGE) * scale) if fits else usual


class Window(QMainWindow):
    """Keeps pages that are not shown alive until they are dropped. `closed` once its user has closed it."""

    closed = Signal()

    def __init__(self, title: str = "Counterfoil") -> None:
        super().__init__()
        self.setWindowTitle(title)
        self.setWindowIcon(window_icon())
        self._stack = QStackedWidget()
        self.setCentralWidget(self._stack)
        self.setMinimumSize(*WINDOW_SIZE_MIN)
        screen = self.screen().availableGeometry()
        self.resize(first_size(screen.size(), current_theme().scale))
        if screen.contains(QRect(screen.topLeft(), self.size())):
            self.move(screen.center() - self.rect().center())

    def keep(self, *pages: QWidget) -> None:
        """Take pages in that are shown later; they end with the window."""
        for page in pages:
            if self._stack.indexOf(page) < 0:
                self._stack.addWidget(page)

    def show_page(self, page: QWidget) -> None:
        """Fill the window with this page."""
        self.keep(page)
        self._stack.setCurrentWidget(page)

    def page(self) -> QWidget | None:
        """What fills the window."""
        return self._stack.currentWidget()

    def drop(self, page: QWidget) -> None:
        """Forget a page and all that was typed in it."""
        self._stack.removeWidget(page)
        page.hide()
        page.deleteLater()

    def dismiss_dialogs(self) -> None:
        """Take away whatever question stands before the page, as if it had been answered with Esc."""
        for dialog in self.findChildren(QDialog):
            if dialog.isVisible():
                dialog.reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        """The page may hold something that its user does not want to lose: it is asked."""
        page = self.page()
        if page is not None and not page.close():
            event.ignore()
            return
        self.closed.emit()
        super().closeEvent(event)
