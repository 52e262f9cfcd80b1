"""What is particular to one money screen: its words, and which way the money goes."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from core.device import Draft
from core.documents.receipt import ReceiptKind
from core.money import format_amount
from desktop.desk import ApprovalRequest, Desk
from desktop.teller.money.effects import Direction
from desktop.teller.money.facts import CounterFacts
from desktop.teller.money.order import Order
from desktop.teller.standing_in import risk_pairs, risk_reason


def _tr(text: str) -> str:
    return QCoreApplication.translate("money", text)


@dataclass(frozen=True, slots=True)
class Trade:
    """The words of a screen: its title, the review's, the button that posts, and what is said once it is posted."""

    title: str
    review: str
    confirm: str
    posted: str
    direction: Direction
    with_cash: bool
    receipt: ReceiptKind


def approval_request(trade: Trade, order: Order, draft: Draft, facts: CounterFacts, desk: Desk) -> ApprovalRequest:
    """What a second person is shown before they sign for an order."""
    locale = desk.place.locale
    amount = f"{format_amount(order.amount, locale)}\u00a0{order.amount.currency}"
    pairs = ((_tr("Amount"), amount), *order.pairs, *risk_pairs(draft, locale))
    return ApprovalRequest(trade.review, risk_reason(draft, locale) or _limit_reason(facts, desk), pairs)


def _limit_reason(facts: CounterFacts, desk: Desk) -> str:
    locale = desk.place.locale
    limit = facts.limits.get(desk.session.person) if desk.session is not None else None
    reason = _tr("It is beyond what the teller may pay out alone.")
    if limit is not None:
        amount = f"{format_amount(limit, locale)}\u00a0{limit.currency}"
        reason = _tr("It is beyond the teller's own limit: {amount}.").format(amount=amount)
    return reason
