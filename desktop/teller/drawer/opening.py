"""Opening a drawer with a float from the vault."""

from __future__ import annotations

from core.device import Performed
from core.money import Money, format_money
from core.operations.drawers import DrawerOpened
from core.store.queries.books import vault_balance
from desktop.desk import Desk
from desktop.teller.drawer.cash_form import CashForm
from desktop.teller.drawer.figures import books_effects
from desktop.teller.posting import PostingScreen, Proposal
from desktop.teller.saying import NOTHING
from desktop.widgets import Card, Field, KeyValueList


class OpenDrawerScreen(PostingScreen):
    """The float: how much, and of which notes and coins."""

    def __init__(self, desk: Desk) -> None:
        title = self.tr("Open the drawer")
        super().__init__(desk, title, review=title, confirm=self.tr("Open the drawer"))
        self.cash = CashForm(desk.place, self.tr("&Float"), self.tr("Into the drawer"))
        self.form.body.addWidget(self.cash)
        self.add_actions()
        self.cash.finished.connect(self.begin_review)
        self.facts = KeyValueList()
        side = Card(self.tr("From and to"))
        side.body.addWidget(self.facts)
        self.add_side(side)
        self.setFocusProxy(self.cash)
        desk.changed.connect(lambda _changed: self._load() if self.isVisible() else None)

    def opened(self, arguments: object) -> None:  # noqa: ARG002 - nothing is asked for
        """Go on with what was typed; the vault's balance is read again."""
        self._show_vault(None)
        self._load()
        self.show_form()

    def first_field(self) -> Field:
        """The amount."""
        return self.cash.amount

    def back(self) -> bool:
        """To the form, then to the drawer."""
        if not super().back():
            self.go.emit("drawer", None)
        return True

    def may_leave(self) -> bool:
        """Not with a float half counted."""
        return self.cash.is_empty()

    def field_of(self, name: str | None) -> Field | None:
        """The one field there is."""
        return self.cash.amount if name in ("amount", "counts") else None

    def _load(self) -> None:
        place = self.desk.place
        self.desk.read(lambda c: vault_balance(c, place.branch, place.currency), self._show_vault, owner=self)

    def _show_vault(self, held: int | None) -> None:
        place = self.desk.place
        vault = NOTHING if held is None else format_money(Money(held, place.currency), place.locale)
        self.facts.set_rows(
            [
                (self.tr("In the vault"), vault),
                (self.tr("Drawer"), place.drawer),
                (self.tr("Goes to"), self.desk.person_name or (self.desk.session.person if self.desk.session else "")),
            ]
        )

    def propose(self) -> Proposal | None:
        """The drawer with its float."""
        cash = self.cash.checked()
        if cash is None:
            return None
        body = DrawerOpened(currency=cash.amount.currency, amount=cash.amount.minor, counts=cash.counts)
        pairs = [
            (self.tr("Drawer"), self.desk.place.drawer),
            (self.tr("Notes and coins"), self.tr("counted") if cash.counts else self.tr("not counted")),
        ]
        return Proposal(body, pairs, amount=cash.amount, effects=books_effects, with_drawer=True)

    def posted(self, _performed: Performed) -> None:
        """To the drawer."""
        self.cash.clear()
        self.go.emit("drawer", None)
