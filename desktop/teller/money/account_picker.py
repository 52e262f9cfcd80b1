"""Choosing an account: type a name or paste an IBAN, go down the list, Enter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.errors import EnvironmentProblem
from core.money import Money, format_amount
from desktop.desk import Desk
from desktop.teller.money.facts import AccountChoice, accounts_of_customer, find_accounts, short_iban
from desktop.teller.money.visiting import VisitOffer
from desktop.teller.saying import product_name
from desktop.widgets import Column, DataTable, EmptyState, PagedModel, SearchBox, Tone

TYPING_PAUSE_MS = 120
_HEIGHT = 420


class AccountPicker(QWidget):
    """A search box over a list of accounts. `chosen` carries an account's id.

    `file_wanted` carries a customer's id where somebody without an account was chosen.
    """

    chosen = Signal(str)
    file_wanted = Signal(str)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._locale = desk.place.locale
        self._enter_waits = False
        self._one_is_enough = False
        self.search = SearchBox(self.tr("Name, telephone number or IBAN"), key="")
        self.search.edit.setObjectName("account_search")
        self._model: PagedModel[AccountChoice] = PagedModel(self._columns(), None, desk.tasks, parent=self)
        self._empty = EmptyState("", "", icon="search")
        self.table = DataTable(self.tr("Accounts"), self._model, empty=self._empty)
        self.table.setObjectName("accounts")
        self.table.set_least(height=_HEIGHT)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(TYPING_PAUSE_MS)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        self.offer = VisitOffer(desk)
        column.addWidget(self.search)
        column.addWidget(self.offer)
        column.addWidget(self.table)
        self.setFocusProxy(self.search)
        self._pause.timeout.connect(self._search)
        self.search.edit.textEdited.connect(self._typed)
        self.search.edit.installEventFilter(self)
        self.table.opened.connect(self._choose)
        self._model.loaded.connect(self._loaded)
        self._model.failed.connect(self._failed)
        self.offer.lent.connect(self.chosen)
        self.offer.offered.connect(self._say_elsewhere)
        self.begin()

    def begin(self) -> None:
        """Empty, and ready to be typed into."""
        self._pause.stop()
        self.search.clear()
        self.offer.take_back()
        self._one_is_enough = self._enter_waits = False
        self._empty.show_text(
            self.tr("Whose account is it?"), self.tr("Type a name or a telephone number, or paste an IBAN.")
        )
        self._model.reload(lambda _key, _limit: ((), None))

    def show_customer(self, customer: str) -> None:
        """Offer one customer's accounts; if there is but one it is chosen."""
        self._one_is_enough = True
        self._empty.show_text(
            self.tr("This customer has no account"), self.tr("An account is opened in the customer's file.")
        )
        self._model.reload(lambda _key, _limit: (self._read_accounts(customer), None))

    def say_unknown(self) -> None:
        """Say that the account which was asked for is not known here."""
        self._empty.show_text(
            self.tr("This account is not known here"), self.tr("Look it up by its holder's name, or wait for the line.")
        )

    def enter(self) -> None:
        """Enter in the search box: the only account found, or on to the list."""
        if self._pause.isActive() or self._model.is_loading():
            self._enter_waits = True
            self._flush()
        elif self._model.rowCount() == 1:
            self._choose(self._model.row(0))
        elif self._model.rowCount():
            self.table.setFocus(Qt.FocusReason.TabFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Down in the search box goes to the list."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Down:
            if self._model.rowCount():
                self.table.setFocus(Qt.FocusReason.TabFocusReason)
            return True
        return super().eventFilter(watched, event)

    def _columns(self) -> list[Column[AccountChoice]]:
        return [
            Column(self.tr("Customer"), lambda row: row.name, strong=True),
            Column(self.tr("IBAN"), lambda row: short_iban(row.account.iban) if row.account else "", width=26),
            Column(self.tr("Account"), self._product, width=12),
            Column(self.tr("State"), self._state, width=14, tone=_tone),
            Column(self.tr("Holds"), self._holds, align="amount", width=20),
        ]

    def _product(self, row: AccountChoice) -> str:
        return product_name(row.account.product) if row.account else self.tr("None yet")

    def _holds(self, row: AccountChoice) -> str:
        if row.account is None:
            return ""
        amount = format_amount(Money(row.account.posted, row.account.currency), self._locale)
        return f"{row.account.currency}\u00a0{amount}"

    def _state(self, row: AccountChoice) -> str:
        account = row.account
        if account is None:
            return ""
        if account.branch != self._desk.device.identity.branch:
            return self.tr("Other branch")
        if account.state != "open":
            return self.tr("Closed") if account.state == "closed" else self.tr("Not heard of")
        if account.closing:
            return self.tr("Closing")
        return self.tr("Frozen") if account.frozen else ""

    def _typed(self, text: str) -> None:
        if text.strip():
            self._pause.start()
        else:
            self.begin()

    def _flush(self) -> None:
        if self._pause.isActive():
            self._pause.stop()
            self._search()

    def _search(self) -> None:
        typed = self.search.text()
        self._one_is_enough = False
        self.offer.take_back()
        self._empty.show_text(
            self.tr("Nobody found"), self.tr("Check the spelling, or type fewer letters of the name or of the IBAN.")
        )
        self._model.reload(lambda key, limit: self._read_found(typed, key, limit))

    def _read_found(self, typed: str, key: Any, limit: int) -> tuple[Sequence[AccountChoice], Any]:
        with self._desk.device.reading() as connection:
            return find_accounts(connection, typed, key, limit)

    def _read_accounts(self, customer: str) -> Sequence[AccountChoice]:
        with self._desk.device.reading() as connection:
            return accounts_of_customer(connection, customer)

    def _loaded(self, any_rows: bool) -> None:
        if not any_rows and not self._one_is_enough and self.search.text():
            self.offer.consider(self.search.text())
        waiting, self._enter_waits = self._enter_waits, False
        if self._one_is_enough and self._model.rowCount() == 1:
            self._choose(self._model.row(0))
        elif waiting:
            self.enter()
        elif self._one_is_enough and self._model.rowCount():
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _say_elsewhere(self) -> None:
        self._empty.show_text(
            self.tr("Not an account of this branch"), self.tr("Ask for its file above, or look for somebody else.")
        )

    def _failed(self, problem: EnvironmentProblem) -> None:
        self.table.show_problem(problem)

    def _choose(self, row: AccountChoice | None) -> None:
        if row is None:
            return
        if row.account is None:
            self.file_wanted.emit(row.customer)
        else:
            self.chosen.emit(row.account.account)


def _tone(row: AccountChoice) -> Tone:
    return "warn" if row.account is not None and row.account.frozen and row.account.state == "open" else "plain"
