"""Closing an account: asked for here, done by the centre once every desk has handed back what it holds of it."""

from __future__ import annotations

from core.device import Performed
from core.money import Money, format_money
from core.operations.terms import AccountClosureRequested
from core.store.queries.accounts import AccountSummary, account_summary
from desktop.desk import Desk
from desktop.teller.posting import PostingScreen, Proposal
from desktop.teller.saying import date_text, iban_text, product_name
from desktop.widgets import Button, KeyValueList, Text


class CloseAccountScreen(PostingScreen):
    """One account (`opened` with its id), with what stands in the way of closing it."""

    def __init__(self, desk: Desk) -> None:
        title = self.tr("Close account")
        super().__init__(desk, title, review=self.tr("Close account"), confirm=self.tr("Ask for the closure"))
        self._words = title
        self._wanted = ""
        self._account: AccountSummary | None = None
        self.facts = KeyValueList()
        self.form.body.addWidget(self.facts)
        self.form.body.addWidget(
            Text(
                self.tr(
                    "Once this is sent nothing more goes in or out. The centre closes the account when every desk has "
                    "handed back what it holds of it, or says why not; its answer stands in the customer's file."
                ),
                "quiet",
                wrap=True,
            )
        )
        self.file_button = Button(self.tr("Customer's file"), shown_key="Esc")
        self.file_button.setObjectName("to_file")
        self.file_button.clicked.connect(self.back)
        self.add_actions(self.file_button)
        desk.changed.connect(lambda changed: self._load() if self._wanted in changed.accounts else None)

    def opened(self, arguments: object) -> None:
        """Load the account."""
        if isinstance(arguments, str):
            self._wanted, self._account = arguments, None
            self.review_button.setEnabled(False)
        self.show_form()
        self._load()

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
        self.facts.set_rows(self._pairs(account))
        why = self._why_not(account)
        self.problem.setVisible(bool(why))
        if why:
            self.problem.show_notice(self.tr("Not yet."), why, "warn")
        may, focused = not why, self.review_button.isEnabled()
        self.review_button.setEnabled(may)
        if may and not focused and self.isVisible():
            self.review_button.setFocus()
        elif not may and self.isVisible():
            self.file_button.setFocus()

    def _why_not(self, account: AccountSummary) -> str:
        if account.state != "open":
            return self.tr("This account is closed.")
        if account.closing:
            return self.tr("It is being closed already. The centre's answer comes by itself.")
        if account.frozen:
            return self.tr("This account is frozen. A supervisor lifts the freeze first.")
        if account.posted:
            left = format_money(Money(account.posted, account.currency), self.desk.place.locale)
            return self.tr("{amount} is on it. Pay it out or transfer it first.").format(amount=left)
        return ""

    def _pairs(self, account: AccountSummary) -> list[tuple[str, str]]:
        locale = self.desk.place.locale
        return [
            (self.tr("Customer"), account.holder),
            (self.tr("Account"), iban_text(account.iban)),
            (self.tr("Product"), product_name(account.product)),
            (self.tr("Opened"), date_text(account.opened_on, locale)),
            (self.tr("Balance"), format_money(Money(account.posted, account.currency), locale)),
        ]

    def propose(self) -> Proposal | None:
        """The request to close it."""
        account = self._account
        if account is None:
            return None
        return Proposal(AccountClosureRequested(account=account.account), self._pairs(account))

    def posted(self, _performed: Performed) -> None:
        """The customer's file, where the answer will stand."""
        if self._account is not None:
            self.go.emit("customer", self._account.customer)
