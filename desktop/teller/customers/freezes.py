"""Freezing an account, and lifting a freeze by naming it, which takes two people."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.device import Performed
from core.ids import Randomness, system_randomness
from core.operations.accounts import AccountFrozen, FreezeLifted
from core.operations.kind import SUPERVISOR
from core.records import make_record
from core.store.queries.accounts import AccountSummary, FreezeNote, account_summary
from desktop.desk import Desk
from desktop.teller.customers.profile import wrong_with
from desktop.teller.fields import ChoiceField
from desktop.teller.posting import PostingScreen, Proposal
from desktop.teller.saying import FREEZE_REASONS, freeze_reason, iban_text, moment_text
from desktop.widgets import Button, Card, EmptyState, Text, TextField
from desktop.widgets.panels import empty_layout


class FreezesScreen(PostingScreen):
    """The freezes of one account (`opened` with its id): those that stand, and a further one.

    Where one stands already, lifting it is what one comes for: a further freeze is asked for by a button of its own.
    """

    def __init__(self, desk: Desk, randomness: Randomness = system_randomness) -> None:
        title = self.tr("Freezes")
        super().__init__(desk, title, review=self.tr("Freeze or lift"), confirm=self.tr("Confirm"))
        self._randomness = randomness
        self._words = title
        self._account: AccountSummary | None = None
        self._wanted = ""
        self._lifting: FreezeNote | None = None
        self._adding = False
        self.lift: Button | None = None
        self.form.set_title(self.tr("Freeze this account"))
        reasons = [(code, freeze_reason(code)) for code in FREEZE_REASONS]
        self.reason = ChoiceField(self.tr("&Reason"), reasons)
        self.reason.box.setObjectName("freeze_reason")
        self.remark = TextField(self.tr("R&emark"), hint=self.tr("Optional; kept with the freeze"))
        self.remark.edit.setObjectName("freeze_remark")
        self.frozen_note = Text(
            self.tr("Nothing leaves this account until every freeze is lifted."), "quiet", wrap=True
        )
        self.add = Button(self.tr("Add another freeze"), key="F4")
        self.add.setObjectName("add_freeze")
        self.add.clicked.connect(self._begin_adding)
        self.form.body.addWidget(self.frozen_note)
        self.form.body.addWidget(self.reason)
        self.form.body.addWidget(self.remark)
        self.add_actions(self.add)
        self.standing = QVBoxLayout()
        self.standing.setSpacing(12)
        self.who_lifts = Text("", "small", wrap=True)
        side = Card(self.tr("Freezes that stand"))
        side.body.addLayout(self.standing)
        side.body.addWidget(self.who_lifts)
        self.add_side(side)
        desk.changed.connect(lambda changed: self._load() if self._wanted in changed.accounts else None)

    def opened(self, arguments: object) -> None:
        """Load the account's freezes."""
        if isinstance(arguments, str):
            self._wanted, self._account = arguments, None
            self.remark.clear()
        self._lifting, self._adding = None, False
        self._show_choice()
        self.show_form()
        self._load()

    def first_field(self) -> QWidget:
        """The reason; on a frozen account the freeze to be lifted."""
        return self.reason if self._may_freeze() or self.lift is None else self.lift

    def may_leave(self) -> bool:
        """Not with a remark typed in."""
        return not self.remark.text()

    def back(self) -> bool:
        """To the form, then to the customer's file."""
        if not super().back():
            self.go.emit("customer", self._account.customer if self._account else None)
        return True

    def _load(self) -> None:
        wanted = self._wanted
        self.desk.read(lambda connection: account_summary(connection, wanted), self._show, owner=self)

    def _show(self, account: AccountSummary | None) -> None:
        if account is None or account.account != self._wanted:
            return
        self._account = account
        self.set_title(self._words, f"{account.holder} \u00b7 {iban_text(account.iban)}")
        empty_layout(self.standing)
        self.lift = None
        if not account.freezes:
            self.standing.addWidget(
                EmptyState(self.tr("None"), self.tr("Money may leave this account."), icon="shield-check")
            )
        for freeze in account.freezes:
            self.standing.addWidget(self._line(freeze))
        self._show_choice()
        if self.isVisible() and not self.is_reviewing():
            self._focus_form()

    def _may_freeze(self) -> bool:
        return self._account is not None and (self._adding or not self._account.frozen)

    def _show_choice(self) -> None:
        """A form for the first freeze; where one stands, the way to a further one and who may lift."""
        frozen = self._account is not None and self._account.frozen
        for part in (self.reason, self.remark, self.review_button):
            part.setVisible(self._may_freeze())
        for note in (self.frozen_note, self.who_lifts):
            note.setVisible(frozen)
        self.add.setVisible(frozen and not self._adding)
        titles = (self.tr("Freeze this account"), self.tr("This account is frozen"), self.tr("Add another freeze"))
        self.form.set_title(titles[frozen + (frozen and self._adding)])
        self.who_lifts.setText(who_approves(self.desk))

    def _begin_adding(self) -> None:
        self._adding = True
        self._show_choice()
        self.reason.setFocus()

    def _line(self, freeze: FreezeNote) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(Text(freeze_reason(freeze.reason), "strong", wrap=True))
        if freeze.note is not None:
            by = self.desk.name_of(freeze.note.person) or self.tr("the centre")
            when = moment_text(freeze.note.at, self.desk.place.locale)
            words.addWidget(Text(self.tr("{when} by {by}").format(when=when, by=by), "small", wrap=True))
        row.addLayout(words, 1)
        lift = Button(self.tr("Lift"), key=None if self.lift else "F9", small=True)
        self.lift = self.lift or lift
        lift.setObjectName("lift_freeze")
        lift.setAccessibleName(self.tr("Lift the freeze: {reason}").format(reason=freeze_reason(freeze.reason)))
        lift.clicked.connect(partial(self._lift, freeze))
        row.addWidget(lift)
        return line

    def _lift(self, freeze: FreezeNote) -> None:
        self._lifting = freeze
        self.begin_review()

    def propose(self) -> Proposal | None:
        """A freeze, or the lift of one."""
        account = self._account
        freeze, self._lifting = self._lifting, None
        if account is None or not (freeze or self._may_freeze()):
            return None
        pairs = [(self.tr("Account"), iban_text(account.iban)), (self.tr("Customer"), account.holder)]
        if freeze is not None:
            body = FreezeLifted(account=account.account, freeze=freeze.freeze)
            pairs += [(self.tr("What is done"), self.tr("Lift a freeze"))]
            pairs += [(self.tr("The freeze"), freeze_reason(freeze.reason))]
            pairs += [(self.tr("Who approves"), who_approves(self.desk))]
            return Proposal(body, pairs, self.tr("Lifting a freeze lets money leave the account; two people do that."))
        remark = self.remark.text()
        wrong = wrong_with("remark", remark) if remark else None
        if wrong is not None:
            self.remark.set_error(wrong)
            self.remark.setFocus()
            return None
        records = {}
        details = None
        if remark:
            details, data = make_record({"narrative": remark}, self._randomness)
            records = {details: data}
            pairs = [*pairs, (self.tr("Remark"), remark)]
        frozen = AccountFrozen(account=account.account, reason=self.reason.code(), details=details)
        pairs = [
            *pairs[:2],
            (self.tr("What is done"), self.tr("Freeze: nothing leaves the account until this is lifted")),
            (self.tr("Reason"), self.reason.words()),
            *pairs[2:],
        ]
        return Proposal(frozen, pairs, records=records)

    def posted(self, _performed: Performed) -> None:
        """The account's file."""
        self.remark.clear()
        if self._account is not None:
            self.go.emit("customer", self._account.customer)


def who_approves(desk: Desk) -> str:
    """Who has to approve the lift of a freeze, for whoever is at work."""
    if desk.role == SUPERVISOR:
        return desk.tr("Another supervisor than you approves the lift.")
    return desk.tr("A supervisor approves the lift.")
