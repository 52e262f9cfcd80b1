"""Customers of other branches at this counter: asking for their file, showing what it is, giving it back."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.clock import instant
from core.device import Performed, Refusals
from core.errors import CentreRefusal, EnvironmentProblem, Refusal
from core.store.queries.visits import VisitNote, is_of_this_bank
from desktop.desk import Desk
from desktop.teller.money.allowance import is_offline
from desktop.teller.money.effects import Obstacle
from desktop.teller.money.facts import CounterFacts
from desktop.teller.refusals import say_refusal
from desktop.teller.saying import moment_text
from desktop.widgets import Button, Card, KeyValueList, Notice


def _tr(text: str) -> str:
    return QCoreApplication.translate("money", text)


def lent_here(facts: CounterFacts, desk: Desk) -> VisitNote | None:
    """The loan under which this desk may take in and pay out cash for an account of another branch."""
    visit = facts.visit
    return visit if visit is not None and visit.is_lent(instant(desk.device.clock.now_ms())) else None


def wants_file(facts: CounterFacts, desk: Desk) -> bool:
    """Whether another branch keeps the account and its file is not at this desk."""
    return facts.account.branch != desk.device.identity.branch and lent_here(facts, desk) is None


def visit_obstacle(facts: CounterFacts, desk: Desk, *, with_cash: bool) -> Obstacle | None:
    """What can't be done with another branch's account: everything but cash, and that too without its file."""
    visit = lent_here(facts, desk)
    if facts.account.branch == desk.device.identity.branch or (visit is not None and with_cash):
        return None
    if visit is not None:
        text = _tr("Only cash is taken in and paid out here for its customers; everything else is done there.")
        return Obstacle(_tr("{branch} keeps this account.").format(branch=visit.branch_name), text)
    text = _tr("Its money moves there; from here only a transfer can be sent to it.")
    return Obstacle(_tr("Another branch keeps this account."), text)


class VisitOffer(QWidget):
    """Offers to ask the centre for the file of an account of another branch. `lent` carries the account's id,
    `offered` says that it stands there.
    """

    lent = Signal(str)
    offered = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("visit_offer")
        self._desk, self._iban, self._asking = desk, "", False
        self.ask = Button(_tr("Ask for the file"), key="F3", small=True)
        self.ask.setObjectName("ask_for_file")
        self._notice = Notice("", " ", action=self.ask)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._notice)
        self.ask.clicked.connect(self._ask)
        desk.line_changed.connect(self._settle)
        self.take_back()

    def take_back(self) -> None:
        """Offer nothing."""
        self._iban, self._asking = "", False
        self.hide()

    def consider(self, typed: str) -> None:
        """Offer it if what was typed is an IBAN of this bank, for this branch knows no such account."""
        iban = "".join(typed.split()).upper()
        self.take_back()

        def answered(ours: bool) -> None:
            if ours:
                self.offer(iban)

        self._desk.read(lambda connection: is_of_this_bank(connection, iban), answered, owner=self)

    def offer(self, iban: str) -> None:
        """Offer to ask for the file of that account."""
        self._iban, self._asking = iban, False
        self._settle()
        self.show()
        self.offered.emit()

    def _settle(self) -> None:
        if not self._iban:
            return
        offline = is_offline(self._desk)
        # While it is asked the button stays as it is, so that the focus stays too; pressing it again does nothing.
        self.ask.setEnabled(not offline or self._asking)
        if offline:
            text = _tr("Its file can be asked for once the line is up.")
        elif self._asking:
            text = _tr("The centre is asked for its file.")
        else:
            text = _tr("If its customer is here, ask for the file: cash is then taken in and paid out as for your own.")
        self._notice.show_notice(_tr("Another branch keeps this account."), text, "info")

    def _ask(self) -> None:
        iban = self._iban
        if not iban or self._asking:
            return
        self._asking = True
        self._settle()

        def lent(account: str) -> None:
            if self._iban == iban:
                self.take_back()
                self.lent.emit(account)

        def failed(problem: EnvironmentProblem) -> None:
            if self._iban == iban:
                self._asking = False
                self._settle()
                self._notice.show_notice(_tr("The file did not come."), self._said(problem), "warn")

        self._desk.tasks.run_network(self._desk.line.ask_for_file, iban, done=lent, failed=failed, owner=self)

    def _said(self, problem: EnvironmentProblem) -> str:
        if isinstance(problem, CentreRefusal):
            return say_refusal(Refusal(problem.code), self._desk.place.locale)
        return problem.message


class VisitCard(Card):
    """Whose customer it is, as of when the figures are, and the way to give the file back. Hidden for one's own."""

    given_back = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__(_tr("Visiting customer"))
        self.setObjectName("visit")
        self._desk, self._account = desk, ""
        self._pairs = KeyValueList()
        self._problem = Notice("", " ", "warn")
        self.button = Button(_tr("Give the file back"), key="F8", small=True)
        self.button.setObjectName("give_back")
        for part in (self._pairs, self._problem, self.button):
            self.body.addWidget(part)
        self.button.clicked.connect(self._give_back)
        self.hide()

    def show_facts(self, facts: CounterFacts) -> None:
        """Show the loan of the account, if there is one."""
        visit, locale = lent_here(facts, self._desk), self._desk.place.locale
        self._account = facts.account.account
        self._problem.hide()
        self.setVisible(visit is not None)
        if visit is not None:
            self._pairs.set_rows(
                [
                    (_tr("Kept at"), visit.branch_name),
                    (_tr("Balance as of"), moment_text(visit.as_of, locale)),
                    (_tr("Lent until"), moment_text(visit.until, locale)),
                ]
            )

    def _give_back(self) -> None:
        account = self._account

        def done(outcome: Performed | Refusals) -> None:
            if isinstance(outcome, Refusals):
                self._problem.show_notice(
                    _tr("Not given back."), say_refusal(outcome.first, self._desk.place.locale), "warn"
                )
                self._problem.show()
                return
            self._desk.line.wake()
            self.hide()
            self.given_back.emit()

        self._desk.tasks.run(lambda: self._desk.device.give_back(account), done=done, owner=self)
