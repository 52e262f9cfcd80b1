"""What passes between this bank and a partner bank, modelled on ISO 20022 (pacs.008, pacs.002, camt.053) as JSON."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

END_TO_END_ID_LENGTH_MAX = 35
"""Max35Text: an operation's id fits without its hyphens (`end_to_end_id`)."""

EndToEndId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9./+-]{0,34}\Z")]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]
AmountMinor = Annotated[int, msgspec.Meta(ge=1, le=10**12)]
Iban = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{5,34}\Z")]
Bic = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{8}([A-Z0-9]{3})?\Z")]
ReasonCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}[A-Z0-9]{2}\Z")]
# Control characters are in no name: \x00-\x1f, \x7f-\x9f.
Text70 = Annotated[str, msgspec.Meta(max_length=70, pattern=r"^[^\x00-\x1f\x7f-\x9f]*\Z")]
Text140 = Annotated[str, msgspec.Meta(max_length=140, pattern=r"^[^\x00-\x1f\x7f-\x9f]*\Z")]
Name = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=140,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*\Z",
    ),
]
BusinessDate = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}\Z")]

PaymentStatus = Literal["ACSP", "ACSC", "RJCT"]
"""External payment transaction status: accepted, settlement in process; accepted and settled; rejected."""


class Party(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who pays or is paid, by account and, where it is known, address."""

    name: Name
    iban: Iban
    address: Text140 = ""


class Payment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A credit transfer (pacs.008). `amount` is in minor units of `currency`."""

    end_to_end_id: EndToEndId
    amount: AmountMinor
    currency: Currency
    debtor: Party
    debtor_agent: Bic
    creditor: Party
    creditor_agent: Bic
    remittance: Text140 = ""


class PaymentReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a payment (pacs.002). Instants are RFC 3339 in UTC; `reason` is set if it was rejected."""

    end_to_end_id: EndToEndId
    status: PaymentStatus
    amount: AmountMinor
    currency: Currency
    received_at: str
    reason: ReasonCode | None = None
    reason_text: Text140 = ""
    settled_at: str | None = None


class PaymentPage(msgspec.Struct, frozen=True):
    """Payments in the order in which they came. `next_after` is the position to go on from; null at the end."""

    payments: list[PaymentReport]
    next_after: int | None


class StatementLine(msgspec.Struct, frozen=True):
    """A settled payment on the statement."""

    end_to_end_id: EndToEndId
    amount: AmountMinor
    settled_at: str
    creditor_iban: Iban


class Statement(msgspec.Struct, frozen=True):
    """What settled on one day in one currency (camt.053), for reconciling: opening + lines = closing, minor units."""

    date: BusinessDate
    currency: Currency
    opening: int
    closing: int
    lines: list[StatementLine]


def end_to_end_id(operation_id: str) -> str:
    """The end-to-end id of the payment that an operation (UUIDv7) asks for: its id without hyphens, 32 characters."""
    return operation_id.replace("-", "")
