"""Devices that are gone: written off by two people, and what their chains still bring, decided by two people at once.

A written-off epoch leaves the sum of rights for ever. What it brings later is kept as bytes until two supervisors have
decided over the whole run; then the centre books each operation word for word, or refuses each. Both are final.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from nacl.signing import VerifyKey

from core.book import Book, Key
from core.book.rows import DeviceEpoch, Exposure, LateAnswer, Request, Session
from core.canonical import from_base64url
from core.envelope import Operation, check_signature, read_operation
from core.errors import IntegrityFault, Refusal
from core.ledger import PROVISION_DEVICES, RISK_DEVICES, Posting
from core.operations.kind import (
    BY_CENTRE,
    BY_STAFF,
    SUPERVISOR,
    Amount,
    Body,
    Currency,
    Decoded,
    Digest,
    Identifier,
    Kind,
    ShortCode,
    Total,
)
from core.operations.requests import check_waiting, decide, note_request

WRITE_OFF = "device.write_off_requested"
LATE = "late.decided"
CARRYING = "operation.booked"
"""The one kind whose entry is that of the operation it carries."""

Epoch = Annotated[int, msgspec.Meta(ge=1, le=10**6)]
Seq = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
REFUSED_AT_ONCE = 200
"""The most late operations that one operation refuses, so that no branch's feed is held for long."""

CarriedText = Annotated[str, msgspec.Meta(max_length=32 * 1024)]


class DeviceWriteOffRequested(Body, frozen=True):
    """Two supervisors take the device epoch for lost, knowing its exposure.

    `head_seq` is the last operation that the centre has of it; `exposure` (minor units) the sum of the rights it may
    have paid out without having said so.
    """

    device: ShortCode
    epoch: Epoch
    head_seq: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
    currency: Currency
    exposure: Total


class DeviceWrittenOff(Body, frozen=True):
    """The device epoch has ended, as `request` asked. `exposure` (minor units) is what it then was."""

    request: Identifier
    device: ShortCode
    epoch: Epoch
    head_seq: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
    currency: Currency
    exposure: Total


class ExposureBooked(Body, frozen=True):
    """What a written-off device may have paid out is the bank's risk from here on."""

    device: ShortCode
    epoch: Epoch
    currency: Currency
    amount: Amount


class LateDecided(Body, frozen=True):
    """Two supervisors decide over the whole run that an ended epoch still brought, by its first and last operation."""

    device: ShortCode
    epoch: Epoch
    first_seq: Seq
    last_seq: Seq
    last_hash: Digest
    accept: bool


class OperationBooked(Body, frozen=True):
    """The centre books an operation of an ended epoch, word for word, as `request` decided."""

    request: Identifier
    jws: CarriedText


class LateRefused(Body, frozen=True):
    """The centre refuses these operations of an ended epoch (by their hashes) for ever, as `request` decided.

    So are those that were accepted and can't be booked.
    """

    request: Identifier
    device: ShortCode
    epoch: Epoch
    hashes: Annotated[tuple[Digest, ...], msgspec.Meta(min_length=1, max_length=REFUSED_AT_ONCE)]


class LateSettled(Body, frozen=True):
    """The whole run is dealt with: `booked` operations of it were, and the rest were refused."""

    request: Identifier
    device: ShortCode
    epoch: Epoch
    first_seq: Seq
    last_seq: Seq
    booked: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]


def carried(body: OperationBooked) -> Decoded[Any]:
    """The operation inside, decoded as any other.

    Raises `IntegrityFault` for what no device could have made: what decoding raises, and `carried_not_a_devices`.
    """
    from core.operations import rules

    inside = read_operation(body.jws)
    if inside.operation.actor == "centre":
        raise IntegrityFault("carried_not_a_devices", inside.operation.id)
    return rules.decode(inside)


def _carried_entry(_operation: Operation, body: OperationBooked) -> tuple[Posting, ...]:
    """The entry of the operation inside."""
    return carried(body).postings


def _verify_booked(decoded: Decoded[OperationBooked], book: Book) -> None:
    """The operation inside is its maker's own, as if it had just come.

    Raises `IntegrityFault`: `carried_elsewhere`, `key_unknown`, and what verifying raises.
    """
    from core.operations import rules

    inside = carried(decoded.body)
    if inside.operation.branch != decoded.operation.branch:
        raise IntegrityFault("carried_elsewhere", inside.operation.branch or "")
    check_signature(inside.signed.jws, _key_of(inside, book))
    rules.verify(inside, book)


def _key_of(inside: Decoded[Any], book: Book) -> VerifyKey:
    operation = inside.operation
    if operation.actor.startswith("staff:"):
        session = book.get(Session, inside.signed.kid)
        public_key = session.public_key if session else None
    else:
        device = book.get(DeviceEpoch, operation.device, operation.epoch)
        public_key = device.public_key if device else None
    if public_key is None:
        raise IntegrityFault("key_unknown", operation.id)
    return VerifyKey(from_base64url(public_key))


def _check_booked(decoded: Decoded[OperationBooked], book: Book) -> Iterable[Refusal]:
    inside = carried(decoded.body)
    yield from check_waiting(decoded.body.request, LATE, book)
    device = book.get(DeviceEpoch, inside.operation.device, inside.operation.epoch)
    if device is None or device.state == "living":
        yield Refusal("device_not_ended", "device")
    if book.get(LateAnswer, inside.signed.hash) is not None:
        yield Refusal("late_already_decided")
    elif book.operation(inside.operation.id) is not None:
        yield Refusal("late_already_booked")


def _book(decoded: Decoded[OperationBooked], book: Book) -> None:
    """What the operation inside changes beyond the ledger; its entry and rights were moved with the posting."""
    inside = carried(decoded.body)
    if book.get(LateAnswer, inside.signed.hash) is None:
        inside.kind.apply(inside, book)
        book.put(LateAnswer(inside.signed.hash, decoded.operation.id, booked=True))


def _check_write_off(decoded: Decoded[DeviceWriteOffRequested], book: Book) -> Iterable[Refusal]:
    device = book.get(DeviceEpoch, decoded.body.device, decoded.body.epoch)
    if device is None or device.purpose == "centre":
        yield Refusal("device_unknown", "device")
    elif device.branch != decoded.operation.branch:
        yield Refusal("device_elsewhere", "device")
    elif device.state == "written_off":
        yield Refusal("device_written_off_already", "device")
    elif (device.device, device.epoch) == (decoded.operation.device, decoded.operation.epoch):
        yield Refusal("device_is_this_one", "device")


def _ask_write_off(decoded: Decoded[DeviceWriteOffRequested], book: Book) -> None:
    note_request(decoded, book, currency=decoded.body.currency, amount=decoded.body.exposure)


def _check_written_off(decoded: Decoded[DeviceWrittenOff], book: Book) -> Iterable[Refusal]:
    yield from check_waiting(decoded.body.request, WRITE_OFF, book)
    device = book.get(DeviceEpoch, decoded.body.device, decoded.body.epoch)
    if device is None or device.purpose == "centre":
        yield Refusal("device_unknown", "device")
    elif device.state == "written_off":
        yield Refusal("device_written_off_already", "device")


def _write_off(decoded: Decoded[DeviceWrittenOff], book: Book) -> None:
    body = decoded.body
    decide(body.request, "done", decoded.operation, book)
    device = book.get(DeviceEpoch, body.device, body.epoch)
    if device is None:
        return
    # After a restore it may be said twice, by words that different desks hear in different orders.
    again = device.state == "written_off"
    head_seq = max(body.head_seq, device.head_seq or 0) if again else body.head_seq
    book.put(msgspec.structs.replace(device, state="written_off", head_seq=head_seq))


def _exposed(operation: Operation, body: ExposureBooked) -> tuple[Posting, ...]:
    """Debit the risk of devices, credit the provision for it."""
    branch = operation.branch or ""
    return (
        Posting(branch, RISK_DEVICES, body.currency, body.amount),
        Posting(branch, PROVISION_DEVICES, body.currency, -body.amount),
    )


def _check_exposed(decoded: Decoded[ExposureBooked], book: Book) -> Iterable[Refusal]:
    if book.get(Exposure, decoded.body.device, decoded.body.epoch) is not None:
        yield Refusal("exposure_booked_already", "device")


def _touches_exposed(_operation: Operation, body: ExposureBooked) -> Iterable[Key]:
    yield Exposure, (body.device, body.epoch)


def _note_exposure(decoded: Decoded[ExposureBooked], book: Book) -> None:
    body = decoded.body
    if book.get(Exposure, body.device, body.epoch) is None:
        book.put(Exposure(body.device, body.epoch, body.currency, body.amount, decoded.operation.id))


def _check_late(decoded: Decoded[LateDecided], book: Book) -> Iterable[Refusal]:
    body = decoded.body
    device = book.get(DeviceEpoch, body.device, body.epoch)
    if device is None or device.branch != decoded.operation.branch:
        yield Refusal("device_elsewhere", "device")
    elif device.state == "living":
        yield Refusal("device_not_ended", "device")
    if body.last_seq < body.first_seq:
        yield Refusal("late_run_empty", "device")
    if book.get(LateAnswer, body.last_hash) is not None:
        yield Refusal("late_already_decided", "device")


def _decide_late(decoded: Decoded[LateDecided], book: Book) -> None:
    note_request(decoded, book)


def _check_refused(decoded: Decoded[LateRefused], book: Book) -> Iterable[Refusal]:
    yield from check_waiting(decoded.body.request, LATE, book)
    if any(book.get(LateAnswer, each) is not None for each in decoded.body.hashes):
        yield Refusal("late_already_decided")


def _refuse(decoded: Decoded[LateRefused], book: Book) -> None:
    for each in decoded.body.hashes:
        if book.get(LateAnswer, each) is None:
            book.put(LateAnswer(each, decoded.operation.id, booked=False))


def _check_settled(decoded: Decoded[LateSettled], book: Book) -> Iterable[Refusal]:
    yield from check_waiting(decoded.body.request, LATE, book)


def _settle(decoded: Decoded[LateSettled], book: Book) -> None:
    body = decoded.body
    decide(body.request, "done" if body.booked else "declined", decoded.operation, book)


def _touches_booked(_operation: Operation, body: OperationBooked) -> Iterable[Key]:
    from core.operations import rules

    inside = carried(body)
    yield Request, (body.request,)
    yield LateAnswer, (inside.signed.hash,)
    yield from rules.touches(inside, with_balances=False)


def _reaches_as_inside(decoded: Decoded[OperationBooked], book: Book) -> Iterable[str]:
    from core.operations import rules

    return rules.branches_reached(carried(decoded.body), book)


def _touches_device(operation: Operation, body: DeviceWriteOffRequested | LateDecided) -> Iterable[Key]:
    yield DeviceEpoch, (body.device, body.epoch)
    yield Request, (operation.id,)


def _touches_late(operation: Operation, body: LateDecided) -> Iterable[Key]:
    yield from _touches_device(operation, body)
    yield LateAnswer, (body.last_hash,)


def _touches_refused(_operation: Operation, body: LateRefused) -> Iterable[Key]:
    yield Request, (body.request,)
    for each in body.hashes:
        yield LateAnswer, (each,)


def _touches_written_off(_operation: Operation, body: DeviceWrittenOff) -> Iterable[Key]:
    yield DeviceEpoch, (body.device, body.epoch)
    yield Request, (body.request,)


def _touches_settled(_operation: Operation, body: LateSettled) -> Iterable[Key]:
    yield Request, (body.request,)


def _always(_decoded: Decoded[Any], _book: Book) -> bool:
    return True


KINDS = (
    Kind(
        name=WRITE_OFF,
        version=1,
        body=DeviceWriteOffRequested,
        signers=BY_STAFF,
        roles=frozenset({SUPERVISOR}),
        check=_check_write_off,
        apply=_ask_write_off,
        touches=_touches_device,
        second_person=_always,
        is_request=True,
    ),
    Kind(
        name="device.written_off",
        version=1,
        body=DeviceWrittenOff,
        signers=BY_CENTRE,
        check=_check_written_off,
        apply=_write_off,
        touches=_touches_written_off,
        bank_wide=True,
    ),
    Kind(
        name="exposure.booked",
        version=1,
        body=ExposureBooked,
        signers=BY_CENTRE,
        entries=_exposed,
        check=_check_exposed,
        apply=_note_exposure,
        touches=_touches_exposed,
    ),
    Kind(
        name=LATE,
        version=1,
        body=LateDecided,
        signers=BY_STAFF,
        roles=frozenset({SUPERVISOR}),
        check=_check_late,
        apply=_decide_late,
        touches=_touches_late,
        second_person=_always,
        is_request=True,
    ),
    Kind(
        name=CARRYING,
        version=1,
        body=OperationBooked,
        signers=BY_CENTRE,
        entries=_carried_entry,
        verify=_verify_booked,
        check=_check_booked,
        apply=_book,
        touches=_touches_booked,
        reaches=_reaches_as_inside,
    ),
    Kind(
        name="late.refused",
        version=1,
        body=LateRefused,
        signers=BY_CENTRE,
        check=_check_refused,
        apply=_refuse,
        touches=_touches_refused,
    ),
    Kind(
        name="late.settled",
        version=1,
        body=LateSettled,
        signers=BY_CENTRE,
        check=_check_settled,
        apply=_settle,
        touches=_touches_settled,
    ),
)
