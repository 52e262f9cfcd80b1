"""Keeps what stands around every screen true: the open day, the drawer's balance, the state of the line."""

from __future__ import annotations

from PySide6.QtCore import QObject

from core.device import Changed
from core.money import Money
from core.store.queries.drawers import drawer_of
from desktop.desk import Desk
from desktop.line_reporting import LineReporter


class DeskWatch(QObject):
    """Reads again after changes, once for however many have come meanwhile."""

    def __init__(self, desk: Desk, reporter: LineReporter, parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._reporter = desk, reporter
        self._looking = self._look_again = False
        desk.changed.connect(self._look)
        desk.session_changed.connect(self._look)
        reporter.status_changed.connect(desk.set_line_status)
        desk.set_line_status(reporter.status)
        self._look()

    def _look(self, _changed: Changed | None = None) -> None:
        if self._looking:
            self._look_again = True
            return
        self._looking, self._look_again = True, False
        desk = self._desk
        person = desk.session.person if desk.session is not None else None

        def read() -> tuple[str | None, Money | None]:
            with desk.device.reading() as connection:
                drawer = drawer_of(connection, person) if person is not None else None
            return desk.device.open_day(), Money(drawer.expected, drawer.currency) if drawer else None

        desk.tasks.run(read, done=self._looked, owner=self)

    def _looked(self, found: tuple[str | None, Money | None]) -> None:
        self._looking = False
        day, drawer = found
        if self._desk.business_date != day:
            self._desk.set_business_date(day)
        self._reporter.set_drawer(drawer)
        if self._look_again:
            self._look()
