"""Counting a drawer, and closing it: blind if wished, with over or short posted before two people's eyes."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QWidget
from sqlalchemy import Connection

from core.device import Changed, Performed
from core.money import Money, format_money
from core.operations.drawers import DrawerClosed, DrawerCounted
from core.store.queries.drawers import DrawerNotes, DrawerState, drawer_notes, drawer_state
from desktop.desk import Desk
from desktop.teller.drawer.figures import books_effects, count_table
from desktop.teller.posting import PostingScreen, Proposal
from desktop.teller.saying import time_text
from desktop.widgets import Card, CheckBox, Field, KeyValueList, Text


class CountScreen(PostingScreen):
    """Counting the drawer that this person has open; with `closing` it is closed by the count.

    Counted blind, what the books expect stays hidden until the review.
    """

    def __init__(self, desk: Desk, *, closing: bool) -> None:
        title = self.tr("Close the drawer") if closing else self.tr("Count the drawer")
        confirm = self.tr("Close the drawer") if closing else self.tr("Keep this count")
        super().__init__(desk, title, review=title, confirm=confirm)
        self._closing = closing
        self._state: DrawerState | None = None
        self._notes = DrawerNotes({}, 0)
        self.blind = CheckBox(self.tr("Count &blind: what the books expect is shown only in the review"))
        self.blind.setObjectName("blind")
        self.blind.setChecked(True)
        self.blind.toggled.connect(lambda _on: self._show_expected())
        self.blind.toggled.connect(lambda _on: self.discretion_changed.emit())
        self.table = count_table(desk.place, self.tr("Counted"), held=self.tr("In drawer"))
        self.form.body.addWidget(self.blind)
        if self.table is not None:
            self.form.body.addWidget(self.table)
            self.table.finished.connect(self.begin_review)
        else:
            self.form.body.addWidget(Text(self.tr("The notes of this currency are not known here."), "quiet"))
            self.review_button.setEnabled(False)
        self.add_actions()
        self.facts = KeyValueList()
        side = Card(self.tr("Drawer"))
        side.body.addWidget(self.facts)
        self.add_side(side)
        desk.changed.connect(self._changed)

    def opened(self, arguments: object) -> None:  # noqa: ARG002 - nothing is asked for
        """Load what the books say of the drawer; what was counted so far stays."""
        self.review_button.setEnabled(False)
        self._load()
        self.show_form()

    def first_field(self) -> QWidget:
        """The first count."""
        return self.table or self.review_button

    def back(self) -> bool:
        """To the form, then to the drawer."""
        if not super().back():
            self.go.emit("drawer", None)
        return True

    def hides_drawer(self) -> bool:
        """While the count is blind."""
        return self.blind.isChecked()

    def may_leave(self) -> bool:
        """Not in the middle of a count."""
        return self.table is None or self.table.is_empty()

    def field_of(self, name: str | None) -> Field | None:  # noqa: ARG002 - counts have no field of their own
        """Errors stand above the table."""
        return None

    def _load(self) -> None:
        place = self.desk.place

        def work(connection: Connection) -> tuple[DrawerState | None, DrawerNotes]:
            state = drawer_state(connection, place.drawer, place.currency)
            return state, drawer_notes(connection, state) if state else DrawerNotes({}, 0)

        self.desk.read(work, self._show, owner=self)

    def _changed(self, changed: Changed) -> None:
        if changed.own and self.isVisible():
            self._load()

    def _show(self, read: tuple[DrawerState | None, DrawerNotes]) -> None:
        self._state, self._notes = read
        self.review_button.setEnabled(self.table is not None)
        self._show_expected()

    def _show_expected(self) -> None:
        """Show what the books expect, or hide it."""
        state, locale = self._state, self.desk.place.locale
        if state is None:
            self.facts.set_rows([(self.tr("Drawer"), self.tr("Not open"))])
            return
        blind = self.blind.isChecked()
        expected = Money(state.expected, state.currency)
        if self.table is not None:
            # Pieces are known only as far as they were counted with each operation; else they would mislead.
            known = not blind and not self._notes.uncounted
            self.table.show_in_drawer(dict(self._notes.pieces) if known else {})
            self.table.set_expected(None if blind else expected)
        shown = self.tr("hidden until the review") if blind else format_money(expected, locale)
        opened = time_text(state.opened.at, locale) if state.opened else ""
        self.facts.set_rows(
            [
                (self.tr("Drawer"), state.drawer),
                (self.tr("With"), self.desk.name_of(state.person)),
                (self.tr("Open since"), opened),
                (self.tr("Expected"), shown),
            ]
        )

    def _nothing_typed(self) -> bool:
        return self.table is None or not any(edit.text() for edit in self.table.findChildren(QLineEdit))

    def propose(self) -> Proposal | None:
        """The count, and the close."""
        state, table = self._state, self.table
        if state is None or table is None or self._nothing_typed():
            text = self.tr("Type how many of each there are; 0 where there is none.")
            self.problem.show_notice(self.tr("Count the drawer first."), text, "warn")
            self.problem.show()
            self.first_field().setFocus()
            return None
        counted, expected = table.total(), Money(state.expected, state.currency)
        counts = table.counts()
        kind = DrawerClosed if self._closing else DrawerCounted
        body = kind(currency=state.currency, counts=counts, counted=counted.minor, expected=expected.minor)
        locale = self.desk.place.locale
        pairs = [
            (self.tr("Drawer"), state.drawer),
            (self.tr("Expected by the books"), format_money(expected, locale)),
            (self.tr("Counted"), format_money(counted, locale)),
            (self.tr("Difference"), self._difference(counted, expected)),
        ]
        reason = self.tr("The count differs from the books: {difference}.").format(
            difference=self._difference(counted, expected)
        )
        return Proposal(
            body,
            pairs,
            reason if counted != expected else "",
            amount=counted if counted.minor else None,
            effects=books_effects if self._closing else lambda _draft: (),
            with_drawer=True,
        )

    def _difference(self, counted: Money, expected: Money) -> str:
        gap = counted - expected
        if gap.minor == 0:
            return self.tr("none; it agrees")
        size = format_money(Money(abs(gap.minor), gap.currency), self.desk.place.locale)
        sentence = self.tr("{size} over") if gap.minor > 0 else self.tr("{size} short")
        if self._closing:
            sentence += self.tr(", for a supervisor to approve")
        return sentence.format(size=size)

    def posted(self, _performed: Performed) -> None:
        """To the drawer."""
        if self.table is not None:
            self.table.set_counts({})
        self.go.emit("drawer", None)
