"""Figures that the drawer's screens share: what a draft does to the books, and tables of the currency's notes."""

from __future__ import annotations

from collections.abc import Sequence

from core.denominations import denominations
from core.device import Draft
from core.money import Money
from desktop.desk import Place
from desktop.teller.saying import books_name
from desktop.widgets import BeforeAfter, Denomination, DenominationTable


def books_effects(draft: Draft) -> Sequence[BeforeAfter]:
    """What each account of the books holds before and after; cash in transit and over/short as their size."""
    rows = []
    for change in draft.changes:
        before, after = Money(change.before, change.currency), Money(change.after, change.currency)
        rows.append(BeforeAfter(books_name(change.account), before, after))
    return rows


def count_table(place: Place, title: str, *, held: str = "", blind: bool = False) -> DenominationTable | None:
    """A table of the notes and coins of the desk's currency; None where none are known.

    With `held` the column of what lies there is called so; what it says is given later.
    """
    values = [Denomination(Money(value, place.currency)) for value in denominations(place.currency)]
    if not values:
        return None
    table = DenominationTable(values, title, place.locale, blind=blind or not held, blocks=2)
    table.setObjectName("counts")
    return table
