"""Finding a customer, as one types: by the beginnings of names, telephone numbers and IBANs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout
from sqlalchemy import Connection

from core.device import Changed
from core.store.queries.accounts import AccountSummary, account_by_iban
from core.store.queries.customers import CustomerHit, HitKey, find_customers
from desktop.desk import Desk
from desktop.screens import Screen
from desktop.teller.lists import LiveList
from desktop.teller.saying import date_text, reference
from desktop.widgets import Button, Card, Column, EmptyState, TextField


class _SearchField(TextField):
    """The field that a list stands under: Up and Down go through the list while one types."""

    def __init__(self, label: str, hint: str) -> None:
        super().__init__(label, hint=hint, length_max=80)
        self.list: LiveList[CustomerHit] | None = None
        self.edit.setObjectName("customer_search")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The arrow keys that the line itself has no use for."""
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        step = steps.get(Qt.Key(event.key()))
        if step is None or self.list is None:
            super().keyPressEvent(event)
            return
        row = self.list.currentIndex().row() + step
        if 0 <= row < self.list.model_of_rows.rowCount():
            self.list.setCurrentIndex(self.list.model_of_rows.index(row, 0))


class CustomersScreen(Screen):
    """Search and results. Opened with a text it searches for that; Enter opens the chosen customer's file."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(self.tr("Customers"))
        self._desk = desk
        self._asked = ""
        self.search = _SearchField(self.tr("&Name, telephone or IBAN"), self.tr("The beginnings of words are enough"))
        self.register = Button(self.tr("Register a customer"), key="F3")
        self.register.setObjectName("register_customer")
        self.register.clicked.connect(lambda: self.go.emit("register_customer", self._asked))
        self.empty = EmptyState("", "", icon="users")
        self.list = LiveList[CustomerHit](
            desk, self.tr("Customers found"), self._list_columns(), lambda hit: hit.customer, empty=self.empty
        )
        self.list.setObjectName("customer_hits")
        self.search.list = self.list
        top = QHBoxLayout()
        top.setSpacing(14)
        top.addWidget(self.search, 1, Qt.AlignmentFlag.AlignTop)
        card = Card()
        card.body.addLayout(top)
        card.body.addWidget(self.list, 1)
        self.add_main(card, 1)
        self.heading.addWidget(self.register)
        self.search.changed.connect(self._ask)
        self.list.opened.connect(self._open)
        desk.changed.connect(self._changed)
        self._ask("")

    def opened(self, arguments: object) -> None:
        """Look a text up, or go on where one was."""
        if isinstance(arguments, str):
            self.search.set_text(arguments)
            self._ask(arguments)
            self._desk.read(lambda connection: account_by_iban(connection, arguments), self._found_account, owner=self)
        self.search.setFocus()
        self.search.edit.selectAll()

    def back(self) -> bool:
        """Empty the search first."""
        if not self.search.text():
            return False
        self.search.clear()
        self._ask("")
        self.search.setFocus()
        return True

    def primary(self) -> None:
        """Open the chosen customer."""
        row = self.list.current_row()
        if row is not None and not self.list.model_of_rows.is_loading():
            self._open(row)

    def _list_columns(self) -> Sequence[Column[CustomerHit]]:
        locale = self._desk.place.locale
        return (
            Column[CustomerHit](self.tr("Name"), lambda hit: hit.name, strong=True),
            Column[CustomerHit](self.tr("Born"), lambda hit: date_text(hit.born_on, locale), width=16),
            Column[CustomerHit](self.tr("City"), lambda hit: hit.city, width=26),
            Column[CustomerHit](self.tr("Customer"), lambda hit: reference(hit.customer), width=12),
        )

    def _ask(self, text: str) -> None:
        self._asked = text.strip()
        if self._asked:
            self.empty.show_text(
                self.tr("Nobody found"),
                self.tr("No name, telephone number or IBAN here begins like that. Type less of it, or register the "
                        "customer (F3)."),
            )  # fmt: skip
        else:
            self.empty.show_text(
                self.tr("Type to find a customer"),
                self.tr("Names without their accents, a telephone number or an IBAN will do. F3 registers somebody "
                        "who has never been here."),
            )  # fmt: skip
        asked = self._asked

        def query(connection: Connection, key: HitKey | None, limit: int) -> tuple[Sequence[CustomerHit], Any]:
            page = find_customers(connection, asked, limit=limit, after=key)
            return page.hits, page.next_key

        self.list.show_rows(query)

    def _found_account(self, account: AccountSummary | None) -> None:
        """A whole IBAN leads straight to its account."""
        if account is not None and account.customer and self.isVisible():
            self.go.emit("customer", (account.customer, account.account))

    def _open(self, hit: CustomerHit) -> None:
        self.go.emit("customer", hit.customer)

    def _changed(self, changed: Changed) -> None:
        if changed.customers and self._asked:
            self.list.refresh()
