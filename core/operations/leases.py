"""One lease per device epoch: until when, and up to what, it may pay out by itself; renewed as a whole.

Ceilings are cumulative, as the counters of rights are: a lease that is lost, repeated or late changes nothing. The end
of a lease stops the device and frees nothing: what it holds stays reserved until it reports or is written off.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec

from core.book import Book, Key
from core.book.rows import DeviceEpoch, Lease, Spending
from core.envelope import Authority, Operation
from core.errors import Refusal
from core.operations.kind import BY_CENTRE, Body, Currency, Decoded, Instant, Kind, ShortCode, Total


class LeaseRenewed(Body, frozen=True):
    """The device epoch may pay out until `ends_at` (by its own clock), in minor units of `currency`.

    `per_payment` is the most by rights in one payment; `payments_to` and `sum_to` are ceilings of the number and the
    sum of all payments that its chain has ever made. `standin_...` are the same for what is paid beyond rights.
    """

    device: ShortCode
    epoch: Annotated[int, msgspec.Meta(ge=1, le=10**6)]
    number: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    ends_at: Instant
    currency: Currency
    per_payment: Total
    payments_to: Total
    sum_to: Total
    standin_per_payment: Total
    standin_payments_to: Total
    standin_sum_to: Total


def lease_of(device: str, epoch: int, book: Book) -> Lease | None:
    """The newest lease of that device epoch."""
    return book.get(Lease, device, epoch)


def spending_of(device: str, epoch: int, book: Book) -> Spending:
    """What that device epoch has ever paid; nothing if it never did."""
    return book.get(Spending, device, epoch) or Spending(device, epoch, 0, 0, 0, 0)


def check_lease(operation: Operation, authority: Authority, lease: Lease | None, book: Book) -> Iterable[Refusal]:
    """What the lease says against a payment of a device, its time apart (see `check_lease_time`).

    Ceilings are those of the newest lease. An older one, if the operation names it, may have allowed more: whether its
    maker could not yet know is for a person to judge, and stops nothing.
    """
    if lease is None or not 1 <= authority.lease <= lease.number:
        yield Refusal("lease_missing")
        return
    beyond = list(_check_ceilings(authority, lease, spending_of(operation.device, operation.epoch, book)))
    if authority.lease == lease.number:
        yield from beyond
    elif beyond:
        yield Refusal("paid_under_older_lease", "amount", {"named": authority.lease, "number": lease.number})


def check_lease_time(operation: Operation, now: str, book: Book) -> Iterable[Refusal]:
    """Whether a payment was made after the last end that any lease of its device has had.

    `now` is the time by which that is judged: what the maker takes for the time, and at the centre the receipt where
    the operation says a later one (a clock that ran ahead says more than is so, and prolongs nothing).
    """
    authority = operation.authority
    lease = lease_of(operation.device, operation.epoch, book)
    if authority is None or not authority.rights + authority.standin or lease is None:
        return
    if min(operation.at, now) > lease.last_end:
        yield Refusal("lease_ended", detail={"ended": lease.last_end})


def _check_ceilings(authority: Authority, lease: Lease, spent: Spending) -> Iterable[Refusal]:
    if authority.rights:
        if authority.rights > lease.per_payment:
            yield _above("payment_above_lease", lease.per_payment, lease)
        if spent.payments + 1 > lease.payments_to:
            yield Refusal("lease_payments_used", detail={"most": lease.payments_to})
        if spent.paid + authority.rights > lease.sum_to:
            yield _above("lease_sum_used", lease.sum_to - spent.paid, lease)
    if authority.standin:
        if authority.standin > lease.standin_per_payment:
            yield _above("standin_above_lease", lease.standin_per_payment, lease)
        if spent.standins + 1 > lease.standin_payments_to:
            yield Refusal("standin_payments_used", detail={"most": lease.standin_payments_to})
        if spent.stood_in + authority.standin > lease.standin_sum_to:
            yield _above("standin_sum_used", lease.standin_sum_to - spent.stood_in, lease)


def _above(code: str, most: int, lease: Lease) -> Refusal:
    return Refusal(code, "amount", {"most": max(0, most), "currency": lease.currency})


def note_spending(operation: Operation, authority: Authority, paid: int, book: Book) -> None:
    """Count a payment of `paid` minor units in all towards its chain's ceilings."""
    before = spending_of(operation.device, operation.epoch, book)
    rights = min(authority.rights, paid)
    standin = min(authority.standin, paid - rights)
    book.put(
        Spending(
            operation.device,
            operation.epoch,
            before.payments + (1 if rights else 0),
            before.paid + rights,
            before.standins + (1 if standin else 0),
            before.stood_in + standin,
        )
    )


def _check_renewed(decoded: Decoded[LeaseRenewed], book: Book) -> Iterable[Refusal]:
    body = decoded.body
    device = book.get(DeviceEpoch, body.device, body.epoch)
    if device is None or device.branch != decoded.operation.branch:
        yield Refusal("device_elsewhere", "device")
    elif device.state != "living":
        yield Refusal("device_revoked", "device")
    known = lease_of(body.device, body.epoch, book)
    if known is not None and body.number <= known.number:
        yield Refusal("lease_older", detail={"number": known.number})


def _renew(decoded: Decoded[LeaseRenewed], book: Book) -> None:
    """The greatest number wins; the latest end that was ever given stays known."""
    body = decoded.body
    known = lease_of(body.device, body.epoch, book)
    last_end = max(body.ends_at, known.last_end if known else "")
    if known is not None and body.number <= known.number:
        book.put(msgspec.structs.replace(known, last_end=last_end))
        return
    fields = {name: getattr(body, name) for name in body.__struct_fields__}
    book.put(Lease(**fields, last_end=last_end))


def _touches_renewed(_operation: Operation, body: LeaseRenewed) -> Iterable[Key]:
    yield DeviceEpoch, (body.device, body.epoch)
    yield Lease, (body.device, body.epoch)


KINDS = (
    Kind(
        name="lease.renewed",
        version=1,
        body=LeaseRenewed,
        signers=BY_CENTRE,
        check=_check_renewed,
        apply=_renew,
        touches=_touches_renewed,
    ),
)
