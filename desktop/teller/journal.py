"""The journal: what this desk did, newest first, how far each has come, and the signed facts of the chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from core.device import Changed
from core.documents.receipt import render_receipt
from core.errors import EnvironmentProblem
from core.money import Money, format_amount
from core.store.queries.journal import JournalLine, OperationDetail, journal, operation_detail
from desktop.desk import Desk
from desktop.screens import Screen
from desktop.teller.answers import line_tone, line_word
from desktop.teller.lists import LiveList
from desktop.teller.money.aftermath import Papers
from desktop.teller.money.receipts import receipts_folder
from desktop.teller.operation_card import OperationCard
from desktop.teller.papers import paper_typefaces, reprinted_receipt, save_paper
from desktop.teller.saying import kind_title, near_moment_text, reference, zone_at
from desktop.widgets import Card, Column, EmptyState

LIST_WIDTH_MIN = 620
"""In a narrower place, or with larger text, the detail stands below the list."""


def journal_columns(desk: Desk) -> Sequence[Column[JournalLine]]:
    """When, what, for whom, who, how much, by which reference, and how far it has come."""
    locale = desk.place.locale

    def amount(line: JournalLine) -> str:
        if line.amount is None or line.currency is None:
            return ""
        return format_amount(Money(line.amount, line.currency), locale)

    def what(line: JournalLine) -> str:
        parts = (
            kind_title(line.kind),
            desk.tr("reversed") if line.reversed_by else "",
            line.customer_name or desk.name_of(line.about),
        )
        return " \u00b7 ".join(part for part in parts if part)

    return (
        Column[JournalLine](
            desk.tr("When"), lambda line: near_moment_text(line.note.at, desk.today(), locale), width=11
        ),
        Column[JournalLine](desk.tr("What"), what),
        Column[JournalLine](
            desk.tr("Who"), lambda line: desk.name_of(line.note.person) or desk.tr("this desk"), width=11
        ),
        Column[JournalLine](desk.tr("Amount"), amount, align="amount", width=13),
        Column[JournalLine](desk.tr("Reference"), lambda line: reference(line.operation), width=10),
        Column[JournalLine](desk.tr("State"), line_word, width=12, tone=line_tone),
    )


class JournalScreen(Screen):
    """This device's operations; `opened` with an operation's id shows that one, wherever it was made.

    `printed` is where the last reprint was saved.
    """

    def __init__(self, desk: Desk, papers: Papers) -> None:
        super().__init__(self.tr("Journal"))
        self._desk, self._papers = desk, papers
        self._shown = ""
        self._wanted = ""
        self.printed: Path | None = None
        empty = EmptyState(
            self.tr("Nothing has been done at this desk"),
            self.tr("Each signed operation of this desk will stand here. Begin with opening the day (9001)."),
            icon="notebook-text",
        )
        self.list = LiveList[JournalLine](
            desk,
            self.tr("Journal"),
            journal_columns(desk),
            lambda line: line.operation,
            empty=empty,
            newest_first=True,
        )
        self.list.setObjectName("journal")
        card = Card(padding=14)
        card.body.addWidget(self.list, 1)
        self.list.setMinimumHeight(240)
        self.list.set_least(width=LIST_WIDTH_MIN)
        self.add_main(card, 1)
        self.card = OperationCard(desk)
        self.add_side(self.card)
        self.list.chosen.connect(self._choose)
        self.list.opened.connect(lambda _line: self.card.focus_first())
        self.card.reprint.clicked.connect(self._reprint)
        self.card.reverse.clicked.connect(lambda: self.go.emit("reverse", self._shown))
        self.card.customer.clicked.connect(self._go_to_customer)
        self.setFocusProxy(self.list)
        desk.changed.connect(self._changed)
        desk.session_changed.connect(self._load_detail)

    def opened(self, arguments: object) -> None:
        """The newest, or the operation asked for."""
        if isinstance(arguments, str):
            self._wanted = arguments
            self._show_operation(arguments)
            if not self.list.choose(arguments):
                self.list.show_rows(self._query)
        else:
            self.list.show_rows(self._query)
        self.list.setFocus()

    def _query(self, connection: Connection, key: int | None, limit: int) -> tuple[Sequence[JournalLine], Any]:
        page = journal(connection, limit=limit, after=key)
        return page.lines, page.next_key

    def _choose(self, line: JournalLine | None) -> None:
        if line is None:
            return
        wanted, self._wanted = self._wanted, ""
        # The list chooses its first row by itself; what was asked for may be another, or of elsewhere.
        if wanted:
            self.list.choose(wanted)
            if wanted != line.operation:
                return
        self._show_operation(line.operation)

    def _show_operation(self, operation: str) -> None:
        if operation != self._shown:
            self._shown = operation
            self.printed = None
            self.card.say("", "", "ok")
        self._load_detail()

    def _load_detail(self) -> None:
        shown = self._shown
        if shown:
            self._desk.read(lambda connection: operation_detail(connection, shown), self._show_detail, owner=self)

    def _show_detail(self, detail: OperationDetail | None) -> None:
        if detail is not None and detail.line.operation == self._shown:
            self.card.show_detail(detail)
            if detail.line.state in ("exception", "quarantined") and self.isVisible():
                self._desk.note_seen(detail.line.operation)

    def _changed(self, _changed: Changed) -> None:
        if self.isVisible():
            self.list.refresh()
            self._load_detail()

    def _go_to_customer(self) -> None:
        detail = self.card.detail
        if detail is not None and detail.line.customer:
            self.go.emit("customer", (detail.line.customer, detail.line.account or ""))

    def _reprint(self) -> None:
        operation, desk = self._shown, self._desk
        folder = self._papers.folder or receipts_folder()

        def work(connection: Connection) -> Path | None:
            receipt = reprinted_receipt(connection, desk.place, operation)
            if receipt is None:
                return None
            zone = zone_at(receipt.made_at)
            paper = render_receipt(receipt, paper_typefaces(), desk.place.locale, zone=zone)
            return save_paper(folder, f"receipt-{operation[-12:]}-reprint.pdf", paper.pdf)

        desk.read(work, self._printed, failed=self._not_printed, owner=self)

    def _printed(self, path: Path | None) -> None:
        if path is None:
            self.card.say(self.tr("No receipt."), self.tr("None is given for this."), "warn")
            return
        self.printed = path
        self.card.say(self.tr("Printed again."), str(path), "ok")
        self._papers.open_file(path)

    def _not_printed(self, problem: EnvironmentProblem) -> None:
        self.card.say(self.tr("Not printed."), problem.message, "danger")
