"""Notices in the feed's news that whoever is at work was suspended by the centre, or their key at this desk ended."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from core.device import Changed, OpenSession
from core.signing_in.people_here import staff_member
from core.store.queries.people import StaffMember, session_is_open
from desktop.desk import Desk


class SuspensionWatch(QObject):
    """`heard` carries what to say to the person whose work ends."""

    heard = Signal(str)

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        desk.changed.connect(self._look)

    def _look(self, changed: Changed) -> None:
        session = self._desk.session
        if session is None:
            return
        if "session.closed" in changed.kinds:
            self._look_for_end(session)
        if "staff.suspended" not in changed.kinds:
            return

        def found(member: StaffMember | None) -> None:
            if member is not None and member.suspended and self._desk.session == session:
                said = self.tr(
                    "The centre has suspended {name}. What was posted is kept; what was begun and not posted is gone. "
                    "Colleagues go on here."
                )
                self.heard.emit(said.format(name=member.name))

        self._desk.read(lambda connection: staff_member(connection, session.person), found, owner=self)

    def _look_for_end(self, session: OpenSession) -> None:
        """The device itself closes the session of a key that was ended."""

        def found(is_open: object) -> None:
            if not is_open and self._desk.session == session:
                self.heard.emit(
                    self.tr(
                        "The bank has ended your key at this desk. What was posted is kept; what was begun and not "
                        "posted is gone. Register a new key with a colleague: First time at this desk."
                    )
                )

        self._desk.read(lambda connection: session_is_open(connection, session.kid), found, owner=self)
