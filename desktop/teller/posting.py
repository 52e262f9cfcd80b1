"""The way every form of the counter goes: fill in, see what it does, confirm, done; and back without losing a word."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.device import Draft, Performed
from core.errors import EnvironmentProblem, Refusal
from core.money import Money, format_money
from core.operations.kind import Body
from desktop.desk import ApprovalRequest, Desk
from desktop.screens import Screen
from desktop.teller.drafting import Drafting, Intent, Shortage
from desktop.teller.refusals import say_refusal
from desktop.teller.shortage import ShortageNotice
from desktop.teller.standing_in import risk_pairs, risk_reason
from desktop.widgets import (
    Badge,
    BeforeAfter,
    Button,
    Card,
    DenominationTable,
    Field,
    Notice,
    ReviewPanel,
    Text,
)
from desktop.widgets.focus_ring import RING_TARGET

Pairs = Sequence[tuple[str, str]]


def _no_effects(_draft: Draft) -> Sequence[BeforeAfter]:
    return ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a form asks to be done, and how it is shown before: the figures come from the draft by `effects`.

    `reason` tells a second person why they are asked. `records` are the bytes that the body names, by digest.
    """

    body: Body
    pairs: Pairs
    reason: str = ""
    amount: Money | None = None
    effects: Callable[[Draft], Sequence[BeforeAfter]] = _no_effects
    records: Mapping[str, bytes] = field(default_factory=dict)
    with_drawer: bool = False
    business_date: str | None = None


class PostingScreen(Screen):
    """A screen with a form (`form`, a card), a review in its place, and one operation at its end.

    A screen of this kind says what to do in `propose`, where errors of which field stand in `field_of`, and what
    follows in `posted`.
    """

    def __init__(self, desk: Desk, title: str, *, review: str, confirm: str) -> None:
        super().__init__(title)
        self.desk = desk
        self.form = Card()
        self.problem = Notice("", " ", "danger")
        self.problem.hide()
        self.shortage = ShortageNotice(desk.place.locale)
        self.form.body.addWidget(self.problem)
        self.form.body.addWidget(self.shortage)
        self.review = ReviewPanel(review, confirm, desk.place.locale)
        self.review.setObjectName("review")
        self.review.confirm_button.setObjectName("confirm")
        self.review.back_button.setObjectName("change")
        self.review.hide()
        self.add_main(self._panels())
        self.review_button = Button(self.tr("Review"), "primary", shown_key=self.tr("Enter"))
        self.review_button.setObjectName("review_button")
        self.review_button.setShortcut(QKeySequence("Ctrl+Return"))
        self.review_button.setAccessibleDescription(self.tr("Key: {key}").format(key="Ctrl+Enter"))
        self.review_button.clicked.connect(self.begin_review)
        self.review.confirmed.connect(self._post)
        self.review.back.connect(self.back)
        self._title_of_review = review
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setProperty(RING_TARGET, False)
        self._draft: Draft | None = None
        self._proposal: Proposal | None = None
        self._posting = False
        self._asking = False
        self._drafting = Drafting(desk, parent=self)
        self._drafting.asking.connect(self._say_asking)
        self._drafting.drafted.connect(self._show_review)
        self._drafting.short.connect(self._fell_short)
        self._drafting.refused.connect(self._not_drafted)
        self.shortage.standin_wanted.connect(self._show_review)
        self.shortage.again_wanted.connect(self.begin_review)
        self._drafting.failed.connect(self._failed)
        desk.session_changed.connect(self._forget_draft)

    # What a screen says of itself

    def propose(self) -> Proposal | None:
        """What the form asks for; None when a field has said what is wrong with it."""
        raise NotImplementedError

    def field_of(self, name: str | None) -> Field | None:  # noqa: ARG002 - for screens to override
        """The field where an error about that part of the body stands."""
        return None

    def posted(self, performed: Performed) -> None:
        """It is done; go on from here."""
        raise NotImplementedError

    def first_field(self) -> QWidget:
        """Where the focus goes when the form is shown."""
        return self.review_button

    # What is the same for all

    def _panels(self) -> QWidget:
        """Form and review at the left, no wider than words and their values are read together."""
        column = QVBoxLayout()
        for panel in (self.form, self.review):
            panel.setProperty("narrow", True)
            column.addWidget(panel)
        panels = QWidget()
        row = QHBoxLayout(panels)
        row.setContentsMargins(0, 0, 0, 0)
        row.addLayout(column, 1000)
        row.addStretch(1)
        return panels

    def add_actions(self, *others: QWidget) -> None:
        """The row of buttons at the form's foot, after everything else is in it."""
        if self.form.findChild(DenominationTable) is not None:
            # There Enter goes to the next count.
            self.review_button.show_key(self.tr("Ctrl Enter"))
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.review_button)
        for other in others:
            row.addWidget(other)
        row.addStretch(1)
        row.addWidget(Text(self.tr("Nothing is posted until you confirm the review."), "small"))
        self.form.body.addSpacing(2)
        self.form.body.addLayout(row)

    def show_form(self) -> None:
        """The form as it was left, without the review."""
        self._drafting.cancel()
        self._draft = self._proposal = None
        self._posting = self._asking = False
        self.review.hide()
        self.form.show()
        self.problem.hide()
        self.shortage.take_back()
        self._focus_form()

    def _focus_form(self) -> None:
        """The first field; where nothing may be done here the page itself, so that keys still go somewhere."""
        target = self.first_field()
        (target if target.isEnabled() else self).setFocus()

    def is_reviewing(self) -> bool:
        """Whether the review is shown."""
        return not self.review.isHidden()

    def begin_review(self) -> None:
        """Work out what the form's proposal would do, and show it; or say what speaks against it."""
        if self._asking or not self.review_button.isEnabled():
            return
        self.problem.hide()
        self.shortage.take_back()
        if not all(table.check() for table in self.form.findChildren(DenominationTable)):
            return
        proposal = self.propose()
        if proposal is None:
            return
        self._asking, self._proposal = True, proposal
        self._drafting.begin(
            Intent(
                proposal.body,
                proposal.records,
                with_drawer=proposal.with_drawer,
                business_date=proposal.business_date,
            )
        )

    def primary(self) -> None:
        """Enter in a field."""
        if not self.is_reviewing():
            self.begin_review()

    def back(self) -> bool:
        """From the review to the form, or from waiting for an answer to the form."""
        if not self.is_reviewing() and not self._asking:
            return False
        if not self._posting:
            self.show_form()
        return True

    def show_refusal(self, refusal: Refusal) -> None:
        """Say at the field, or above the form, why it can't be done."""
        sentence = say_refusal(refusal, self.desk.place.locale)
        named = self.field_of(refusal.field)
        if named is not None:
            named.set_error(sentence)
            named.setFocus()
        else:
            self.problem.show_notice(self.tr("Not possible."), sentence, "danger")
            self.problem.show()

    def _say_asking(self) -> None:
        text = self.tr("The centre is asked whether the account covers it. Esc stops waiting.")
        self.problem.show_notice(self.tr("Asking the centre\u2026"), text, "info")
        self.problem.show()

    def _not_drafted(self, refusal: Refusal) -> None:
        self._asking = False
        self.problem.hide()
        self.show_refusal(refusal)

    def _fell_short(self, shortage: Shortage) -> None:
        self._not_drafted(shortage.refusal)
        self.shortage.show_shortage(shortage)

    def _show_review(self, draft: Draft) -> None:
        self._asking = False
        self.shortage.take_back()
        proposal = self._proposal
        if proposal is None:
            return
        self._draft = draft
        self.problem.hide()
        self.form.hide()
        self.review.show()
        pairs: list[tuple[str, str | QWidget]] = [*proposal.pairs, *risk_pairs(draft, self.desk.place.locale)]
        if draft.needs_second_person:
            pairs.append((self.tr("Second person"), Badge(self.tr("A supervisor must approve"), "warn")))
        self.review.show_review(proposal.amount, pairs, proposal.effects(draft))

    def _post(self) -> None:
        draft, proposal = self._draft, self._proposal
        if draft is None or proposal is None or self._posting:
            return
        self._posting = True
        locale = self.desk.place.locale
        pairs = [*self._shown_to_approver(proposal), *risk_pairs(draft, locale)]
        request = ApprovalRequest(self._title_of_review, risk_reason(draft, locale) or proposal.reason, pairs)
        self.desk.post(self, draft, request, done=self._done, refused=self._refused, failed=self._failed)

    def _shown_to_approver(self, proposal: Proposal) -> list[tuple[str, str | QWidget]]:
        """Who signs for something is shown how much it is."""
        amount = proposal.amount
        if amount is None:
            return [*proposal.pairs]
        return [(self.tr("Amount"), format_money(amount, self.desk.place.locale)), *proposal.pairs]

    def _done(self, performed: Performed) -> None:
        self.show_form()
        self.posted(performed)

    def _refused(self, refusal: Refusal) -> None:
        self._posting = False
        if refusal.code == "approval_cancelled":
            self.review.take_back()
            return
        declined = refusal.code == "approval_declined"
        lead = self.tr("Not approved.") if declined else self.tr("Not posted.")
        self._stay_in_review(lead, say_refusal(refusal, self.desk.place.locale))

    def _stay_in_review(self, lead: str, text: str) -> None:
        self.review.show_problem(lead, text)
        # A button that is disabled while the answer is awaited loses the focus to whatever comes next.
        self.review.confirm_button.setFocus()

    def _failed(self, problem: EnvironmentProblem) -> None:
        self._asking = self._posting = False
        if self.is_reviewing():
            self._stay_in_review(self.tr("Not posted."), problem.message)
        else:
            self.problem.show_notice(self.tr("Not possible."), problem.message, "danger")
            self.problem.show()

    def _forget_draft(self) -> None:
        """A draft belongs to whoever was at work when it was made."""
        if self.is_reviewing():
            self.show_form()
