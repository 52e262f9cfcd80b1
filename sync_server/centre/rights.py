"""Granting spending rights: committed under the centre's signature before they are sent."""

from __future__ import annotations

from dataclasses import dataclass

from core.book.rows import DepositAccount, DeviceEpoch, Right
from core.errors import Refusal
from core.operations.rights import RightsGranted, available_on, right_of
from sync_server.centre.issue import Centre, issue
from sync_server.store.home import Home

_STOPPING = ("rights_exceeded", "return_exceeds_rights")
"""Cases after which a device is granted nothing more until a person has looked."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What was granted more than the device knew of, what is left, and where in the feed the grant stands (0: none)."""

    granted: int
    available: int
    position: int


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
    heard of is part of the answer. Refusals: `account_unknown`, `account_elsewhere`, `account_frozen`,
    `grants_stopped`.
    """
    book = home.book()
    book.prefetch([(DepositAccount, (account_id,)), (Right, (account_id, device.device, device.epoch))])
    account = book.get(DepositAccount, account_id)
    if account is None or account.state != "open":
        return Refusal("account_unknown", "account")
    if account.branch != device.branch:
        return Refusal("account_elsewhere", "account")
    if account.freezes:
        return Refusal("account_frozen", "account")
    if _overdrawn_by(home, device):
        return Refusal("grants_stopped")
    available = available_on(account)
    before = right_of(account_id, device.device, device.epoch, book)
    unheard = 0 if holding is None else max(0, before.granted - holding)
    more = min(max(0, amount - unheard), max(0, available))
    if more == 0 or unheard + more < least:
        return Grant(unheard, available, 0)
    body = RightsGranted(
        account=account_id,
        device=device.device,
        epoch=device.epoch,
        currency=account.currency,
        granted=before.granted + more,
    )
    issued = issue(home, centre, account.branch, body, book=book)
    return Grant(unheard + more, available - more, issued.positions[account.branch])


def _overdrawn_by(home: Home, device: DeviceEpoch) -> bool:
    """Whether a case is open because the device epoch has signed away what it did not hold."""
    codes = home.open_case_codes((device.device, device.epoch))
    return any(code in _STOPPING or code.startswith("authority_") for code in codes)
