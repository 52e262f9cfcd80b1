"""Leases: until when, and up to what, a device may pay out by itself. Renewed as a whole before they run out."""

from __future__ import annotations

from core.book import Book
from core.book.rows import Branch, DeviceEpoch, Lease, Spending
from core.clock import instant, instant_ms
from core.operations.leases import LeaseRenewed, lease_of, spending_of
from sync_server.centre.issue import Centre, Issued, issue
from sync_server.policies import USUAL_LEASE, LeasePolicy
from sync_server.store.home import Home
from sync_server.store.incarnations import is_gathering

_HOUR_MS = 60 * 60 * 1000
_NOTHING = LeasePolicy(0, 0, 0, 0, 0, 0, 0)


def renew_lease(
    home: Home,
    centre: Centre,
    device: DeviceEpoch,
    policy: LeasePolicy = USUAL_LEASE,
    *,
    unless_ended: bool = False,
) -> Issued | None:
    """The device's next lease if it has none or is half way through one; None if the one it has will do.

    None as well while devices of its branch have yet to report to a centre that was restored.

    With `unless_ended` also None where a person has ended its lease (`end_lease`): only a person gives the next one.
    """
    key = (device.device, device.epoch)
    # One at a time: two that began at the same lease would give its number twice.
    home.lock_chain(key)
    book = home.book()
    book.prefetch([(Lease, key), (Spending, key), (Branch, (device.branch,))])
    known = lease_of(*key, book)
    now_ms = centre.clock.now_ms()
    if device.branch is not None and is_gathering(home.incarnations, device.branch):
        # Nothing may come in the feed before what others have yet to give back.
        return None
    if unless_ended and known is not None and not known.per_payment and not known.standin_per_payment:
        return None
    if known is not None and not _is_half_used(known, book, policy, now_ms):
        return None
    body = _next_lease(home, known, device, book, policy, now_ms)
    return issue(home, centre, device.branch, body, book=book)


def end_lease(home: Home, centre: Centre, device: DeviceEpoch) -> Issued:
    """A lease that ends now: the device pays nothing out once it has heard of it, until a person gives it another."""
    home.lock_chain((device.device, device.epoch))
    book = home.book()
    known = lease_of(device.device, device.epoch, book)
    body = _next_lease(home, known, device, book, _NOTHING, centre.clock.now_ms())
    return issue(home, centre, device.branch, body, book=book)


def _is_half_used(lease: Lease, book: Book, policy: LeasePolicy, now_ms: int) -> bool:
    spent = spending_of(lease.device, lease.epoch, book)
    left = (
        (instant_ms(lease.ends_at) - now_ms, policy.hours * _HOUR_MS),
        (lease.payments_to - spent.payments, policy.payments),
        (lease.sum_to - spent.paid, policy.paid),
        (lease.standin_payments_to - spent.standins, policy.standins),
        (lease.standin_sum_to - spent.stood_in, policy.stood_in),
    )
    return any(2 * here < whole for here, whole in left) or lease.per_payment != policy.per_payment


def _next_lease(
    home: Home, known: Lease | None, device: DeviceEpoch, book: Book, policy: LeasePolicy, now_ms: int
) -> LeaseRenewed:
    # Greater than the number of any lease that an earlier incarnation gave and has forgotten.
    number = max(known.number + 1 if known else 1, home.incarnations.number())
    spent = spending_of(device.device, device.epoch, book)
    branch = book.get(Branch, device.branch)
    return LeaseRenewed(
        device=device.device,
        epoch=device.epoch,
        number=number,
        ends_at=instant(now_ms + policy.hours * _HOUR_MS),
        currency=branch.currency if branch else "",
        per_payment=policy.per_payment,
        payments_to=spent.payments + policy.payments,
        sum_to=spent.paid + policy.paid,
        standin_per_payment=policy.standin_per_payment,
        standin_payments_to=spent.standins + policy.standins,
        standin_sum_to=spent.stood_in + policy.stood_in,
    )
