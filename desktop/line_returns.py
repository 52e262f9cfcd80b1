"""What became of what was done without the line, once it is back: how much was sent, and what the centre said of it."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject

from core.store.queries.attention import verdicts_between
from core.store.queries.notes import standing
from desktop.desk import Desk, LineReturn
from desktop.line_reporting import local_time
from desktop.widgets import LineState, LineStatus


class LineReturns(QObject):
    """Watches one desk's line; what it finds stands in `desk.line_return` until the next cut."""

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._cut = False
        self._back_ms: int | None = None
        self._acknowledged: int | None = None
        self._waiting = self._done = self._sent = 0
        desk.line_changed.connect(self._look)
        self._look()

    def _look(self) -> None:
        status = self._desk.line_status
        if self._cut:
            self._done += max(0, self._waiting - status.unsent)
        self._waiting = status.unsent
        if status.offline_since is not None:
            self._note_cut(status)
        elif self._cut and status.with_line:
            if self._back_ms is None:
                self._back_ms = self._desk.device.clock.now_ms()
            if not status.unsent and status.state is not LineState.SENDING:
                self._settle(self._back_ms)

    def _note_cut(self, status: LineStatus) -> None:
        """What had waited until the line was back is what is to be told of, even if some of it went before.

        The loop says that operations were taken before it says that the line is there.
        """
        if not self._cut:
            self._done = 0
        self._sent, self._back_ms = self._done + status.unsent, None
        if self._cut:
            return
        self._cut, self._acknowledged = True, None
        self._desk.set_line_return(None)

        def keep(acknowledged: int) -> None:
            self._acknowledged = acknowledged

        self._desk.read(lambda connection: standing(connection).acked_seq, keep, owner=self)

    def _settle(self, back_ms: int) -> None:
        after, sent = self._acknowledged, self._sent
        self._cut, self._back_ms = False, None
        if after is None or not sent:
            return

        def tell(said: Mapping[str, int]) -> None:
            if not self._cut:
                found = said.get("applied_with_exception", 0) + said.get("quarantined", 0)
                back = LineReturn(local_time(back_ms), sent, found, said.get("recorded", 0))
                self._desk.set_line_return(back)

        self._desk.read(lambda connection: verdicts_between(connection, after, after + sent), tell, owner=self)
