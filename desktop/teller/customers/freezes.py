"""Freezing an account, and lifting a freeze by naming it, which takes two people."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.device import Performed
from core.ids import Randomness, system_randomness
from core.operations.accounts import AccountFrozen, FreezeLifted
from core.records import make_record
from core.store.queries.accounts import AccountSummary, FreezeNote, account_summary
from desktop.desk import Desk
from desktop.teller.customers.profile import wrong_with
from desktop.teller.fields import ChoiceField
from desktop.teller.posting import PostingScreen, Proposal
from desktop.teller.saying import FREEZE_REASONS, freeze_reason, iban_text, moment_text
from desktop.widgets import Button, Card, EmptyState, Field, Text, TextField
from desktop.widgets.panels import empty_layout


class FreezesScreen(PostingScreen):
    """The freezes of one account (`opened` with its id): those that stand, and a further one."""

    def __init__(self, desk: Desk, randomness: Randomness = system_randomness) -> None:
        title = self.tr("Freezes")
        super().__init__(desk, title, review=self.tr("Freeze or lift"), confirm=self.tr("Confirm"))
        self._randomness = randomness
        self._words = title
        self._account: AccountSummary | None = None
        self._wanted = ""
        self._lifting: FreezeNote | None = None
        self.form.set_title(self.tr("Freeze this account"))
        reasons = [(code, freeze_reason(code)) for code in FREEZE_REASONS]
        self.reason = ChoiceField(self.tr("&Reason"), reasons)
        self.reason.box.setObjectName("freeze_reason")
        self.remark = TextField(self.tr("R&emark"), hint=self.tr("Optional; kept with the freeze"))
        self.remark.edit.setObjectName("freeze_remark")
        self.form.body.addWidget(self.reason)
        self.form.body.addWidget(self.remark)
        self.add_actions()
        self.standing = QVBoxLayout()
        self.standing.setSpacing(12)
        side = Card(self.tr("Freezes that stand"))
        side.body.addLayout(self.standing)
        self.add_side(side)
        desk.changed.connect(lambda changed: self._load() if self._wanted in changed.accounts else None)

    def opened(self, arguments: object) -> None:
        """Load the account's freezes."""
        if isinstance(arguments, str):
            self._wanted, self._account = arguments, None
            self.remark.clear()
        self._lifting = None
        self.show_form()
        self._load()

    def first_field(self) -> Field:
        """The reason."""
        return self.reason

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
        if not account.freezes:
            self.standing.addWidget(
                EmptyState(self.tr("None"), self.tr("Money may leave this account."), icon="shield-check")
            )
        for freeze in account.freezes:
            self.standing.addWidget(self._line(freeze))

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
        lift = Button(self.tr("Lift"), small=True)
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
        if account is None:
            return None
        pairs = [(self.tr("Account"), iban_text(account.iban)), (self.tr("Customer"), account.holder)]
        if freeze is not None:
            body = FreezeLifted(account=account.account, freeze=freeze.freeze)
            pairs += [(self.tr("What is done"), self.tr("Lift a freeze"))]
            pairs += [(self.tr("The freeze"), freeze_reason(freeze.reason))]
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
