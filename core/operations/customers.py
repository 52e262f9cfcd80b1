"""Customers: registering, amending (last writer wins per field, by a hybrid logical clock), and the KYC decision.

What a customer is called and where they live are personal data: they stand in a record beside the operation, which
names it by a salted digest. The body only says which fields the record gives.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec

from core.book import Book, Key
from core.book.rows import Customer, ProfileValue
from core.clock import instant_ms
from core.envelope import Operation
from core.errors import IntegrityFault, Refusal
from core.operations.kind import (
    BY_STAFF,
    SUPERVISOR,
    Body,
    Decoded,
    Digest,
    Identifier,
    Kind,
    Signer,
)

FieldName = Literal[
    "given_name",
    "family_name",
    "born_on",
    "street",
    "postcode",
    "city",
    "country",
    "telephone",
    "email",
    "national_id",
]
FIELDS: tuple[str, ...] = FieldName.__args__  # type: ignore[attr-defined]
REQUIRED_FIELDS = ("given_name", "family_name", "born_on")
Stamp = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{13}-[0-9]{4}-[a-z0-9-]{1,32}\Z")]
_COUNTER_MAX = 9_999
_STAMP = re.compile(r"([0-9]{13})-([0-9]{4})-")


class CustomerRegistered(Body, frozen=True):
    """A customer's file is opened; the customer is known by this operation's id."""

    fields: tuple[FieldName, ...]
    stamp: Stamp
    record: Digest


class CustomerAmended(Body, frozen=True):
    """Fields of a customer's file are given other values, each stamped by the device's hybrid logical clock."""

    customer: Identifier
    fields: tuple[FieldName, ...]
    stamp: Stamp
    record: Digest


class KycDecided(Body, frozen=True):
    """Whether the customer is who they say they are; `evidence` names the record that says how that was seen."""

    customer: Identifier
    decision: Literal["approved", "refused"]
    term: Annotated[int, msgspec.Meta(ge=1, le=10**6)]
    evidence: Digest


def next_stamp(device: str, now_ms: int, last: str | None) -> str:
    """The next stamp of a hybrid logical clock, `milliseconds-counter-device`; always greater than `last`."""
    found = _STAMP.match(last) if last else None
    last_ms, counter = (int(found[1]), int(found[2])) if found else (0, -1)
    if now_ms > last_ms or counter >= _COUNTER_MAX:
        return f"{max(now_ms, last_ms + 1):013d}-0000-{device}"
    return f"{last_ms:013d}-{counter + 1:04d}-{device}"


def stamp_not_after(body: Body, received_at: str) -> str | None:
    """The stamp that counts where the body's own lies after the centre's receipt (RFC 3339); None where it does not.

    A clock that runs ahead would otherwise win over every later change for as long as it was wrong.
    """
    if not isinstance(body, CustomerRegistered | CustomerAmended):
        return None
    received = f"{instant_ms(received_at):013d}"
    return received + body.stamp[len(received) :] if body.stamp[: len(received)] > received else None


def with_stamp(decoded: Decoded[Any], stamp: str) -> Decoded[Any]:
    """The operation as it is applied with the stamp that the centre's verdict gave it."""
    return dataclasses.replace(decoded, body=msgspec.structs.replace(decoded.body, stamp=stamp))


def _note_values(customer: str, body: CustomerRegistered | CustomerAmended, operation: Operation, book: Book) -> None:
    for field in body.fields:
        book.put(ProfileValue(customer, field, operation.id, body.stamp, body.record))


def _register(decoded: Decoded[CustomerRegistered], book: Book) -> None:
    operation = decoded.operation
    if book.get(Customer, operation.id) is None:
        book.put(
            Customer(
                id=operation.id,
                branch=operation.branch or "",
                registered_on=operation.business_date or operation.at[:10],
                kyc="pending",
                kyc_term=1,
                kyc_keeper=operation.device,
                kyc_decided_by=None,
            )
        )
    _note_values(operation.id, decoded.body, operation, book)


def _check_registered(decoded: Decoded[CustomerRegistered], _book: Book) -> Iterable[Refusal]:
    for field in REQUIRED_FIELDS:
        if field not in decoded.body.fields:
            yield Refusal("field_missing", field)


def _check_amended(decoded: Decoded[CustomerAmended], book: Book) -> Iterable[Refusal]:
    if not decoded.body.fields:
        yield Refusal("nothing_amended")
    customer = book.get(Customer, decoded.body.customer)
    if customer is None:
        yield Refusal("customer_unknown", "customer")
    elif customer.branch != decoded.operation.branch:
        yield Refusal("customer_elsewhere", "customer", {"branch": customer.branch})


def _verify_here(decoded: Decoded[CustomerAmended] | Decoded[KycDecided], book: Book) -> None:
    """Raises `IntegrityFault("branch_differs")`: a file is kept at its customer's own branch."""
    customer = book.get(Customer, decoded.body.customer)
    if customer is not None and customer.branch != decoded.operation.branch:
        raise IntegrityFault("branch_differs", customer.branch)


def _keeps(decoded: Decoded[KycDecided], customer: Customer) -> bool:
    """Whether the maker is the one who decides: the device that opened the file, or the centre."""
    return customer.kyc_keeper in (decoded.operation.device, "centre" if decoded.operation.actor == "centre" else "")


def _amend(decoded: Decoded[CustomerAmended], book: Book) -> None:
    _note_values(decoded.body.customer, decoded.body, decoded.operation, book)


def _check_kyc(decoded: Decoded[KycDecided], book: Book) -> Iterable[Refusal]:
    body = decoded.body
    customer = book.get(Customer, body.customer)
    if customer is None:
        yield Refusal("customer_unknown", "customer")
        return
    if not _keeps(decoded, customer):
        yield Refusal("kyc_kept_elsewhere", "customer", {"keeper": customer.kyc_keeper})
    if body.term != customer.kyc_term or customer.kyc_decided_by is not None:
        yield Refusal("kyc_already_decided", "customer")


def _decide_kyc(decoded: Decoded[KycDecided], book: Book) -> None:
    customer = book.get(Customer, decoded.body.customer)
    if (
        customer is None
        or not _keeps(decoded, customer)
        or customer.kyc_term > decoded.body.term
        or customer.kyc_decided_by is not None
    ):
        return
    book.put(msgspec.structs.replace(customer, kyc=decoded.body.decision, kyc_decided_by=decoded.operation.id))


def _take_back_kyc(decoded: Decoded[KycDecided], book: Book) -> None:
    customer = book.get(Customer, decoded.body.customer)
    if customer is not None and customer.kyc_decided_by == decoded.operation.id:
        book.put(msgspec.structs.replace(customer, kyc="pending", kyc_decided_by=None))


def _touches_registered(operation: Operation, _body: CustomerRegistered) -> Iterable[Key]:
    yield Customer, (operation.id,)


def _touches_customer(_operation: Operation, body: CustomerAmended | KycDecided) -> Iterable[Key]:
    yield Customer, (body.customer,)


KINDS = (
    Kind(
        name="customer.registered",
        version=1,
        body=CustomerRegistered,
        signers=BY_STAFF,
        check=_check_registered,
        apply=_register,
        touches=_touches_registered,
        needs_day=True,
    ),
    Kind(
        name="customer.amended",
        version=1,
        body=CustomerAmended,
        signers=BY_STAFF,
        check=_check_amended,
        verify=_verify_here,
        apply=_amend,
        touches=_touches_customer,
        needs_day=True,
    ),
    Kind(
        name="customer.kyc_decided",
        version=1,
        body=KycDecided,
        signers=frozenset({Signer.STAFF, Signer.CENTRE}),
        roles=frozenset({SUPERVISOR}),
        check=_check_kyc,
        verify=_verify_here,
        apply=_decide_kyc,
        take_back=_take_back_kyc,
        touches=_touches_customer,
        needs_day=True,
    ),
)
