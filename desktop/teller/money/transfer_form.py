"""The fields of a transfer: how much, to whom, and what the payee reads; the IBAN says where it goes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout

from core.errors import Refusal
from core.iban import bank_of, grouped, read_iban
from core.ids import Randomness
from core.money import Money
from core.operations.kind import Body
from core.operations.transfers import TransferMade, TransferSent
from core.records import make_record
from desktop.desk import Desk
from desktop.tasks import Job
from desktop.teller.money.facts import CounterFacts, PayeeFacts, find_payee, short_iban
from desktop.teller.money.order import MoneyForm, Order
from desktop.teller.money.texts import TYPED_LENGTH_MAX, check_text
from desktop.teller.refusals import say_refusal
from desktop.widgets import AmountField, Field, TextField


class TransferForm(MoneyForm):
    """Money to another account. Which kind of operation it is follows from where the payee's IBAN leads."""

    def __init__(self, desk: Desk, randomness: Randomness) -> None:
        super().__init__()
        self._desk, self._randomness = desk, randomness
        self._locale = desk.place.locale
        self._facts: CounterFacts | None = None
        self._payee: PayeeFacts | None = None
        self._looking: Job | None = None
        self.amount = AmountField(self.tr("&Amount"), desk.place.currency, self._locale)
        self.iban = self._text(self.tr("Payee's &IBAN"), "payee_iban", hint=self.tr("Typed or pasted"))
        self.payee = self._text(self.tr("Payee's na&me"), "payee_name", hint=self.tr("As the payee's bank knows it"))
        self.remittance = self._text(
            self.tr("Te&xt to the payee"), "remittance", hint=self.tr("Optional; on both statements")
        )
        self.address = self._text(
            self.tr("Payee's a&ddress"),
            "payee_address",
            hint=self.tr("Optional; other banks ask for it with large payments"),
        )
        self.amount.edit.setObjectName("amount")
        self._lay_out()
        self.amount.money_changed.connect(lambda _money: self.changed.emit())
        self.iban.edit.textChanged.connect(self._iban_typed)
        self.iban.edit.editingFinished.connect(self._iban_left)
        self.setFocusProxy(self.amount)

    def show_facts(self, facts: CounterFacts) -> None:
        """Take the payer's currency."""
        other = self._facts is None or self._facts.account.account != facts.account.account
        self._facts = facts
        self.amount.set_currency(facts.account.currency)
        if other:
            self._look_up()

    def order(self, facts: CounterFacts, ready: Callable[[Order], None]) -> None:
        """The transfer that is filled in, once it is known where the IBAN leads."""
        iban, wrong = self._checked_texts(facts)
        amount = self.amount.check()
        if wrong:
            wrong[0].setFocus()
        if amount is None:
            self.amount.setFocus()
        if wrong or amount is None or iban is None:
            return

        def found(payee: PayeeFacts) -> None:
            self._show_payee(payee)
            ready(self._order(facts, payee, amount))

        self._desk.read(lambda connection: find_payee(connection, facts.account, iban), found, owner=self)

    def field_of(self, name: str | None) -> Field | None:
        """Each field by the part of the operation that it fills."""
        named = {
            "payee": self.iban,
            "iban": self.iban,
            "payee_name": self.payee,
            "remittance": self.remittance,
            "payee_address": self.address,
        }
        return named.get(name or "") or super().field_of(name)

    def is_dirty(self) -> bool:
        """Whether anything was typed."""
        texts = (self.iban, self.payee, self.remittance, self.address)
        return bool(self.amount.edit.text()) or any(field.text() for field in texts)

    def clear(self) -> None:
        """Empty every field."""
        self.amount.clear()
        self._payee = None
        for field in (self.iban, self.payee, self.remittance, self.address):
            field.clear()

    def _order(self, facts: CounterFacts, payee: PayeeFacts, amount: Money) -> Order:
        name, remittance = self.payee.text(), self.remittance.text()
        address = self.address.text()
        fields = {"payee_iban": payee.iban, "payee_name": name, "payer_name": facts.holder.name}
        fields |= {"remittance": remittance} if remittance else {}
        fields |= {"payee_address": address} if address else {}
        details, data = make_record(fields, self._randomness)
        pairs = [
            (self.tr("From"), facts.holder.name),
            (self.tr("Account"), short_iban(facts.account.iban)),
            (self.tr("To"), name),
            (self.tr("Payee's IBAN"), short_iban(payee.iban)),
            (self.tr("Goes"), self._route_text(payee)),
        ]
        pairs += [(self.tr("Address"), address)] if address else []
        pairs += [(self.tr("Text"), remittance)] if remittance else []
        return Order(
            body=_body(facts, payee, amount, details),
            account=facts.account.account,
            amount=amount,
            pairs=tuple(pairs),
            records={details: data},
            with_drawer=False,
            to_iban=payee.iban,
            to_name=name,
        )

    def _checked_texts(self, facts: CounterFacts) -> tuple[str | None, list[Field]]:
        """The IBAN, and the fields that say what is wrong with them, in their order on the screen."""
        found = self._read_iban(facts)
        wrong: list[tuple[Field, Refusal]] = []
        if isinstance(found, Refusal):
            wrong.append((self.iban, found))
        texts = ((self.payee, "payee_name"), (self.remittance, "remittance"), (self.address, "payee_address"))
        for text, name in texts:
            refusal = check_text(text.text(), name)
            if text is self.payee and not text.text():
                refusal = Refusal("payee_missing", name)
            if refusal is not None:
                wrong.append((text, refusal))
        for field, refusal in wrong:
            field.set_error(say_refusal(refusal, self._locale))
        return (None if isinstance(found, Refusal) else found), [field for field, _refusal in wrong]

    def _read_iban(self, facts: CounterFacts) -> str | Refusal:
        iban = read_iban(self.iban.text())
        return Refusal("payee_is_payer", "payee") if iban == facts.account.iban else iban

    def _iban_typed(self) -> None:
        self._payee = None
        self.iban.set_hint(self.tr("Typed or pasted"))
        self._look_up()

    def _iban_left(self) -> None:
        if self._facts is None or not self.iban.text():
            return
        iban = self._read_iban(self._facts)
        if isinstance(iban, Refusal):
            self.iban.set_error(say_refusal(iban, self._locale))
        elif self.iban.edit.text() != grouped(iban):
            payee = self._payee
            self.iban.edit.blockSignals(True)
            self.iban.set_text(grouped(iban))
            self.iban.edit.blockSignals(False)
            self._payee = payee

    def _look_up(self) -> None:
        """Say where the IBAN leads as soon as it is a whole one."""
        if self._looking is not None:
            self._looking.cancel()
        facts = self._facts
        iban = read_iban(self.iban.text())
        if facts is None or isinstance(iban, Refusal):
            return
        payer = facts.account
        self._looking = self._desk.read(
            lambda connection: find_payee(connection, payer, iban), self._show_payee, owner=self
        )

    def _show_payee(self, payee: PayeeFacts) -> None:
        self._payee = payee
        self.iban.set_hint(self._route_hint(payee))
        if payee.here and payee.account is not None and not self.payee.text():
            self.payee.set_text(payee.account.holder)
        self.changed.emit()

    def _route_text(self, payee: PayeeFacts) -> str:
        if payee.here:
            return self.tr("At this branch, at once")
        if payee.route == "branch":
            return self.tr("To another branch of this bank, through the centre")
        if self._is_abroad(payee):
            return self.tr("To a bank abroad ({bank}), through the centre").format(bank=_bank_text(payee))
        return self.tr("To another bank ({bank}), through the centre").format(bank=_bank_text(payee))

    def _route_hint(self, payee: PayeeFacts) -> str:
        """Where it goes; for another bank, which nobody here can ask beforehand, also what happens if it fails."""
        if payee.route != "partner":
            return self._route_text(payee)
        if self._is_abroad(payee):
            text = self.tr("Bank abroad ({bank}); comes back if it can't be reached")
        else:
            text = self.tr("Another bank ({bank}); comes back if it can't be reached")
        return text.format(bank=_bank_text(payee))

    def _is_abroad(self, payee: PayeeFacts) -> bool:
        return self._facts is not None and payee.iban[:2] != self._facts.account.iban[:2]

    def _text(self, label: str, name: str, *, hint: str) -> TextField:
        field = TextField(label, hint=hint, length_max=TYPED_LENGTH_MAX)
        field.edit.setObjectName(name)
        field.changed.connect(lambda _text: self.changed.emit())
        return field

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(12)
        grid.setColumnStretch(0, 6)
        grid.setColumnStretch(1, 5)
        places = (
            (self.amount, 0, 0),
            (self.iban, 1, 0),
            (self.payee, 1, 1),
            (self.remittance, 2, 0),
            (self.address, 2, 1),
        )
        for field, row, column in places:
            grid.addWidget(field, row, column, Qt.AlignmentFlag.AlignTop)
        order = (self.amount, self.iban, self.payee, self.remittance, self.address)
        for before, after in pairwise(order):
            self.setTabOrder(before, after)


def _bank_text(payee: PayeeFacts) -> str:
    country, code = bank_of(payee.iban) or (payee.iban[:2], "")
    return f"{country}\u00a0{code}".strip()


def _body(facts: CounterFacts, payee: PayeeFacts, amount: Money, details: str) -> Body:
    """Within the branch at once; into clearing for anywhere else."""
    account = facts.account.account
    if payee.route is None and payee.account is not None:
        return TransferMade(
            account=account,
            payee_account=payee.account.account,
            currency=amount.currency,
            amount=amount.minor,
            details=details,
        )
    return TransferSent(
        account=account,
        route=payee.route or "branch",
        currency=amount.currency,
        amount=amount.minor,
        details=details,
    )
