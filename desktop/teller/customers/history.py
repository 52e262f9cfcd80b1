"""How a customer's file came to say what it says: every value of every field, by whom, when and at which desk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from core.device import Changed
from core.store.queries.customers import CustomerFile, FieldChange, customer_file
from desktop.desk import Desk
from desktop.screens import Screen
from desktop.teller.customers.profile import field_title, value_text
from desktop.teller.lists import LiveList
from desktop.teller.saying import NOTHING, moment_text
from desktop.widgets import Card, Column


class HistoryScreen(Screen):
    """The history of one customer's fields (`opened` with their id), newest first within each field."""

    def __init__(self, desk: Desk) -> None:
        title = self.tr("History of the file")
        super().__init__(title)
        self._desk, self._words = desk, title
        self._customer = ""
        self.list = LiveList[FieldChange](
            desk, title, self._list_columns(), lambda change: (change.field, change.note and change.note.operation)
        )
        self.list.setObjectName("field_history")
        card = Card()
        card.body.addWidget(self.list, 1)
        self.add_main(card, 1)
        self.setFocusProxy(self.list)
        desk.changed.connect(self._changed)

    def opened(self, arguments: object) -> None:
        """Load the history."""
        if isinstance(arguments, str):
            self._customer = arguments
            self.list.show_rows(self._query)
            self._desk.read(lambda connection: customer_file(connection, arguments), self._show, owner=self)
        self.list.setFocus()

    def back(self) -> bool:
        """To the file."""
        self.go.emit("customer", self._customer)
        return True

    def _list_columns(self) -> Sequence[Column[FieldChange]]:
        locale = self._desk.place.locale
        return (
            Column[FieldChange](self.tr("Field"), lambda change: field_title(change.field), width=20),
            Column[FieldChange](self.tr("Value"), lambda change: value_text(change.field, change.value, locale)),
            Column[FieldChange](
                self.tr("State"),
                lambda change: self.tr("Current") if change.current else self.tr("Earlier"),
                width=12,
                tone=lambda change: "ok" if change.current else "plain",
            ),
            Column[FieldChange](
                self.tr("When"),
                lambda change: moment_text(change.note.at, locale) if change.note else NOTHING,
                width=22,
            ),
            Column[FieldChange](
                self.tr("Who"), lambda change: (change.note and change.note.person) or NOTHING, width=16
            ),
            Column[FieldChange](
                self.tr("Where"), lambda change: change.note.device if change.note else NOTHING, width=16
            ),
        )

    def _query(self, connection: Connection, _key: object, _limit: int) -> tuple[Sequence[FieldChange], Any]:
        file = customer_file(connection, self._customer)
        return (file.history if file else ()), None

    def _show(self, file: CustomerFile | None) -> None:
        if file is not None and file.customer == self._customer:
            self.set_title(self._words, file.name)

    def _changed(self, changed: Changed) -> None:
        if self._customer in changed.customers:
            self.list.refresh()
