"""After posting: what was done, how far it has come, the balance as it is known, and what can follow."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.money import Money, format_amount, format_money
from core.store.queries.journal import OperationDetail
from core.store.queries.requests import RequestLine
from core.store.queries.transfers import TransferLine
from desktop.desk import Desk
from desktop.teller.answers import answer_sentence, answer_tone, answer_word
from desktop.teller.money.facts import CounterFacts
from desktop.teller.money.order import Order
from desktop.teller.money.undoing import may_be_undone
from desktop.teller.returns import transfer_sentence, transfer_tone, transfer_word
from desktop.teller.saying import moment_text, reference, state_sentence, state_tone, state_word
from desktop.teller.standing_in import risk_paid
from desktop.widgets import Badge, Button, Card, Hairline, Icon, KeyValueList, Notice, Text, Tone
from desktop.widgets.line_status import clock_text
from desktop.wording import amount_in_words


class PostedPanel(Card):
    """What was posted. It is drawn anew as the operation goes on to the centre, or is undone."""

    next_customer = Signal()
    print_receipt = Signal()
    undo = Signal()

    def __init__(self, title: str, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("posted")
        self._desk, self._locale, self._said = desk, desk.place.locale, title
        self._mark = Icon("circle-check", "accent", 20)
        self._heading = Text(title, "strong")
        self._amount, self._words = Text("", "figure"), Text("", "small", wrap=True)
        self._pairs = KeyValueList()
        self._notice = Notice("", " ")
        self._notice.hide()
        self._why_not = Text("", "small", wrap=True)
        self.next_button = Button(self.tr("Next customer"), "primary", shown_key=self.tr("Enter"))
        self.receipt_button = Button(self.tr("Print receipt"), key="Ctrl+P", shown_key="Ctrl P")
        self.undo_button = Button(self.tr("Reverse"), "danger", key="Ctrl+Z", shown_key="Ctrl Z")
        for button, name in ((self.next_button, "next"), (self.receipt_button, "receipt"), (self.undo_button, "undo")):
            button.setObjectName(name)
        self.next_button.clicked.connect(self.next_customer)
        self.receipt_button.clicked.connect(self.print_receipt)
        self.undo_button.clicked.connect(self.undo)
        self._lay_out()
        self.setFocusProxy(self.next_button)

    def show_posted(
        self,
        order: Order,
        made: OperationDetail,
        facts: CounterFacts,
        transfer: TransferLine | None = None,
        request: RequestLine | None = None,
    ) -> None:
        """Show the operation, and the transfer that it sent or asked for, as they stand now. The focus stays."""
        undone = made.line.reversed_by is not None
        returned = transfer is not None and transfer.state == "returned"
        heading = self.tr("Reversed") if undone else self.tr("Returned") if returned else self._said
        self._heading.setText(self._asked_heading(request) if request is not None else heading)
        taken_back = undone or returned or (request is not None and request.state != "done")
        self._mark.show_icon("info" if taken_back else "circle-check", "warn" if taken_back else "accent")
        self._amount.setText(f"{format_amount(order.amount, self._locale)} {order.amount.currency}")
        self._words.setText(amount_in_words(order.amount, self._locale))
        rows = self._standing(made, facts, transfer)
        if request is not None:
            answer = Badge(answer_word(request.state), answer_tone(request.state))
            rows.append((self.tr("The centre's answer"), answer))
        self._pairs.set_rows([*order.pairs, *rows])
        self.receipt_button.setEnabled(request is None)
        reversible = may_be_undone(made.line.kind)
        self.undo_button.setEnabled(reversible and not undone)
        why_not = self._why_not_undone(reversible=reversible, undone=undone, made=made, transfer=transfer)
        self._why_not.setText(self._asked_text(request) if request is not None else why_not)
        self.setAccessibleName(f"{self._heading.text()} {self._amount.text()}")

    def _asked_heading(self, request: RequestLine) -> str:
        words = {"done": self.tr("Done by the centre"), "declined": self.tr("Declined by the centre")}
        return words.get(request.state) or self.tr("Asked of the centre")

    def _asked_text(self, request: RequestLine) -> str:
        return answer_sentence(request.kind, request.state, request.reason, self._locale)

    def say(self, lead: str, text: str, tone: Tone) -> None:
        """Say what became of a receipt or an undoing; an empty lead takes it back."""
        self._notice.setVisible(bool(lead))
        if lead:
            self._notice.show_notice(lead, text, tone)

    def _standing(
        self, made: OperationDetail, facts: CounterFacts, transfer: TransferLine | None
    ) -> list[tuple[str, str | QWidget]]:
        line, currency = made.line, facts.account.currency
        balance = f"{format_amount(Money(facts.account.posted, currency), self._locale)}\u00a0{currency}"
        as_of = self._desk.line_status.balances_as_of
        if as_of is not None:
            balance = self.tr("{balance}, as of {time}").format(balance=balance, time=clock_text(as_of))
        state = Badge(state_word(line.state), state_tone(line.state))
        state.setToolTip(state_sentence(line.state))
        rows: list[tuple[str, str | QWidget]] = [
            (self.tr("Balance"), balance),
            (self.tr("Reference"), reference(line.operation)),
            (self.tr("Made"), moment_text(line.note.at, self._locale)),
            (self.tr("State"), state),
        ]
        if transfer is not None and (transfer.state != "sent" or line.state == "applied"):
            # The transfer's own state says more than that the centre has it.
            rows.append((self.tr("Transfer"), self._transfer_badge(transfer)))
        risk = risk_paid(made, currency)
        if risk is not None:
            rows.append((self.tr("At the bank's risk"), Badge(format_money(risk, self._locale), "danger")))
        if line.approver is not None:
            rows.append((self.tr("Approved by"), self._desk.name_of(line.approver)))
        if line.reversed_by is not None:
            rows.append((self.tr("Reversed by"), reference(line.reversed_by)))
        return rows

    def _transfer_badge(self, transfer: TransferLine) -> Badge:
        return Badge(transfer_word(transfer.state, transfer.reason), transfer_tone(transfer.state))

    def _why_not_undone(
        self, *, reversible: bool, undone: bool, made: OperationDetail, transfer: TransferLine | None
    ) -> str:
        if undone:
            return self.tr("Both entries stay in the books and on the statement.")
        if transfer is not None:
            return transfer_sentence(transfer.state)
        if not reversible:
            return self.tr("This can't be reversed at the counter.")
        return state_sentence(made.line.state)

    def _lay_out(self) -> None:
        column = self.body
        heading = QHBoxLayout()
        heading.setSpacing(8)
        heading.addWidget(self._mark)
        heading.addWidget(self._heading, 1)
        column.addLayout(heading)
        figures = QVBoxLayout()
        figures.setSpacing(2)
        figures.addWidget(self._amount)
        figures.addWidget(self._words)
        column.addLayout(figures)
        column.addWidget(Hairline())
        column.addWidget(self._pairs)
        column.addWidget(self._notice)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        for button in (self.next_button, self.receipt_button, self.undo_button):
            buttons.addWidget(button)
        buttons.addWidget(self._why_not, 1, Qt.AlignmentFlag.AlignVCenter)
        column.addSpacing(4)
        column.addLayout(buttons)
