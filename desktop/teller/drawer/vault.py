"""The branch's vault: cash that came from the cash centre, and cash sent back to it, by a supervisor."""

from __future__ import annotations

from core.device import Changed, Performed
from core.money import Money, format_money
from core.operations.drawers import VaultFunded, VaultReturned
from core.operations.kind import SUPERVISOR
from core.store.queries.books import vault_balance
from desktop.desk import Desk
from desktop.teller.drawer.cash_form import CashForm
from desktop.teller.drawer.figures import books_effects
from desktop.teller.fields import ChoiceField
from desktop.teller.posting import PostingScreen, Proposal
from desktop.teller.saying import NOTHING
from desktop.widgets import Card, Field, KeyValueList


class VaultScreen(PostingScreen):
    """Cash into the vault or out of it. A teller sees what it holds, and why they can do no more."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, self.tr("Vault"), review=self.tr("Vault"), confirm=self.tr("Post"))
        self.way = ChoiceField(
            self.tr("&What happened"),
            [
                ("funded", self.tr("Cash came from the cash centre")),
                ("returned", self.tr("Cash goes back to the cash centre")),
            ],
        )
        self.way.box.setObjectName("vault_way")
        self.cash = CashForm(desk.place, self.tr("&Amount"), self.tr("Pieces"))
        self.cash.finished.connect(self.begin_review)
        self.form.body.addWidget(self.way)
        self.form.body.addWidget(self.cash)
        self.add_actions()
        self.facts = KeyValueList()
        side = Card(self.tr("The vault"))
        side.body.addWidget(self.facts)
        self.add_side(side)
        desk.changed.connect(self._changed)
        desk.session_changed.connect(self._allow)
        desk.day_changed.connect(self._allow)

    def opened(self, arguments: object) -> None:
        """Read the balance; what was typed stays."""
        if arguments in ("funded", "returned"):
            self.way.set_code(str(arguments))
        self._show_balance(None)
        self._load()
        self.show_form()
        self._allow()

    def first_field(self) -> Field:
        """What happened."""
        return self.way

    def may_leave(self) -> bool:
        """Not with an amount typed in."""
        return self.cash.is_empty()

    def field_of(self, name: str | None) -> Field | None:
        """The amount."""
        return self.cash.amount if name in ("amount", "counts") else None

    def _load(self) -> None:
        place = self.desk.place
        self.desk.read(lambda c: vault_balance(c, place.branch, place.currency), self._show_balance, owner=self)

    def _changed(self, changed: Changed) -> None:
        if changed.kinds and self.isVisible():
            self._load()

    def _show_balance(self, held: int | None) -> None:
        place = self.desk.place
        balance = NOTHING if held is None else format_money(Money(held, place.currency), place.locale)
        rows = [(self.tr("By the books"), balance), (self.tr("Branch"), place.branch_name)]
        self.facts.set_rows(rows)

    def _allow(self) -> None:
        """What can't be done is disabled, and the reason stands in its place."""
        reason = self._why_not()
        for control in (self.way, self.cash, self.review_button):
            control.setEnabled(not reason)
        if reason:
            self.problem.show_notice(self.tr("For a supervisor."), reason, "info")
        self.problem.setVisible(bool(reason))
        if self.isVisible() and not self.is_reviewing():
            self._focus_form()

    def _why_not(self) -> str:
        if self.desk.role != SUPERVISOR:
            return self.tr("A supervisor books what comes into the vault and what leaves it. You see what it holds.")
        if self.desk.business_date is None:
            return self.tr("The business day is not open at this desk. Open it under My drawer (9001).")
        return ""

    def propose(self) -> Proposal | None:
        """Cash in, or out."""
        cash = self.cash.checked()
        if cash is None:
            return None
        kind = VaultFunded if self.way.code() == "funded" else VaultReturned
        body = kind(currency=cash.amount.currency, amount=cash.amount.minor, counts=cash.counts)
        pairs = [
            (self.tr("What happened"), self.way.words()),
            (self.tr("Notes and coins"), self.tr("counted") if cash.counts else self.tr("not counted")),
        ]
        return Proposal(body, pairs, amount=cash.amount, effects=books_effects)

    def posted(self, _performed: Performed) -> None:
        """Ready for the next."""
        self.cash.clear()
        self._load()
        self.problem.show_notice(self.tr("Posted."), self.tr("It stands in the journal (F7)."), "ok")
        self.problem.show()
