"""A customer's file: who they are, their accounts with what may be paid out here, and what moved on the chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from PySide6.QtWidgets import QHBoxLayout
from sqlalchemy import Connection

from core.device import Changed
from core.store.queries.accounts import AccountSummary, ActivityKey, ActivityLine, account_activity
from core.store.queries.customers import CustomerFile, customer_file
from core.store.queries.requests import RequestLine, requests
from desktop.desk import Desk
from desktop.screens import Screen
from desktop.teller.customers.cards import KycCard, ProfileCard
from desktop.teller.customers.columns import account_columns, activity_columns
from desktop.teller.customers.requests_card import SHOWN_MAX, RequestsCard
from desktop.teller.lists import LiveList
from desktop.teller.money.allowance import hold_allowance
from desktop.teller.saying import iban_text, product_name, reference
from desktop.widgets import Button, Card, EmptyState, Notice, Text

ACCOUNT_ROWS_MAX = 4
ACTIVITY_ROWS_MIN = 4
LIST_WIDTH_MIN = 620
ALLOWANCES_MAX = 5
"""For how many of a customer's accounts spending rights are asked for in advance."""


class CustomerScreen(Screen):
    """The file of one customer; `opened` with their id, or with nothing for the one shown before."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(self.tr("Customer"))
        self._desk = desk
        self._customer = ""
        self._file: CustomerFile | None = None
        self._account = ""
        self._wanted_account = ""
        self._was_opened = False
        self.accounts = self._accounts_list()
        self.activity = self._activity_list()
        self.reason = Text("", "small")
        self.notice = Notice("", " ", "info")
        self.notice.hide()
        self.add_main(self.notice)
        self.add_main(self._accounts_card())
        self.add_main(self._activity_card(), 1)
        self.profile = ProfileCard(desk.place.locale)
        self.kyc = KycCard(desk)
        self.requests = RequestsCard(desk)
        self.add_side(self.requests)
        self.add_side(self.profile)
        self.add_side(self.kyc)
        self.profile.amend.clicked.connect(lambda: self.go.emit("amend_customer", self._customer))
        self.profile.history.clicked.connect(lambda: self.go.emit("customer_history", self._customer))
        self.kyc.decide.clicked.connect(lambda: self.go.emit("decide_kyc", self._customer))
        self.accounts.chosen.connect(self._choose)
        self.accounts.opened.connect(lambda _row: self.deposit.click())
        self.accounts.model_of_rows.loaded.connect(self._fit)
        self.setFocusProxy(self.accounts)
        desk.changed.connect(self._changed)
        desk.session_changed.connect(self._reload)

    def opened(self, arguments: object) -> None:
        """Load the file; `(customer, account)` chooses the account too."""
        self._was_opened = True
        customer = arguments
        if isinstance(arguments, tuple) and len(arguments) == 2:
            customer, self._wanted_account = arguments
        if isinstance(customer, str) and customer != self._customer:
            self._show_nothing(customer)
            self.accounts.show_rows(self._accounts_query)
            self.activity.show_rows(self._activity_query)
        else:
            self.accounts.refresh()
        self._reload()
        self.accounts.setFocus()

    def back(self) -> bool:
        """To the list of customers."""
        self.go.emit("customers", None)
        return True

    # Parts

    def _accounts_list(self) -> LiveList[AccountSummary]:
        empty = EmptyState(self.tr("No account yet"), self.tr("Accounts of this customer stand here."), icon="wallet")
        self._no_account = empty
        made = LiveList[AccountSummary](
            self._desk,
            self.tr("Accounts"),
            account_columns(self._desk.place.locale),
            lambda account: account.account,
            empty=empty,
        )
        made.setObjectName("accounts")
        return made

    def _activity_list(self) -> LiveList[ActivityLine]:
        empty = EmptyState(
            self.tr("Nothing moved yet"), self.tr("Deposits, withdrawals and transfers will stand here."), icon="inbox"
        )
        made = LiveList[ActivityLine](
            self._desk,
            self.tr("Latest movements"),
            activity_columns(self._desk.place.locale, self._desk.place.currency),
            lambda line: line.operation,
            empty=empty,
        )
        made.setObjectName("activity")
        made.opened.connect(lambda line: self.go.emit("journal", line.operation))
        return made

    def _accounts_card(self) -> Card:
        card = Card(padding=14)
        card.setAccessibleName(self.tr("Accounts"))
        top = QHBoxLayout()
        top.addWidget(Text(self.tr("Accounts"), "heading"))
        top.addStretch(1)
        card.body.addLayout(top)
        card.body.addWidget(self.accounts)
        self.deposit = self._action(self.tr("Deposit"), "F3", "deposit")
        self.withdraw = self._action(self.tr("Withdraw"), "F4", "withdrawal")
        self.transfer = self._action(self.tr("Transfer"), "F5", "transfer")
        self.statement = self._action(self.tr("Statement"), "F6", "statement")
        self.freezes = self._action(self.tr("Freezes"), "F8", "freezes")
        self.open_account = Button(self.tr("Open account"), key="F9", small=True)
        self.open_account.setObjectName("open_account")
        self.open_account.clicked.connect(lambda: self.go.emit("open_account", self._customer))
        self.close_account = self._action(self.tr("Close account"), "Alt+C", "close_account")
        row = QHBoxLayout()
        row.setSpacing(8)
        for button in self._account_actions()[:-1]:
            row.addWidget(button)
        row.addStretch(1)
        top.addWidget(self.reason)
        top.addWidget(self.close_account)
        top.addWidget(self.open_account)
        card.body.addLayout(row)
        return card

    def _account_actions(self) -> tuple[Button, ...]:
        return self.deposit, self.withdraw, self.transfer, self.statement, self.freezes, self.close_account

    def _action(self, label: str, key: str, screen: str) -> Button:
        button = Button(label, key=key, small=True)
        button.setObjectName(f"account_{screen}")
        button.clicked.connect(lambda: self.go.emit(screen, self._account) if self._account else None)
        button.setEnabled(False)
        return button

    def _activity_card(self) -> Card:
        self.activity_card = Card(self.tr("Latest movements"), padding=14)
        self.activity_card.body.addWidget(self.activity, 1)
        self.activity.set_least(width=LIST_WIDTH_MIN)
        self.accounts.set_least(width=LIST_WIDTH_MIN)
        self.activity.setMinimumHeight(ACTIVITY_ROWS_MIN * 34 + 30)
        return self.activity_card

    # Reading

    def _show_nothing(self, customer: str) -> None:
        self._customer, self._account, self._file = customer, "", None
        self.set_title(self.tr("Customer"))
        self.activity_card.set_title(self.tr("Latest movements"))
        self.profile.show_file(None)
        self.kyc.show_file(None)
        self._enable()

    def _reload(self) -> None:
        customer = self._customer
        if customer:
            self._desk.read(lambda connection: customer_file(connection, customer), self._show, owner=self)
            asked = partial(requests, customer=customer, limit=SHOWN_MAX)
            self._desk.read(asked, partial(self._show_requests, customer), owner=self)

    def _show_requests(self, customer: str, lines: tuple[RequestLine, ...]) -> None:
        if customer == self._customer:
            self.requests.show_requests(lines)

    def _accounts_query(
        self, connection: Connection, _key: object, _limit: int
    ) -> tuple[Sequence[AccountSummary], Any]:
        file = customer_file(connection, self._customer)
        return (file.accounts if file else ()), None

    def _activity_query(
        self, connection: Connection, key: ActivityKey | None, limit: int
    ) -> tuple[Sequence[ActivityLine], Any]:
        if not self._account:
            return (), None
        page = account_activity(connection, self._account, limit=limit, after=key)
        return page.lines, page.next_key

    def _show(self, file: CustomerFile | None) -> None:
        if file is None:
            self.notice.show_notice(self.tr("Not here."), self.tr("This customer's file is not at this desk."), "warn")
            self.notice.show()
            return
        if file.customer != self._customer:
            return
        self.notice.hide()
        self._file = file
        if self._was_opened:
            self._was_opened = False
            self._hold_allowances(file)
        self.set_title(file.name or self.tr("Customer"), self.tr("Customer {n}").format(n=reference(file.customer)))
        self.profile.show_file(file)
        self.kyc.show_file(file)
        self._enable()

    def _hold_allowances(self, file: CustomerFile) -> None:
        """Whoever stands here is served from these accounts next, perhaps without the line."""
        payable = [account for account in file.accounts if account.state == "open" and not account.frozen]
        for account in payable[:ALLOWANCES_MAX]:
            if account.branch == self._desk.place.branch:
                hold_allowance(self._desk, account.account)

    def _enable(self) -> None:
        """What can't be done is disabled, with the reason below."""
        file = self._file
        elsewhere = file is not None and file.branch != self._desk.place.branch
        for button in self._account_actions():
            button.setEnabled(bool(self._account))
        for button in (self.transfer, self.statement, self.freezes, self.profile.amend, self.kyc.decide):
            if elsewhere:
                button.setEnabled(False)
        may_open = file is not None and file.kyc == "approved" and not elsewhere
        self.open_account.setEnabled(may_open)
        says = "" if may_open or file is None else self.tr("An account can be opened once KYC is approved.")
        if elsewhere:
            says = self.tr("Another branch keeps this file: only cash is taken in and paid out here.")
        begin = self.tr("Accounts of this customer stand here. F9 opens one.")
        self._no_account.show_text(self.tr("No account yet"), begin if may_open else says)
        self.reason.setText(says)
        self.reason.setVisible(bool(says))

    def _choose(self, account: AccountSummary | None) -> None:
        if account is None or account.account == self._account:
            return
        self._account = account.account
        self.activity_card.set_title(
            self.tr("Latest movements on {product}, {iban}").format(
                product=product_name(account.product), iban=iban_text(account.iban)
            )
        )
        self.activity.show_rows(self._activity_query)
        self._enable()

    def _fit(self, any_rows: bool) -> None:
        self.accounts.fit_rows(1 if any_rows else ACCOUNT_ROWS_MAX, ACCOUNT_ROWS_MAX)
        if self._wanted_account:
            self.accounts.choose(self._wanted_account)
            self._wanted_account = ""

    def _changed(self, changed: Changed) -> None:
        if not self._customer:
            return
        held = {account.account for account in self._file.accounts} if self._file else set()
        if self._customer in changed.customers or held & changed.accounts or "request.declined" in changed.kinds:
            self._reload()
            self.accounts.refresh()
        if self._account in changed.accounts or not changed.kinds:
            self.activity.refresh()
