"""An account's statement on paper: a period is chosen, the figures are shown, and the PDF is saved and opened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from PySide6.QtWidgets import QHBoxLayout
from sqlalchemy import Connection

from core.clock import instant
from core.documents.statement import Statement, check_statement
from core.documents.statement_paper import render_statement
from core.errors import EnvironmentProblem
from core.money import Money, format_amount
from core.store.queries.accounts import AccountSummary, account_summary
from desktop.desk import Desk
from desktop.screens import Screen
from desktop.teller.fields import ChoiceField, DateField
from desktop.teller.money.aftermath import Papers
from desktop.teller.money.receipts import receipts_folder
from desktop.teller.papers import paper_typefaces, save_paper, statement_of
from desktop.teller.saying import date_text, iban_text, zone_at
from desktop.widgets import Button, Card, KeyValueList, Notice, Text

PERIOD_YEARS_MAX = 10


@dataclass(frozen=True, slots=True)
class MadeStatement:
    """A statement that was saved: its figures, where it lies, and what could not be drawn."""

    statement: Statement
    path: Path
    pages: int
    missing: tuple[str, ...]


class StatementScreen(Screen):
    """The statement of one account (`opened` with its id). `made` is the last one that was saved."""

    def __init__(self, desk: Desk, papers: Papers) -> None:
        super().__init__(self.tr("Account statement"))
        self._words = self.tr("Account statement")
        self._desk, self._papers = desk, papers
        self._folder = papers.folder or receipts_folder().with_name("statements")
        self._wanted = ""
        self._account: AccountSummary | None = None
        self._busy = False
        self.made: MadeStatement | None = None
        locale = desk.place.locale
        self.period = ChoiceField(
            self.tr("&Period"),
            [
                ("month", self.tr("This month")),
                ("last-month", self.tr("Last month")),
                ("quarter", self.tr("The last 90 days")),
                ("year", self.tr("This year")),
                ("own", self.tr("Other dates")),
            ],
        )
        self.first = DateField(self.tr("&From"), locale)
        self.last = DateField(self.tr("&To"), locale)
        self.period.box.setObjectName("period")
        self.first.edit.setObjectName("period_from")
        self.last.edit.setObjectName("period_to")
        self.period.changed.connect(self._fill_dates)
        for field in (self.first, self.last):
            field.changed.connect(lambda _text: self.period.set_code("own"))
        self.problem = Notice("", " ", "danger")
        self.problem.hide()
        self.make_button = Button(self.tr("Make the statement"), "primary", shown_key=self.tr("Enter"))
        self.make_button.setObjectName("make_statement")
        self.make_button.clicked.connect(self.make)
        self._lay_out()
        self._fill_dates(self.period.code())

    def opened(self, arguments: object) -> None:
        """Load the account; the period stays as it was chosen."""
        if isinstance(arguments, str) and arguments != self._wanted:
            self._wanted, self._account, self.made = arguments, None, None
            self.result.hide()
            self.problem.hide()
            self.make_button.setEnabled(False)
            self.set_title(self._words)
        wanted = self._wanted
        self._desk.read(lambda connection: account_summary(connection, wanted), self._show_account, owner=self)
        self.period.setFocus()

    def back(self) -> bool:
        """To the customer's file."""
        if self._account is None:
            return False
        self.go.emit("customer", (self._account.customer, self._account.account))
        return True

    def primary(self) -> None:
        """Enter in a field."""
        self.make()

    def make(self) -> None:
        """Make, check and save the statement off the UI thread."""
        period = self._checked_period()
        account = self._account
        if period is None or account is None or self._busy:
            return
        self._set_busy(busy=True)
        self.problem.hide()
        first, last = period
        desk, folder = self._desk, self._folder
        now, person = (
            instant(desk.device.clock.now_ms()),
            desk.person_name or (desk.session.person if desk.session else ""),
        )

        does_not_add_up = self.tr("The figures do not add up ({code}), so nothing is printed. Call the centre.")

        def work(connection: Connection) -> MadeStatement | None:
            statement = statement_of(connection, desk.place, account.account, first, last, made_at=now, made_by=person)
            if statement is None:
                return None
            wrong = check_statement(statement)
            if wrong is not None:
                raise EnvironmentProblem(does_not_add_up.format(code=wrong.code), code=wrong.code)
            paper = render_statement(statement, paper_typefaces(), desk.place.locale, zone=zone_at(now))
            name = f"statement-{account.iban[-10:]}-{first.isoformat()}-{last.isoformat()}.pdf"
            return MadeStatement(statement, save_paper(folder, name, paper.pdf), paper.pages, paper.missing_glyphs)

        desk.read(work, self._show_made, failed=self._failed, owner=self)

    # Parts

    def _lay_out(self) -> None:
        form = Card()
        form.body.addWidget(self.problem)
        fields = QHBoxLayout()
        fields.setSpacing(14)
        for field in (self.period, self.first, self.last):
            fields.addWidget(field, 1)
        form.body.addLayout(fields)
        buttons = QHBoxLayout()
        buttons.addWidget(self.make_button)
        buttons.addStretch(1)
        buttons.addWidget(
            Text(self.tr("What is queued here is on it too, and it names the chains it covers."), "small")
        )
        form.body.addLayout(buttons)
        self.add_main(form)
        self.result = Card(self.tr("The statement"))
        self.facts = KeyValueList()
        self.saved = Notice("", " ", "ok")
        self.saved.setObjectName("statement_saved")
        self.open_button = Button(self.tr("Open it"), key="F8")
        self.folder_button = Button(self.tr("Show the folder"))
        self.open_button.setObjectName("open_statement")
        self.open_button.clicked.connect(lambda: self._open(folder=False))
        self.folder_button.clicked.connect(lambda: self._open(folder=True))
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.open_button)
        row.addWidget(self.folder_button)
        row.addStretch(1)
        self.result.body.addWidget(self.saved)
        self.result.body.addWidget(self.facts)
        self.result.body.addLayout(row)
        self.result.hide()
        self.add_main(self.result)

    def _show_account(self, account: AccountSummary | None) -> None:
        self.make_button.setEnabled(account is not None and not self._busy)
        if account is not None and account.account == self._wanted:
            self._account = account
            self.set_title(self._words, f"{account.holder} \u00b7 {iban_text(account.iban)}")

    def _fill_dates(self, code: str) -> None:
        today = date.fromisoformat(self._desk.today())
        month = today.replace(day=1)
        if code == "own":
            self.first.setFocus()
            self.first.edit.selectAll()
            return
        first, last = {
            "month": (month, today),
            "last-month": ((month - timedelta(days=1)).replace(day=1), month - timedelta(days=1)),
            "quarter": (today - timedelta(days=89), today),
            "year": (today.replace(month=1, day=1), today),
        }[code]
        self.first.set_date(first.isoformat())
        self.last.set_date(last.isoformat())

    def _checked_period(self) -> tuple[date, date] | None:
        first, last = self.first.check(), self.last.check()
        if first is None or last is None:
            (self.first if first is None else self.last).setFocus()
            return None
        begins, ends = date.fromisoformat(first), date.fromisoformat(last)
        if begins > ends:
            self.last.set_error(self.tr("The period ends before it begins."))
            self.last.setFocus()
            return None
        if ends.year - begins.year > PERIOD_YEARS_MAX:
            self.first.set_error(self.tr("At most {n} years on one statement.").format(n=PERIOD_YEARS_MAX))
            self.first.setFocus()
            return None
        return begins, ends

    def _show_made(self, made: MadeStatement | None) -> None:
        self._set_busy(busy=False)
        if made is None:
            self.problem.show_notice(self.tr("Not here."), self.tr("This account is not at this desk."), "warn")
            self.problem.show()
            return
        self.made = made
        statement, locale = made.statement, self._desk.place.locale

        def money(minor: int) -> str:
            return f"{format_amount(Money(minor, statement.currency), locale)} {statement.currency}"

        pages = self.tr("1 page") if made.pages == 1 else self.tr("{n} pages").format(n=made.pages)
        self.saved.show_notice(self.tr("Saved."), f"{made.path} ({pages})", "ok")
        if made.missing:
            text = self.tr("{path}: the typefaces lack {characters}.").format(
                path=made.path, characters=", ".join(made.missing)
            )
            self.saved.show_notice(self.tr("Saved, with characters that could not be drawn."), text, "warn")
        ways = ((self.tr("Money in"), statement.money_in), (self.tr("Money out"), statement.money_out))
        self.facts.set_rows(
            [
                (
                    self.tr("Period"),
                    f"{date_text(statement.period_from, locale)} \u2013 {date_text(statement.period_to, locale)}",
                ),
                (self.tr("Opening balance"), money(statement.opening_balance_minor)),
                *((self.tr("{way} ({n})").format(way=way, n=count), money(sum_)) for way, (count, sum_) in ways),
                (self.tr("Closing balance"), money(statement.closing_balance_minor)),
                (self.tr("Chains covered"), str(len(statement.heads))),
            ]
        )
        self.result.show()
        self.open_button.setFocus()

    def _failed(self, problem: EnvironmentProblem) -> None:
        self._set_busy(busy=False)
        self.problem.show_notice(self.tr("Not made."), problem.message, "danger")
        self.problem.show()

    def _set_busy(self, *, busy: bool) -> None:
        self._busy = busy
        self.make_button.setEnabled(not busy)
        self.make_button.set_label(self.tr("Making it\u2026") if busy else self.tr("Make the statement"))

    def _open(self, *, folder: bool) -> None:
        if self.made is not None:
            path = self.made.path.parent if folder else self.made.path
            self._papers.open_file(path)
