"""Shows that the desk was stopped whenever nobody is at work there, instead of asking who comes."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from desktop.desk import Desk
from desktop.full_page import Whereabouts
from desktop.line_reporting import LineReporter
from desktop.login.entrance import Entrance
from desktop.running import RunningDesk
from desktop.stopped_page import StoppedPage
from desktop.window import Window


class StoppedDesk(QObject):
    """`enrol_wanted` once somebody means to enrol the desk anew. Call `close` when the desk is left."""

    enrol_wanted = Signal()

    def __init__(
        self, window: Window, desk: Desk, running: RunningDesk, entrance: Entrance, reporter: LineReporter
    ) -> None:
        super().__init__(window)
        self._window, self._desk, self._running, self._entrance = window, desk, running, entrance
        self._reporter = reporter
        self._let_in = False
        self.page = StoppedPage(desk.place.locale)
        window.keep(self.page)
        place = desk.place
        self.page.show_place(Whereabouts(place.bank_name, place.branch_name, place.desk_name))
        self.page.enrol_wanted.connect(self.enrol_wanted)
        self.page.look_wanted.connect(self._let_somebody_in)
        desk.session_changed.connect(self._person_changed)
        reporter.status_changed.connect(self.look)
        self.look()

    def look(self) -> None:
        """Say how it is; come forward where nobody is at work."""
        why = self._running.device.stopped
        if why is None:
            return
        self.page.show_status(self._reporter.status)
        self.page.show_stop(why, self._running.loop.state.waiting)
        if self._desk.session is None and not self._let_in and self._window.page() is self._entrance.sign_in_page:
            self.come_forward()

    def come_forward(self) -> None:
        """Fill the window."""
        self._window.show_page(self.page)
        self.page.enrol_button.setFocus()

    def close(self) -> None:
        """Say nothing more."""
        self._desk.session_changed.disconnect(self._person_changed)
        self._reporter.status_changed.disconnect(self.look)
        self._window.drop(self.page)
        self.deleteLater()

    def _let_somebody_in(self) -> None:
        self._let_in = True
        self._entrance.begin()

    def _person_changed(self) -> None:
        """Whoever came to look has left again."""
        if self._desk.session is None:
            self._let_in = False
