"""What a partner bank sends in."""

from __future__ import annotations

from core.errors import Refused
from sync_server.exchange.exchange import Exchange
from sync_server.partner_bank.messages import Payment, PaymentReport
from sync_server.payments.inbound import take_payment
from sync_server.problems import Problem, refuse


def take(exchange: Exchange, partner: str, payment: Payment) -> PaymentReport:
    """Credited or rejected before it is answered; repeated, it is answered alike. Raises `Problem`."""
    try:
        with exchange.database.transaction() as home:
            report = take_payment(home, exchange.centre, exchange.randomness, partner, exchange.bic, payment)
    except Refused as refused:
        raise refuse(refused.refusal) from refused
    if report is None:
        raise Problem("end_to_end_id_reused")
    return report
