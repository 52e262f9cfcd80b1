"""Home: one box for everything, what needs doing, the day so far, and what was done last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from sqlalchemy import Connection

from core.device import Changed
from core.money import Money, format_money
from core.store.queries.day import DayTotals
from core.store.queries.journal import JournalLine, journal
from desktop.desk import Desk
from desktop.screens import GoTo, LookUp, Screen
from desktop.teller.journal import journal_columns
from desktop.teller.lists import LiveList
from desktop.teller.saying import NOTHING, date_text
from desktop.teller.todo import BESIDE_WORK, HomeView, Todo, read_home, todos
from desktop.widgets import Badge, Button, Card, ElidedText, EmptyState, Hairline, KeyValueList, SearchBox, Text
from desktop.widgets.panels import empty_layout

RECENT_ROWS = 30
_DEPOSITS, _WITHDRAWALS = ("cash.deposited",), ("cash.withdrawn",)
_TRANSFERS = ("transfer.made", "transfer.sent")
_TODO_KEYS = ("F3", "F4", "F5", "F6", "F8", "F9")


class HomeScreen(Screen):
    """The first screen. `resolve` tells a trade code from what is to be looked up."""

    def __init__(self, desk: Desk, resolve: Callable[[str], GoTo | LookUp]) -> None:
        super().__init__(self.tr("Home"))
        self._words = self.tr("Home")
        self._desk, self._resolve = desk, resolve
        self.search = SearchBox(self.tr("Code, customer, telephone, account or IBAN"), key="")
        self.search.edit.setObjectName("home_search")
        self.search.submitted.connect(self._submit)
        self.todo = QVBoxLayout()
        self.todo.setSpacing(10)
        self._todos: tuple[Todo, ...] | None = None
        self.add_main(self._search_card())
        self.add_main(self._todo_card())
        self.add_main(self._recent_card(), 1)
        self.day = KeyValueList()
        day = Card(self.tr("The day so far"))
        day.body.addWidget(self.day)
        self.add_side(day)
        self.add_side(self._codes_card())
        self.setFocusProxy(self.search)
        desk.changed.connect(self._changed)
        for signal in (desk.session_changed, desk.day_changed):
            signal.connect(self._load)
        self._view: HomeView | None = None
        desk.line_changed.connect(self._line_changed)

    def opened(self, arguments: object) -> None:  # noqa: ARG002 - nothing is asked for
        """Read everything again and begin at the box."""
        self._load()
        self.recent.show_rows(self._recent_query)
        self.search.begin()

    # Parts

    def _search_card(self) -> Card:
        card = Card()
        card.body.setSpacing(6)
        card.body.addWidget(self.search)
        hint = self.tr("A code opens its screen; the beginning of a name, telephone number or IBAN finds a customer.")
        card.body.addWidget(Text(hint, "small", wrap=True))
        return card

    def _todo_card(self) -> Card:
        card = Card(self.tr("What needs doing"))
        card.body.addLayout(self.todo)
        return card

    def _recent_card(self) -> Card:
        empty = EmptyState(
            self.tr("Nothing was done at this desk yet"),
            self.tr("Deposits, withdrawals and transfers will stand here. Begin with opening the day (9001)."),
            icon="notebook-text",
        )
        unshown = {self._desk.tr("Who"), self._desk.tr("Reference")}
        columns = [column for column in journal_columns(self._desk) if column.title not in unshown]
        self.recent = LiveList[JournalLine](
            self._desk, self.tr("Done last"), columns, lambda line: line.operation, empty=empty, newest_first=True
        )
        self.recent.setObjectName("recent")
        self.unlisted = Text("", "small", wrap=True)
        self.unlisted.hide()
        self.recent.setMinimumHeight(170)
        self.recent.opened.connect(lambda line: self.go.emit("journal", line.operation))
        card = Card(self.tr("Done last at this desk"), padding=14)
        card.body.addWidget(self.recent, 1)
        card.body.addWidget(self.unlisted)
        return card

    def _codes_card(self) -> Card:
        card = Card(self.tr("Codes"))
        rows = [
            (self.tr("Deposit"), "1401"),
            (self.tr("Withdrawal"), "1001"),
            (self.tr("Transfer"), "0006"),
            (self.tr("My drawer"), "9001"),
            (self.tr("Vault"), "9002"),
        ]
        card.body.addWidget(KeyValueList(rows))
        return card

    # Reading

    def _load(self) -> None:
        place, device = self._desk.place, self._desk.device.identity.device
        today = self._desk.today()
        self._desk.read(lambda c: read_home(c, device, place.drawer, place.currency, today), self._show, owner=self)

    def _changed(self, _changed: Changed) -> None:
        if self.isVisible():
            self._load()
            self.recent.refresh()

    def _recent_query(self, connection: Connection, _key: object, _limit: int) -> tuple[Sequence[JournalLine], Any]:
        page = journal(connection, limit=RECENT_ROWS)
        return tuple(line for line in page.lines if not line.kind.startswith(BESIDE_WORK)), None

    def _show(self, view: HomeView) -> None:
        locale = self._desk.place.locale
        day = view.day.business_date if view.day is not None and view.day.state == "open" else None
        words = self.tr("Business day {day}").format(day=date_text(day, locale))
        self.set_title(self._words, words if day else self.tr("No day is open"))
        self._show_day(view.totals, view)
        self._show_unlisted(view.waiting_beside)
        self._view = view
        self._show_found(todos(view, self._desk))

    def _show_unlisted(self, number: int) -> None:
        """The strip counts all that waits; what of it is not in the list is named here."""
        one = self.tr("1 sign-in or the like waits to be sent as well. It stands in the journal (F7).")
        more = self.tr("{n} sign-ins and the like wait to be sent as well. They stand in the journal (F7).")
        self.unlisted.setText(one if number == 1 else more.format(n=number))
        self.unlisted.setVisible(number > 0)

    def _line_changed(self) -> None:
        """The line changes by itself; what was read of the books stays."""
        if self._view is not None and self.isVisible():
            self._show_found(todos(self._view, self._desk))

    def _show_found(self, found: tuple[Todo, ...]) -> None:
        # Only what differs is drawn anew: a button that has the focus keeps it.
        if found != self._todos:
            self._todos = found
            self._show_todos(found)

    def _show_day(self, totals: DayTotals, view: HomeView) -> None:
        place = self._desk.place

        def money(minor: int) -> str:
            return format_money(Money(minor, place.currency), place.locale)

        def count(kinds: tuple[str, ...]) -> str:
            return str(sum(totals.counts.get(kind, 0) for kind in kinds))

        self.day.set_rows(
            [
                (self.tr("Deposits"), count(_DEPOSITS)),
                (self.tr("Withdrawals"), count(_WITHDRAWALS)),
                (self.tr("Transfers"), count(_TRANSFERS)),
                (self.tr("Customers registered"), count(("customer.registered",))),
                (self.tr("Cash taken in"), money(totals.cash_in) if totals.cash_in else NOTHING),
                (self.tr("Cash paid out"), money(totals.cash_out) if totals.cash_out else NOTHING),
                (self.tr("Drawer"), self._drawer_words(view)),
            ]
        )

    def _drawer_words(self, view: HomeView) -> str:
        """What one's own drawer holds; of somebody else's only that they have it."""
        place, drawer, session = self._desk.place, view.drawer, self._desk.session
        if drawer is None or drawer.state != "open":
            return self.tr("not open")
        if session is None or drawer.person != session.person:
            return self.tr("open with {person}").format(person=self._desk.name_of(drawer.person))
        return format_money(Money(drawer.expected, place.currency), place.locale)

    def _show_todos(self, found: tuple[Todo, ...]) -> None:
        empty_layout(self.todo)
        if not found:
            self.todo.addWidget(Text(self.tr("Nothing waits for you. Customers who come are found with F2."), "quiet"))
        badges = [Badge(each.badge, each.tone) for each in found]
        widest = max((_width_of(badge) for badge in badges), default=0)
        for number, (each, badge) in enumerate(zip(found, badges, strict=True)):
            if number:
                self.todo.addWidget(Hairline())
            key = _TODO_KEYS[number] if number < len(_TODO_KEYS) else None
            self.todo.addWidget(self._todo_line(each, badge, widest, key))

    def _todo_line(self, each: Todo, badge: Badge, widest: int, key: str | None) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(badge, 0, Qt.AlignmentFlag.AlignVCenter)
        # The words stand in one column, however long the badges before them are.
        row.addSpacing(widest - _width_of(badge))
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(ElidedText(each.title, "strong"))
        words.addWidget(Text(each.text, "small", wrap=True))
        row.addLayout(words, 1)
        button = Button(each.action, "primary" if each.first else "secondary", key=key, small=True)
        button.setObjectName(f"todo_{each.screen}")
        button.setAccessibleName(f"{each.action}: {each.title}")
        button.clicked.connect(lambda _checked=False: self._begin(each))
        row.addWidget(button)
        return line

    def _begin(self, each: Todo) -> None:
        if each.ends_return:
            self._desk.set_line_return(None)
        self.go.emit(each.screen, each.arguments)

    def _submit(self, text: str) -> None:
        answer = self._resolve(text)
        self.search.clear()
        if isinstance(answer, GoTo):
            self.go.emit(answer.name, None)
        else:
            self.go.emit("customers", answer.text)


def _width_of(badge: Badge) -> int:
    badge.ensurePolished()
    return badge.sizeHint().width()
