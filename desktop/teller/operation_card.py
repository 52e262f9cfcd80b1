"""One operation in full beside the journal: what it was, how far it has come, and the signed facts that prove it."""

from __future__ import annotations

from babel.numbers import format_decimal
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit

from core.errors import Refusal
from core.money import Money, format_amount, format_money
from core.store.queries.journal import OperationDetail
from desktop.desk import Desk
from desktop.teller.answers import answer_sentence
from desktop.teller.papers import RECEIPT_KINDS
from desktop.teller.refusals import say_refusal
from desktop.teller.reversing import why_not_reverse
from desktop.teller.saying import (
    books_name,
    date_text,
    iban_text,
    kind_title,
    moment_text,
    reference,
    state_sentence,
)
from desktop.widgets import Button, Card, Hairline, KeyValueList, Notice, Text, Tone
from desktop.wording import desk_epoch


class OperationCard(Card):
    """The detail panel. `reprint`, `reverse` and `customer` are its buttons."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("", padding=16)
        self._desk = desk
        self.detail: OperationDetail | None = None
        self.set_title(self.tr("Choose an operation"))
        self.state = Text("", "small", wrap=True)
        self.notice = Notice("", " ", "ok")
        self.notice.hide()
        self.facts = KeyValueList(dense=True)
        self.entry = KeyValueList(dense=True)
        self._entry_parts = (Hairline(), Text(self.tr("Entry"), "heading"), self.entry)
        self.proof = KeyValueList(dense=True)
        self.hash = self._copyable(self.tr("Hash"))
        self.kid = self._copyable(self.tr("Key"))
        self.kid.setObjectName("operation_key")
        self.reprint = Button(self.tr("Receipt"), key="F8", small=True)
        self.reverse = Button(self.tr("Reverse"), "danger", key="F9", small=True)
        self.customer = Button(self.tr("File"), key="F3", small=True)
        for button, name in ((self.reprint, "reprint"), (self.reverse, "reverse"), (self.customer, "to_customer")):
            button.setObjectName(name)
            button.setEnabled(False)
        self.reason = Text("", "small", wrap=True)
        self._lay_out()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for button in (self.customer, self.reprint):
            buttons.addWidget(button)
        buttons.addStretch(1)
        # In the button's place stands why it is not there.
        reversing = QHBoxLayout()
        reversing.addWidget(self.reverse)
        reversing.addWidget(self.reason, 1)
        reversing.addStretch(0)
        self.body.setSpacing(8)
        self.body.addWidget(self.state)
        self.body.addWidget(self.notice)
        self.body.addLayout(buttons)
        self.body.addLayout(reversing)
        self.body.addWidget(self.facts)
        for part in self._entry_parts:
            self.body.addWidget(part)
        self.body.addWidget(Hairline())
        self.body.addWidget(Text(self.tr("Signed"), "heading"))
        self.body.addWidget(self.proof)
        names = QGridLayout()
        names.setHorizontalSpacing(16)
        names.setVerticalSpacing(4)
        for row, (word, line) in enumerate(((self.tr("Hash"), self.hash), (self.tr("Key"), self.kid))):
            names.addWidget(Text(word, "quiet"), row, 0)
            names.addWidget(line, row, 1)
        self.body.addLayout(names)

    def _copyable(self, name: str) -> QLineEdit:
        """A long text that can be marked and copied, by keyboard too."""
        line = QLineEdit()
        line.setReadOnly(True)
        line.setProperty("count", True)
        line.setAccessibleName(name)
        return line

    def focus_first(self) -> None:
        """Put the focus on the first thing that can be done."""
        button = next((b for b in (self.customer, self.reprint, self.reverse) if b.isEnabled()), None)
        if button is not None:
            button.setFocus(Qt.FocusReason.TabFocusReason)

    def say(self, lead: str, text: str, tone: Tone) -> None:
        """Say how something asked for here ended; empty takes it back."""
        self.notice.setVisible(bool(lead))
        if lead:
            self.notice.show_notice(lead, text, tone)

    def show_detail(self, detail: OperationDetail) -> None:
        """Show an operation."""
        self.detail = detail
        line = detail.line
        self.set_title(kind_title(line.kind))
        self.state.setText(self._standing(detail))
        self._show_facts(detail)
        self._show_entry(detail)
        locale = self._desk.place.locale
        approver = self._desk.name_of(line.approver)
        proof = [
            (self.tr("Chain"), desk_epoch(line.note.device, line.note.epoch)),
            (self.tr("Number"), format_decimal(line.note.seq, locale=locale)),
            (self.tr("Signed by"), self._desk.name_of(line.note.person) or line.note.device),
            (self.tr("Approved by"), approver),
            (self.tr("At"), moment_text(line.note.at, locale)),
        ]
        self.proof.set_rows([(word, value) for word, value in proof if value])
        for edit, text in ((self.hash, detail.hash), (self.kid, detail.kid)):
            edit.setText(text)
            edit.setCursorPosition(0)
        self.customer.setEnabled(bool(line.customer))
        self.reprint.setEnabled(line.kind in RECEIPT_KINDS)
        reason = why_not_reverse(detail, self._desk)
        self.reverse.setEnabled(not reason)
        self.reverse.setVisible(not reason)
        self.reason.setText(reason)
        self.reason.setVisible(bool(reason))

    def _standing(self, detail: OperationDetail) -> str:
        line = detail.line
        sentences = [state_sentence(line.state)]
        if line.answer is not None and line.state != "queued":
            sentences = [answer_sentence(line.kind, line.answer, line.answer_reason, self._desk.place.locale)]
        if line.accounting_date and line.accounting_date != line.note.business_date:
            day = date_text(line.accounting_date, self._desk.place.locale)
            sentences.append(
                self.tr("It arrived after its day was closed and is accounted for on {day}.").format(day=day)
            )
        found = (Refusal(exception.code, detail=exception.detail) for exception in line.exceptions)
        sentences += [say_refusal(refusal, self._desk.place.locale) for refusal in found]
        return " ".join(sentence for sentence in sentences if sentence)

    def _show_facts(self, detail: OperationDetail) -> None:
        line, locale = detail.line, self._desk.place.locale
        rows: list[tuple[str, str]] = []
        if line.amount is not None and line.currency is not None:
            rows.append((self.tr("Amount"), format_money(Money(line.amount, line.currency), locale)))
        if line.customer_name:
            rows.append((self.tr("Customer"), line.customer_name))
        if line.iban:
            rows.append((self.tr("Account"), iban_text(line.iban)))
        words = {
            "payer_name": self.tr("Payer"),
            "payee_name": self.tr("Payee"),
            "payee_iban": self.tr("Payee's IBAN"),
            "remittance": self.tr("Text"),
            "narrative": self.tr("Text"),
            "reason": self.tr("Reason"),
        }
        shown = {**detail.details, "payee_iban": iban_text(detail.details.get("payee_iban", ""))}
        if line.customer_name == shown.get("payer_name"):
            del words["payer_name"]
        rows += [(word, shown[name]) for name, word in words.items() if detail.details.get(name)]
        if not detail.postings:
            rows.append((self.tr("Entry"), self.tr("none, no money moves")))
        rows.append((self.tr("Business date"), date_text(line.note.business_date, locale)))
        rows.append((self.tr("Reference"), reference(line.operation)))
        reverses = detail.body.get("reverses")
        if isinstance(reverses, str):
            rows.append((self.tr("Reverses"), reference(reverses)))
        if line.reversed_by:
            rows.append((self.tr("Reversed by"), reference(line.reversed_by)))
        self.facts.set_rows(rows)

    def _show_entry(self, detail: OperationDetail) -> None:
        locale = self._desk.place.locale
        rows = []
        for posting in detail.postings:
            side = self.tr("Debit {amount}") if posting.amount > 0 else self.tr("Credit {amount}")
            amount = format_amount(Money(abs(posting.amount), posting.currency), locale)
            name = (
                self.tr("Customer's account") if posting.account.startswith("deposit:") else books_name(posting.account)
            )
            rows.append((name, side.format(amount=amount)))
        self.entry.set_rows(rows)
        for part in self._entry_parts:
            part.setVisible(bool(rows))
