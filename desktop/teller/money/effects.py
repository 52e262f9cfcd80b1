"""What an operation does to the account, the drawer and what may be paid out here: as typed, and as drafted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QCoreApplication

from core.device import Draft
from core.ledger import drawer
from core.money import Money, format_amount
from desktop.desk import Desk
from desktop.teller.money.allowance import is_offline
from desktop.teller.money.facts import CounterFacts
from desktop.teller.saying import freeze_reason
from desktop.widgets import BeforeAfter

Direction = Literal["in", "out"]
"""Whether money comes into the account or leaves it."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("money", text)


def expected_effects(
    facts: CounterFacts, amount: Money | None, direction: Direction, *, with_cash: bool, offline: bool
) -> list[BeforeAfter]:
    """What the amount being typed will do, by the figures that are here. What is payable here matters offline alone."""
    rows = [(_tr("Account"), facts.posted)]
    rows += [(_tr("Payable here"), facts.payable)] if offline else []
    if with_cash and facts.drawer is not None and facts.drawer.is_open:
        rows.insert(1, (_tr("My drawer"), facts.drawer.holds))
    if amount is None or amount.currency != facts.account.currency:
        return [BeforeAfter(label, before, None) for label, before in rows]
    change = amount if direction == "in" else -amount
    return [BeforeAfter(label, before, _possible(label, before + change)) for label, before in rows]


def _possible(label: str, after: Money) -> Money | None:
    """An account may be overdrawn; a drawer or a right that would hold less than nothing will not come about."""
    return after if after.minor >= 0 or label == _tr("Account") else None


def drafted_effects(draft: Draft, facts: CounterFacts, *, offline: bool) -> list[BeforeAfter]:
    """What the drafted operation will do, by its own entry."""
    account, own_drawer = None, None
    for change in draft.changes:
        if change.customer_account == facts.account.account:
            account = change
        elif draft.drawer is not None and change.account == drawer(draft.drawer):
            own_drawer = change
    rows: list[BeforeAfter] = []
    if account is not None:
        rows.append(_row(_tr("Account"), account.before, account.after, account.currency))
    if own_drawer is not None:
        rows.append(_row(_tr("My drawer"), own_drawer.before, own_drawer.after, own_drawer.currency))
    if offline and account is not None and account.payable_before is not None and account.payable_after is not None:
        # What is paid at the bank's own risk takes no right.
        after = max(0, account.payable_after)
        rows.append(_row(_tr("Payable here"), account.payable_before, after, account.currency))
    return rows


def _row(label: str, before: int, after: int, currency: str) -> BeforeAfter:
    return BeforeAfter(label, Money(before, currency), Money(after, currency))


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why nothing can be posted at this moment, and the screen where that can be put right, if there is one."""

    lead: str
    text: str
    go_to: str = ""
    go_to_label: str = ""


def obstacle(facts: CounterFacts, desk: Desk, direction: Direction, *, with_cash: bool) -> Obstacle | None:
    """What stands in the way before anything is typed."""
    account, to_drawer = facts.account, ("drawer", _tr("My drawer"))
    if account.state != "open":
        return Obstacle(_tr("This account is closed."), _tr("Choose another account."))
    if account.closing:
        text = _tr("Nothing goes in or out while the centre closes it. Choose another account.")
        return Obstacle(_tr("This account is being closed."), text)
    if facts.account.frozen and direction == "out":
        why = ", ".join(freeze_reason(freeze.reason) for freeze in account.freezes)
        text = _tr("{why}. Money comes in and none goes out until a supervisor lifts the freeze.").format(why=why)
        return Obstacle(_tr("This account is frozen."), text)
    if facts.day is None:
        return Obstacle(_tr("No day is open on this desk."), _tr("Open the day first; then post."), *to_drawer)
    if with_cash:
        return _drawer_obstacle(facts, desk)
    return None


def _drawer_obstacle(facts: CounterFacts, desk: Desk) -> Obstacle | None:
    to_drawer = ("drawer", _tr("My drawer"))
    if facts.drawer is None or not facts.drawer.is_open:
        lead = _tr("No drawer is open for {currency}.").format(currency=facts.account.currency)
        return Obstacle(lead, _tr("Cash is taken and paid from an open drawer. Open yours first."), *to_drawer)
    if desk.session is not None and facts.drawer.person != desk.session.person:
        lead = _tr("{person} has the drawer open.").format(person=desk.name_of(facts.drawer.person))
        return Obstacle(lead, _tr("They close it, or you open one of your own."), *to_drawer)
    return None


def line_notice(facts: CounterFacts, desk: Desk, direction: Direction) -> tuple[str, str] | None:
    """What working without the line means for this account, (lead, text); None while there is nothing to say."""
    if not is_offline(desk):
        return None
    lead = _tr("Working offline.")
    if direction == "in":
        return lead, _tr("This is signed and kept here, and sent when the line is back.")
    if not facts.payable.minor:
        return lead, _tr("Nothing can be paid out from this account here before the line is back.")
    payable = f"{format_amount(facts.payable, desk.place.locale)}\u00a0{facts.account.currency}"
    text = _tr("Up to {payable} can be paid out here; it is already reserved for this desk.")
    return lead, text.format(payable=payable)
