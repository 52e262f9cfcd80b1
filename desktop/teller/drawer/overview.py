"""My drawer: where the day stands, what comes next, what the drawer holds, and the ways to each step."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget
from sqlalchemy import Connection

from core.device import Changed
from core.money import Money, format_amount, format_money
from core.store.queries.books import vault_balance
from core.store.queries.day import DayTotals, day_totals
from core.store.queries.drawers import DayState, DrawerNotes, DrawerState, day_state, drawer_notes, drawer_state
from desktop.desk import Desk
from desktop.screens import Screen
from desktop.teller.limits import limits_line, limits_of
from desktop.teller.saying import NOTHING, date_text, time_text
from desktop.widgets import Badge, Button, Card, Hairline, KeyValueList, Text, Tone
from desktop.widgets.panels import empty_layout


@dataclass(frozen=True, slots=True)
class DrawerView:
    """Everything that the page shows, read at one moment."""

    day: DayState | None
    drawer: DrawerState | None
    notes: DrawerNotes
    totals: DayTotals
    vault: int


def read_view(connection: Connection, branch: str, drawer: str, currency: str) -> DrawerView:
    """The day, the drawer and the vault as this device's books have them."""
    state = drawer_state(connection, drawer, currency)
    return DrawerView(
        day=day_state(connection),
        drawer=state,
        notes=drawer_notes(connection, state) if state else DrawerNotes({}, 0),
        totals=day_totals(connection, drawer, currency),
        vault=vault_balance(connection, branch, currency),
    )


class _Step(QWidget):
    """One step of the day: what it is, how it stands, and the button that does it."""

    def __init__(self, title: str, button: str, key: str, name: str) -> None:
        super().__init__()
        self.button = Button(button, key=key)
        self.button.setObjectName(name)
        self.badge = Badge("\u2014")
        self._words = Text("", "quiet", wrap=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        words = QVBoxLayout()
        words.setSpacing(2)
        heading = QHBoxLayout()
        heading.setSpacing(10)
        heading.addWidget(Text(title, "strong"))
        heading.addWidget(self.badge)
        heading.addStretch(1)
        words.addLayout(heading)
        words.addWidget(self._words)
        row.addLayout(words, 1)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignVCenter)

    def show_state(self, word: str, tone: Tone, sentence: str, *, may: bool, next_step: bool) -> None:
        """Say how the step stands; where it can't be done, the sentence says why."""
        self.badge.show_state(word, tone)
        self._words.setText(sentence)
        self.button.setEnabled(may)
        self.button.set_kind("primary" if next_step else "secondary")


class DrawerScreen(Screen):
    """The page behind code 9001."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(self.tr("My drawer"))
        self._words = self.tr("My drawer")
        self._desk = desk
        self._view: DrawerView | None = None
        self.open_day = self._step(self.tr("Business day"), self.tr("Open the day"), "F3", "open_day")
        self.open_drawer = self._step(self.tr("Drawer"), self.tr("Open the drawer"), "F4", "open_drawer")
        self.count = self._step(self.tr("Count"), self.tr("Count"), "F5", "count_drawer")
        self.close_drawer = self._step(self.tr("End of the drawer"), self.tr("Close the drawer"), "F6", "close_drawer")
        self.close_day = self._step(self.tr("End of the day"), self.tr("Close the day"), "F8", "close_day")
        self.steps = (self.open_day, self.open_drawer, self.count, self.close_drawer, self.close_day)
        card = Card(self.tr("The day, step by step"))
        for number, step in enumerate(self.steps):
            if number:
                card.body.addWidget(Hairline())
            card.body.addWidget(step)
        self.add_main(card)
        self.now = KeyValueList()
        now = Card(self.tr("In the drawer now"))
        now.body.addWidget(self.now)
        self.limits = Text("", "small", wrap=True)
        now.body.addWidget(self.limits)
        self.pieces = QGridLayout()
        self.pieces.setVerticalSpacing(6)
        self.pieces_note = Text("", "small", wrap=True)
        pieces = Card(self.tr("Notes and coins, as far as they were counted"))
        pieces.body.addLayout(self.pieces)
        pieces.body.addWidget(self.pieces_note)
        self.add_side(now)
        self.add_side(pieces)
        desk.changed.connect(self._changed)
        desk.session_changed.connect(self._load)

    def opened(self, arguments: object) -> None:  # noqa: ARG002 - nothing is asked for
        """Read where the day stands and put the focus on what comes next."""
        self._load(focus=True)

    def primary(self) -> None:
        """Enter is what comes next."""
        step = self._next()
        if step is not None:
            step.button.click()

    def _step(self, title: str, button: str, key: str, name: str) -> _Step:
        step = _Step(title, button, key, name)
        step.button.clicked.connect(lambda: self.go.emit(name, None))
        return step

    def _load(self, *, focus: bool = False) -> None:
        place = self._desk.place

        def show(view: DrawerView) -> None:
            self._show(view)
            step = self._next() or (self.count if self.count.button.isEnabled() else None)
            if focus and self.isVisible():
                (step.button if step else self).setFocus()

        self._desk.read(lambda c: read_view(c, place.branch, place.drawer, place.currency), show, owner=self)
        device = self._desk.device
        self._desk.tasks.run(
            lambda: limits_of(device.lease(), device.spending(), device.clock.now_ms()),
            done=lambda limits: self.limits.setText(limits_line(limits, place.locale)),
            owner=self,
        )

    def _changed(self, _changed: Changed) -> None:
        if self.isVisible():
            self._load()

    def _next(self) -> _Step | None:
        """What has to be opened before work can begin. What ends it is never the answer to a stray Enter."""
        return next((step for step in (self.open_day, self.open_drawer) if step.button.isEnabled()), None)

    def _show(self, view: DrawerView) -> None:
        self._view = view
        place = self._desk.place
        self.set_title(self._words, " \u00b7 ".join(dict.fromkeys((place.drawer, place.desk_name))))
        day_open = view.day is not None and view.day.state == "open"
        drawer = view.drawer if view.drawer is not None and view.drawer.state == "open" else None
        mine = drawer is not None and self._is_mine(drawer)
        self._show_day(view, day_open=day_open)
        self._show_drawer(drawer, view, day_open=day_open)
        self._show_counts(drawer, mine=mine)
        self._show_end(drawer, day_open=day_open, mine=mine)
        self._show_now(view, drawer, mine=mine)
        self._show_pieces(view, drawer, mine=mine)

    def _is_mine(self, drawer: DrawerState) -> bool:
        session, identity = self._desk.session, self._desk.device.identity
        here = (drawer.device, drawer.epoch) == (identity.device, identity.epoch)
        return here and session is not None and drawer.person == session.person

    def _show_day(self, view: DrawerView, *, day_open: bool) -> None:
        locale = self._desk.place.locale
        if day_open and view.day is not None:
            text = self.tr("Everything is booked on {day}.").format(day=date_text(view.day.business_date, locale))
            self.open_day.show_state(self.tr("Open"), "ok", text, may=False, next_step=False)
            return
        last = view.day.business_date if view.day is not None else None
        text = self.tr("Begin with this: nothing can be booked at this desk before.")
        if last is not None:
            text = self.tr("The last day, {day}, is closed.").format(day=date_text(last, locale)) + " " + text
        self.open_day.show_state(self.tr("Not open"), "warn", text, may=True, next_step=True)

    def _show_drawer(self, drawer: DrawerState | None, view: DrawerView, *, day_open: bool) -> None:
        place = self._desk.place
        if drawer is not None:
            opened = time_text(drawer.opened.at, place.locale) if drawer.opened else NOTHING
            mine = self._is_mine(drawer)
            with_whom = self.tr("With you since {time}.") if mine else self.tr("With {person} since {time}.")
            text = with_whom.format(person=self._desk.name_of(drawer.person), time=opened)
            if not mine:
                text += " " + self.tr("Only they work with it, count it and close it.")
            self.open_drawer.show_state(self.tr("Open"), "ok", text, may=False, next_step=False)
            return
        vault = format_money(Money(view.vault, place.currency), place.locale)
        text = self.tr("A float from the vault, which holds {vault}.").format(vault=vault)
        if not day_open:
            text = self.tr("The day is opened first.")
        elif view.vault == 0:
            text = self.tr("The vault is empty by the books: a supervisor books the cash that came (9002).")
        may = day_open and view.vault > 0
        self.open_drawer.show_state(self.tr("Closed"), "plain", text, may=may, next_step=may)

    def _show_counts(self, drawer: DrawerState | None, *, mine: bool) -> None:
        place = self._desk.place
        if drawer is not None and not mine:
            text = self.tr("Only whoever has it counts it.")
        elif drawer is not None and drawer.counted is not None:
            counted = format_money(Money(drawer.counted, place.currency), place.locale)
            text = self.tr("Last counted: {counted}.").format(counted=counted)
        elif drawer is not None:
            text = self.tr("Count whenever you like; nothing is moved by it.")
        else:
            text = self.tr("The drawer is opened first.")
        word = self.tr("Counted") if drawer is not None and drawer.counted is not None else self.tr("Not counted")
        tone: Tone = "ok" if drawer is not None and drawer.counted is not None else "plain"
        self.count.show_state(word, tone, text, may=mine, next_step=False)

    def _show_end(self, drawer: DrawerState | None, *, day_open: bool, mine: bool) -> None:
        if drawer is not None:
            text = self.tr("It is counted, and its cash goes into the vault. A difference is approved by a supervisor.")
            self.close_drawer.show_state(self.tr("To do"), "plain", text, may=mine, next_step=False)
        else:
            text = self.tr("No drawer is open.")
            self.close_drawer.show_state(self.tr("Closed"), "plain", text, may=False, next_step=False)
        may = day_open and drawer is None
        text = self.tr("Nothing more is booked on this date here.")
        if drawer is not None:
            text = self.tr("The drawer is closed first.")
        elif not day_open:
            text = self.tr("No day is open.")
        word = self.tr("To do") if day_open else self.tr("Closed")
        self.close_day.show_state(word, "plain", text, may=may, next_step=False)

    def _show_now(self, view: DrawerView, drawer: DrawerState | None, *, mine: bool) -> None:
        place, totals = self._desk.place, view.totals

        def money(minor: int) -> str:
            return format_money(Money(minor, place.currency), place.locale)

        if drawer is not None and not mine:
            self.now.set_rows(
                [
                    (self.tr("Drawer"), self.tr("open with {person}").format(person=self._desk.name_of(drawer.person))),
                    (self.tr("In the vault"), money(view.vault)),
                ]
            )
            return
        self.now.set_rows(
            [
                (self.tr("By the books"), money(drawer.expected) if drawer else NOTHING),
                (self.tr("Taken in today"), money(totals.cash_in) if drawer or totals.cash_in else NOTHING),
                (self.tr("Paid out today"), money(totals.cash_out) if drawer or totals.cash_out else NOTHING),
                (self.tr("In the vault"), money(view.vault)),
            ]
        )

    def _show_pieces(self, view: DrawerView, drawer: DrawerState | None, *, mine: bool) -> None:
        place = self._desk.place
        empty_layout(self.pieces)
        pieces = view.notes.pieces if mine else {}
        for row, (value, number) in enumerate(pieces.items()):
            name = format_amount(Money(value, place.currency), place.locale)
            total = format_amount(Money(value * number, place.currency), place.locale)
            self.pieces.addWidget(Text(name, "cell", right=True), row, 0)
            self.pieces.addWidget(Text(f"\u00d7 {number}", "cell", right=True), row, 1)
            self.pieces.addWidget(Text(total, "value", right=True), row, 2)
        if drawer is None:
            note = self.tr("The drawer is not open.")
        elif not mine:
            note = self.tr("Shown to whoever has the drawer.")
        elif view.notes.uncounted:
            gap = format_money(Money(view.notes.uncounted, place.currency), place.locale)
            note = self.tr("Without their notes and coins being said: {gap}.").format(gap=gap)
        else:
            note = "" if pieces else self.tr("The drawer is empty.")
        self.pieces_note.setText(note)
        self.pieces_note.setVisible(bool(note))
