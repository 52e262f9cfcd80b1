"""What follows an operation that was posted: its receipt, its undoing, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from sqlalchemy import Connection

from core.device import Performed
from core.documents.receipt import ReceiptKind
from core.errors import EnvironmentProblem, Refusal
from core.money import format_amount
from core.store.queries.journal import OperationDetail, operation_detail
from core.store.queries.requests import RequestLine, request_line
from core.store.queries.transfers import TransferLine, transfer_line
from desktop.desk import Desk
from desktop.teller.money.facts import CounterFacts, counter_facts
from desktop.teller.money.order import Order
from desktop.teller.money.posted_panel import PostedPanel
from desktop.teller.money.receipts import OpenFile, open_with_viewer, receipt_of, receipts_folder, write_receipt
from desktop.teller.money.undoing import reversal_of, undo
from desktop.teller.refusals import say_refusal
from desktop.teller.saying import reference


@dataclass(frozen=True, slots=True)
class Papers:
    """Where receipts are written (None: among the person's documents), and what shows them."""

    folder: Path | None = None
    open_file: OpenFile = open_with_viewer


_Found = tuple[OperationDetail | None, CounterFacts | None, TransferLine | None, RequestLine | None]


class Aftermath(QObject):
    """Fills a `PostedPanel` and does what its buttons say. `shown` once the panel says what was posted."""

    shown = Signal()

    def __init__(self, desk: Desk, panel: PostedPanel, kind: ReceiptKind, papers: Papers) -> None:
        super().__init__(panel)
        self._desk, self._panel, self._kind, self._papers = desk, panel, kind, papers
        self._order: Order | None = None
        self._operation: str | None = None
        self._made: OperationDetail | None = None
        self._facts: CounterFacts | None = None
        self._printed: set[str] = set()
        panel.print_receipt.connect(self._print)
        panel.undo.connect(self._undo)

    def begin(self, order: Order, performed: Performed) -> None:
        """This was posted."""
        self._order, self._operation = order, performed.id
        self._panel.say("", "", "info")
        self.refresh()

    def end(self) -> None:
        """Forget it."""
        self._order = self._operation = self._made = self._facts = None

    def refresh(self) -> None:
        """Read again how it stands."""
        order, operation, drawer = self._order, self._operation, self._desk.place.drawer
        if order is None or operation is None:
            return

        def read(connection: Connection) -> _Found:
            made, facts = operation_detail(connection, operation), counter_facts(connection, order.account, drawer)
            return made, facts, transfer_line(connection, operation), request_line(connection, operation)

        def show(found: _Found) -> None:
            made, facts, transfer, request = found
            if made is not None and facts is not None and operation == self._operation:
                self._made, self._facts = made, facts
                self._panel.show_posted(order, made, facts, transfer, request)
                self.shown.emit()

        self._desk.read(read, show, owner=self)

    def _print(self) -> None:
        order, made, facts = self._order, self._made, self._facts
        if order is None or made is None or facts is None:
            return
        reprint = made.line.operation in self._printed
        self._printed.add(made.line.operation)
        receipt = receipt_of(self._kind, order, made, facts, self._desk, reprint=reprint)
        folder = self._papers.folder or receipts_folder()
        locale = self._desk.place.locale

        def written(path: Path) -> None:
            self._papers.open_file(path)
            self._panel.say(self.tr("Receipt made."), self.tr("It is kept as {path}.").format(path=path), "ok")

        self._desk.tasks.run_network(
            write_receipt, receipt, folder, locale, done=written, failed=self._fail, owner=self
        )

    def _undo(self) -> None:
        order, made = self._order, self._made
        if order is None or made is None or not self._panel.undo_button.isEnabled():
            return
        # First the focus: a button that is disabled would pass it on to anywhere.
        self._panel.next_button.setFocus()
        self._panel.undo_button.setEnabled(False)
        amount = f"{format_amount(order.amount, self._desk.place.locale)}\u00a0{order.amount.currency}"
        pairs = (
            (self.tr("Amount"), amount),
            *order.pairs,
            (self.tr("Reference"), reference(made.line.operation)),
        )
        body = reversal_of(made.line.operation, made.hash, made.postings)
        undo(self._desk, self._panel, body, pairs, done=self._undone, refused=self._refuse, failed=self._fail)

    def _undone(self, performed: Performed) -> None:
        text = self.tr("The opposite entry is posted as {reference}.").format(reference=reference(performed.id))
        self._panel.say(self.tr("Reversed."), text, "warn")
        self.refresh()

    def _refuse(self, refusal: Refusal) -> None:
        self._panel.undo_button.setEnabled(True)
        if refusal.code == "approval_cancelled":
            self._panel.say("", "", "info")
            return
        self._panel.say(self.tr("Not reversed."), say_refusal(refusal, self._desk.place.locale), "danger")

    def _fail(self, problem: EnvironmentProblem) -> None:
        self._panel.undo_button.setEnabled(True)
        self._panel.say(self.tr("That did not work."), problem.message, "danger")
