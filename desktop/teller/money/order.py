"""What a form asks to be posted, and what every money form offers to the screen that it stands on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from core.errors import Refusal
from core.money import Money
from core.operations.kind import Body
from desktop.teller.money.facts import CounterFacts
from desktop.widgets import AmountField, Field


@dataclass(frozen=True, slots=True)
class Order:
    """An operation that a person has filled in. `pairs` say it in words, for the review and for an approver.

    `records` are the bytes that the body names, by digest. `to_iban` and `to_name` are a transfer's payee.
    """

    body: Body
    account: str
    amount: Money
    pairs: tuple[tuple[str, str], ...]
    records: Mapping[str, bytes]
    with_drawer: bool
    to_iban: str = ""
    to_name: str = ""


class MoneyForm(QWidget):
    """The fields of one kind of money operation. `changed` whenever what would be done may be another."""

    changed = Signal()
    finished = Signal()

    amount: AmountField
    review_key = ""
    """The key that goes on to the review from everywhere in the form, where it is not Enter."""

    def order(self, facts: CounterFacts, ready: Callable[[Order], None]) -> None:
        """Check every field; call `ready` with the order, or say at the fields what is wrong."""
        raise NotImplementedError

    def show_facts(self, facts: CounterFacts) -> None:
        """Take the currency and the drawer from what is known; what was typed stays."""
        raise NotImplementedError

    def field_of(self, name: str | None) -> Field | None:
        """The field where an error about that part of the operation stands."""
        return self.amount if name == "amount" else None

    def is_dirty(self) -> bool:
        """Whether a person has typed anything."""
        raise NotImplementedError

    def clear(self) -> None:
        """Empty every field."""
        raise NotImplementedError

    def show_error(self, refusal: Refusal, text: str) -> bool:
        """Say an error at its field; False if it has none here."""
        field = self.field_of(refusal.field)
        if field is None:
            return False
        field.set_error(text)
        field.setFocus()
        return True
