"""Keeps what stands around every screen true: the open day, the drawer's balance, the state of the line."""

from __future__ import annotations

from PySide6.QtCore import QObject

from core.clock import instant_ms
from core.device import Changed
from core.money import Money
from core.store.queries.attention import unseen_exceptions
from core.store.queries.drawers import drawer_of
from desktop.desk import Desk
from desktop.line_reporting import AtDesk, LineReporter
from desktop.line_returns import LineReturns


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
        LineReturns(desk, self)
        self._look()

    def _look(self, _changed: Changed | None = None) -> None:
        if self._looking:
            self._look_again = True
            return
        self._looking, self._look_again = True, False
        desk = self._desk
        person = desk.session.person if desk.session is not None else None

        def read() -> tuple[str | None, AtDesk]:
            with desk.device.reading() as connection:
                drawer = drawer_of(connection, person) if person is not None else None
                found = len(unseen_exceptions(connection))
            lease = desk.device.lease()
            ends = instant_ms(lease.ends_at) if lease is not None else 0
            holds = Money(drawer.expected, drawer.currency) if drawer else None
            return desk.device.open_day(), AtDesk(holds, found, ends)

        desk.tasks.run(read, done=self._looked, owner=self)

    def _looked(self, found: tuple[str | None, AtDesk]) -> None:
        self._looking = False
        day, at_desk = found
        if self._desk.business_date != day:
            self._desk.set_business_date(day)
        self._reporter.set_at_desk(at_desk)
        if self._look_again:
            self._look()
