"""A transfer that this desk's rights do not cover, left to the centre as a request."""

from __future__ import annotations

from dataclasses import replace

from core.operations.transfers import TransferMade, TransferRequested, TransferSent
from desktop.teller.money.order import Order


def as_request(order: Order) -> Order | None:
    """The same transfer as something that is asked of the centre; None for what is no transfer."""
    body = order.body
    if isinstance(body, TransferMade):
        asked = TransferRequested(
            account=body.account,
            route="own",
            payee_account=body.payee_account,
            currency=body.currency,
            amount=body.amount,
            details=body.details,
        )
        return replace(order, body=asked)
    if isinstance(body, TransferSent):
        asked = TransferRequested(
            account=body.account,
            route=body.route,
            payee_account=None,
            currency=body.currency,
            amount=body.amount,
            details=body.details,
        )
        return replace(order, body=asked)
    return None


def is_request(order: Order) -> bool:
    """Whether it asks, and posts nothing."""
    return isinstance(order.body, TransferRequested)
