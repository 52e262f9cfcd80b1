"""Reversing an operation: a new entry that names it and carries its postings the other way, with two signatures."""

from __future__ import annotations

from core.device import Draft, Performed
from core.ids import Randomness, system_randomness
from core.ledger import reversed_postings
from core.money import Money
from core.operations.reversals import EntryReversed, ReversalRequested, lines
from core.records import make_record
from core.store.queries.journal import OperationDetail, operation_detail
from desktop.desk import Desk
from desktop.teller.customers.profile import wrong_with
from desktop.teller.money.allowance import is_offline
from desktop.teller.posting import PostingScreen, Proposal
from desktop.teller.reversing import by_centre, why_not_reverse
from desktop.teller.saying import books_name, iban_text, kind_title, moment_text, reference
from desktop.widgets import BeforeAfter, Field, KeyValueList, Text, TextField


class ReverseScreen(PostingScreen):
    """The reversal of one operation (`opened` with its id), with the reason in words."""

    def __init__(self, desk: Desk, randomness: Randomness = system_randomness) -> None:
        title = self.tr("Reverse")
        super().__init__(desk, title, review=self.tr("Reversal"), confirm=self.tr("Reverse"))
        self._randomness = randomness
        self._words = title
        self._wanted = ""
        self._detail: OperationDetail | None = None
        self.facts = KeyValueList()
        self.reason = TextField(self.tr("&Why"), hint=self.tr("In a few words; it is kept beside the reversal"))
        self.reason.edit.setObjectName("reversal_reason")
        self._usual = self.tr(
            "The entry stays as it is. A second one, which names it, takes it back; a supervisor approves."
        )
        self.note = Text(self._usual, "quiet", wrap=True)
        self.form.body.addWidget(self.facts)
        self.form.body.addWidget(self.reason)
        self.form.body.addWidget(self.note)
        self.add_actions()
        self.setFocusProxy(self.reason)

    def opened(self, arguments: object) -> None:
        """Load the operation."""
        if isinstance(arguments, str):
            self._wanted, self._detail = arguments, None
            self.reason.clear()
            self.review_button.setEnabled(False)
            self.desk.read(lambda connection: operation_detail(connection, arguments), self._show, owner=self)
        self.show_form()

    def first_field(self) -> Field:
        """The reason."""
        return self.reason

    def back(self) -> bool:
        """To the form, then to the journal."""
        if not super().back():
            self.go.emit("journal", self._wanted)
        return True

    def may_leave(self) -> bool:
        """Not with a reason typed in."""
        return not self.reason.text()

    def _show(self, detail: OperationDetail | None) -> None:
        if detail is None or detail.line.operation != self._wanted:
            return
        self._detail = detail
        self.set_title(self._words, f"{kind_title(detail.line.kind)} {reference(detail.line.operation)}")
        self.facts.set_rows(self._pairs(detail))
        asks = by_centre(detail, self.desk)
        centre = self.tr("The centre reverses what an ended desk had done. Nothing is posted before it has answered.")
        self.note.setText(centre if asks else self._usual)
        self.review.confirm_button.set_label(self.tr("Ask the centre") if asks else self.tr("Reverse"))
        reason = why_not_reverse(detail, self.desk)
        self.review_button.setEnabled(not reason)
        if reason:
            self.problem.show_notice(self.tr("Not possible."), reason, "warn")
            self.problem.show()

    def _pairs(self, detail: OperationDetail) -> list[tuple[str, str]]:
        line, original = detail.line, detail.original
        return [
            (self.tr("What is reversed"), f"{kind_title(original.kind)} {reference(original.operation)}"),
            (self.tr("Made"), moment_text(line.note.at, self.desk.place.locale)),
            (self.tr("By"), self.desk.name_of(line.note.person) or original.device),
            (self.tr("Customer"), line.customer_name),
            (self.tr("Account"), iban_text(line.iban or "")),
        ]

    def propose(self) -> Proposal | None:
        """The entry the other way round."""
        detail = self._detail
        if detail is None:
            return None
        reason = self.reason.text()
        wrong = wrong_with("narrative", reason) if reason else self.tr("Say why it is reversed.")
        if wrong is not None:
            self.reason.set_error(wrong)
            self.reason.setFocus()
            return None
        digest, data = make_record({"narrative": reason}, self._randomness)
        line = detail.line
        asks = by_centre(detail, self.desk)
        body = (ReversalRequested if asks else EntryReversed)(
            reverses=detail.original.operation,
            reverses_hash=detail.original.hash,
            postings=lines(reversed_postings(detail.postings)),
            details=digest,
        )
        why = self.tr("The desk that made it has ended. Two supervisors ask the centre to reverse it.")
        return Proposal(
            body,
            [*self._pairs(detail), (self.tr("Why"), reason)],
            why if asks else self.tr("A reversal undoes an entry. Two people do that."),
            amount=Money(line.amount, line.currency) if line.amount and line.currency else None,
            effects=self._effects,
            records={digest: data},
            with_drawer=not asks,
        )

    def _effects(self, draft: Draft) -> list[BeforeAfter]:
        rows = []
        for change in draft.changes:
            is_customers = change.customer_account is not None
            label = self.tr("Customer's account") if is_customers else books_name(change.account)
            before, after = Money(change.before, change.currency), Money(change.after, change.currency)
            rows.append(BeforeAfter(label, before, after))
            # What is payable here matters offline alone.
            rights_matter = is_offline(self.desk)
            if rights_matter and change.payable_before is not None and change.payable_after is not None:
                payable = (Money(change.payable_before, change.currency), Money(change.payable_after, change.currency))
                rows.append(BeforeAfter(self.tr("Payable here"), *payable))
        return rows

    def posted(self, performed: Performed) -> None:
        """The reversal in the journal."""
        self.reason.clear()
        self.go.emit("journal", performed.id)
