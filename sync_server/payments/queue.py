"""What a due payment is about, and whom it is for."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from core.book.rows import DepositAccount
from core.records import read_record
from sync_server.store.home import Home
from sync_server.store.values import DuePayment

CLAIM_MS = 60_000
"""How long a claimed payment is left to the process that claimed it: longer than any answer may take."""
_REMITTANCE_LENGTH_MAX = 140


@dataclass(frozen=True, slots=True)
class Payee:
    """Whom the money is for, from the record beside the transfer; empty where the record is missing or erased."""

    iban: str
    name: str
    address: str
    remittance: str
    payer_name: str
    payer_iban: str


def claim_due(home: Home, now_ms: int) -> tuple[DuePayment, Payee] | None:
    """The payment that has been due longest, claimed for this process, and its payee; None if nothing is due."""
    payment = home.payments.claim(now_ms, now_ms + CLAIM_MS)
    return (payment, payee_of(home, payment)) if payment is not None else None


def payee_of(home: Home, payment: DuePayment) -> Payee:
    """What the transfer's record says."""
    record = home.records((payment.details,)).get(payment.details)
    payer = home.book(locking=False).get(DepositAccount, payment.account)
    try:
        fields = read_record(record) if record is not None else {}
    except msgspec.MsgspecError:
        fields = {}
    return Payee(
        iban=fields.get("payee_iban", ""),
        name=fields.get("payee_name", ""),
        address=fields.get("payee_address", ""),
        remittance=fields.get("remittance", "")[:_REMITTANCE_LENGTH_MAX],
        payer_name=fields.get("payer_name", ""),
        payer_iban=payer.iban if payer is not None else "",
    )
