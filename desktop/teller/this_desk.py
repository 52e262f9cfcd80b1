"""This desk: how it stands with the line, what to do about it, and what may still be paid out without it."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.book.rows import Lease, Spending
from core.device import Changed
from desktop.desk import Desk
from desktop.line_reporting import local_time
from desktop.screens import Screen
from desktop.teller.limits import limit_rows, limits_of, standin_rows
from desktop.teller.saying import NOTHING
from desktop.widgets import (
    Badge,
    Button,
    Card,
    Hairline,
    Icon,
    KeyValueList,
    LineState,
    LineStatus,
    Notice,
    Text,
    set_look,
)
from desktop.widgets.line_faces import face_of
from desktop.widgets.line_status import clock_text
from desktop.widgets.status_strip import TONE_TOKENS
from desktop.wording import short_age


class ThisDeskScreen(Screen):
    """What the strip says in a word, in full. Opened by its key, by a click on the strip, or from home."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(self.tr("This desk"))
        self._desk = desk
        self.icon = Icon("clock-3", "quiet", 20)
        self.word = Text("", "strong")
        self.advice = Text("", "body", wrap=True)
        self.detail = Notice("", " ", "info")
        self.detail.setObjectName("line_detail")
        self.try_now = Button(self.tr("Try now"), key="F5", small=True)
        self.try_now.setObjectName("try_now")
        self.tried = Text("", "small", wrap=True)
        self.tried.setObjectName("tried")
        self._trying = False
        self.facts = KeyValueList()
        self.warning = Notice("", " ", "warn")
        self.warning.setObjectName("lease_warning")
        self.warning.hide()
        self.limits = KeyValueList()
        self.standins = KeyValueList()
        self._figures = QWidget()
        self._held: tuple[Lease | None, Spending] | None = None
        self.add_main(self._line_card())
        self.add_main(self._limits_card())
        self.add_side(self._identity_card())
        self.try_now.clicked.connect(self._try)
        self.setFocusProxy(self.try_now)
        desk.line_changed.connect(self._show_all)
        desk.changed.connect(self._changed)

    def opened(self, arguments: object) -> None:  # noqa: ARG002 - nothing is asked for
        """Read what is left of the lease."""
        self._end_try("")
        self._read()
        self._show_all()
        self.try_now.setFocus()

    def _line_card(self) -> Card:
        card = Card(self.tr("The line"))
        heading = QHBoxLayout()
        heading.setSpacing(8)
        heading.addWidget(self.icon)
        heading.addWidget(self.word, 1)
        words = QVBoxLayout()
        words.setSpacing(6)
        words.addLayout(heading)
        words.addWidget(self.advice)
        card.body.addLayout(words)
        card.body.addWidget(self.detail)
        trying = QHBoxLayout()
        trying.setSpacing(10)
        trying.addWidget(self.try_now)
        trying.addWidget(self.tried, 1)
        card.body.addLayout(trying)
        card.body.addWidget(Hairline())
        card.body.addWidget(self.facts)
        return card

    def _limits_card(self) -> Card:
        card = Card(self.tr("Paying out without the line"))
        card.body.addWidget(self.warning)
        card.body.addWidget(self._figures)
        figures = QVBoxLayout(self._figures)
        figures.setContentsMargins(0, 0, 0, 0)
        figures.setSpacing(12)
        figures.addWidget(self.limits)
        figures.addWidget(Hairline())
        figures.addWidget(Text(self.tr("At the bank's own risk, with a supervisor"), "heading"))
        figures.addWidget(self.standins)
        return card

    def _identity_card(self) -> Card:
        identity, place = self._desk.device.identity, self._desk.place
        card = Card(place.desk_name)
        card.body.addWidget(
            KeyValueList(
                [
                    (self.tr("Device"), identity.device),
                    (self.tr("Epoch"), str(identity.epoch)),
                    (self.tr("Branch"), place.branch_name),
                    (self.tr("Bank"), place.bank_name),
                ]
            )
        )
        return card

    def _changed(self, _changed: Changed) -> None:
        if self.isVisible():
            self._read()

    def _read(self) -> None:
        device = self._desk.device

        def show(held: tuple[Lease | None, Spending]) -> None:
            self._held = held
            self._show_limits()

        self._desk.tasks.run(lambda: (device.lease(), device.spending()), done=show, owner=self)

    def _show_all(self) -> None:
        if not self.isVisible():
            return
        status = self._desk.line_status
        face = face_of(status)
        self.icon.show_icon(face.icon, TONE_TOKENS[face.tone])
        self.word.setText(face.word)
        set_look(self.word, tone=face.tone)
        self.advice.setText(face.next_step)
        self.detail.setVisible(bool(status.detail or status.code))
        if status.detail or status.code:
            self.detail.show_notice(self.tr("Reason."), _reason(status), "info")
        age = short_age(status.oldest_unsent) if status.oldest_unsent is not None else NOTHING
        self.facts.set_rows(
            [
                (self.tr("Waiting to be sent"), str(status.unsent)),
                (self.tr("Oldest of it"), age),
                (self.tr("Centre last heard"), clock_text(status.balances_as_of)),
                (self.tr("To look at"), str(status.exceptions)),
            ]
        )
        self._show_limits()

    def _show_limits(self) -> None:
        if self._held is None:
            return
        why = self._why_nothing()
        self._figures.setVisible(not why)
        self.warning.setVisible(bool(why))
        if why:
            self.warning.show_notice(self.tr("Nothing is paid out."), why, "danger")
            return
        locale = self._desk.place.locale
        limits = limits_of(*self._held, self._desk.device.clock.now_ms())
        ends = self.tr("The line prolongs it by itself.")
        if limits is None:
            lead = self.tr("Nothing yet.")
            text = self.tr("The centre has not yet said what this desk may pay out. It does so over the line.")
            self.warning.show_notice(lead, text, "warn")
            self.limits.set_rows([(self.tr("Until"), Badge(self.tr("Not said yet"), "warn"))])
            self.standins.set_rows([(self.tr("At the bank's risk"), self.tr("nothing more"))])
        else:
            if limits.state == "ended":
                text = self.tr("Nothing is paid out before the line is back.")
                self.warning.show_notice(self.tr("Ended."), text, "danger")
            else:
                self.warning.show_notice(self.tr("Ends soon."), ends, "warn")
            self.limits.set_rows(limit_rows(limits, locale))
            self.standins.set_rows(standin_rows(limits, locale))
        self.warning.setVisible(limits is None or limits.state != "plain")

    def _why_nothing(self) -> str:
        """Why the lease does not matter as things stand; empty where it does."""
        state = self._desk.line_status.state
        if state is LineState.STOPPED:
            return self.tr("This desk is stopped, whatever it was allowed before.")
        if state is LineState.CLOCK:
            return self.tr("First this computer's clock must be right, and the line must have confirmed it.")
        return ""

    # Trying

    def _try(self) -> None:
        """Speak to the centre now instead of when it is next tried; the answer may take a while."""
        if self._trying:
            return
        self._trying = True
        self.try_now.set_label(self.tr("Trying\u2026"))
        self.tried.setText("")
        self._desk.tasks.run_network(self._desk.line.try_now, done=self._was_tried, owner=self)

    def _was_tried(self, in_the_way: str) -> None:
        time = clock_text(local_time(self._desk.device.clock.now_ms()))
        said = in_the_way or self.tr("The centre answers.")
        self._end_try(self.tr("Tried at {time}. {said}").format(time=time, said=said))

    def _end_try(self, said: str) -> None:
        self._trying = False
        self.try_now.set_label(self.tr("Try now"))
        self.tried.setText(said)


def _reason(status: LineStatus) -> str:
    """Why, in a sentence with the code by which the centre's people know it."""
    detail = status.detail.rstrip(".")
    if not detail:
        return f"{status.code}."
    return f"{detail} ({status.code})." if status.code and status.code not in detail else f"{detail}."
