"""Granting spending rights: committed under the centre's signature before they are sent."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.book.rows import DepositAccount, DeviceEpoch, LentFile, Right
from core.clock import instant
from core.errors import Refusal
from core.operations.lending import is_lent, loan_of
from core.operations.rights import RightsGranted, available_on, lacking_on, right_of
from sync_server.centre.buckets import take_grants
from sync_server.centre.incarnations import RECOVERING
from sync_server.centre.issue import Centre, issue
from sync_server.centre.recalls import recall_for
from sync_server.store.home import CentreBook, Home
from sync_server.store.incarnations import is_recovering

_STOPPING = frozenset(
    {
        "rights_exceeded",
        "return_exceeds_rights",
        "lease_ended",
        "lease_missing",
        "payment_above_lease",
        "lease_payments_used",
        "lease_sum_used",
        "standin_above_lease",
        "standin_payments_used",
        "standin_sum_used",
    }
)
"""Cases after which a device is granted nothing more until a person has looked."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What was granted more than the device knew of, what is left, and where in the feed the grant stands (0: none).

    `coming` is what other devices have been asked to hand back, in minor units.
    """

    granted: int
    available: int
    position: int
    coming: int = 0


def grant_rights(
    home: Home,
    centre: Centre,
    device: DeviceEpoch,
    account_id: str,
    *,
    least: int,
    amount: int,
    holding: int | None = None,
) -> Grant | Refusal:
    """Grant up to `amount` minor units on the account, and nothing if `least` is not there.

    Both count from `holding`, the cumulative grant that the device knows of: what it was granted since and has not
    heard of is part of the answer. What is lacking for `least` is recalled from other devices. Refusals:
    `account_unknown`, `account_elsewhere`, `account_closing`, `account_frozen`, `grants_stopped`, `too_many_grants`,
    `centre_recovering`.
    """
    if is_recovering(home.incarnations):
        return Refusal(RECOVERING)
    book = home.book()
    key = (account_id, device.device, device.epoch)
    book.prefetch([(DepositAccount, (account_id,)), (LentFile, key), (Right, key)])
    account = book.get(DepositAccount, account_id)
    refusal = not_granted_on(account, device, visiting=_is_visiting(centre, device, account_id, book))
    if refusal is not None or account is None:
        return refusal or Refusal("account_unknown", "account")
    if overdrawn_by(home, device):
        return Refusal("grants_stopped")
    available = available_on(account)
    before = right_of(account_id, device.device, device.epoch, book)
    unheard = 0 if holding is None else max(0, before.granted - holding)
    more = min(max(0, amount - unheard), max(0, available))
    if more == 0 or unheard + more < least:
        if unheard >= least:
            return Grant(unheard, available, 0)
        return _ask_others(home, centre, device, account, book, Grant(unheard, available, 0), least - unheard)
    _, wait_ms = take_grants(home, centre, device, 1)
    if wait_ms:
        return Refusal("too_many_grants", detail={"retry_after_ms": wait_ms})
    body = RightsGranted(
        account=account_id,
        device=device.device,
        epoch=device.epoch,
        currency=account.currency,
        granted=before.granted + more,
    )
    issued = issue(home, centre, account.branch, body, book=book)
    return Grant(unheard + more, available - more, issued.positions[device.branch or ""])


def _is_visiting(centre: Centre, device: DeviceEpoch, account_id: str, book: CentreBook) -> bool:
    """Whether the account's file is lent to the device now."""
    return is_lent(loan_of(account_id, device.device, device.epoch, book), instant(centre.clock.now_ms()))


def _ask_others(
    home: Home,
    centre: Centre,
    device: DeviceEpoch,
    account: DepositAccount,
    book: CentreBook,
    none: Grant,
    lacking: int,
) -> Grant | Refusal:
    """Recall what is lacking beyond what is available; nothing is, while the bucket is empty."""
    needed = lacking_on(account, lacking)
    if not home.lookups.holders(account.id) or not take_grants(home, centre, device, 1)[0]:
        return none
    coming, _ = recall_for(home, centre, account, book, needed, besides=(device.device, device.epoch))
    return replace(none, coming=coming)


def not_granted_on(account: DepositAccount | None, device: DeviceEpoch, *, visiting: bool = False) -> Refusal | None:
    """Why that device is granted nothing on the account, whatever is available: the account's own reasons."""
    if account is None or account.state != "open":
        return Refusal("account_unknown", "account")
    if account.branch != device.branch and not visiting:
        return Refusal("account_elsewhere", "account")
    if account.closings:
        return Refusal("account_closing", "account")
    if account.freezes:
        return Refusal("account_frozen", "account")
    return None


def wait_for_grant(home: Home, centre: Centre, device: DeviceEpoch) -> int:
    """Take a grant from the device's bucket: 0, or in how many milliseconds there is one again."""
    return take_grants(home, centre, device, 1)[1]


def overdrawn_by(home: Home, device: DeviceEpoch) -> bool:
    """Whether a case is open because the device epoch has signed away what it did not hold."""
    codes = home.open_case_codes((device.device, device.epoch))
    return any(code in _STOPPING or code.startswith("authority_") for code in codes)
