"""Granting spending rights: committed under the centre's signature before they are sent."""

from __future__ import annotations

from dataclasses import dataclass

from core.book.rows import DepositAccount, DeviceEpoch, Right
from core.errors import Refusal
from core.operations.rights import RightsGranted, available_on, right_of
from sync_server.centre.issue import Centre, issue
from sync_server.database import Connection
from sync_server.store.rows import CentreBook


@dataclass(frozen=True, slots=True)
class Grant:
    """What was granted more, what was left to grant, and where in the branch's feed the grant stands (0: none)."""

    granted: int
    available: int
    position: int


def grant_rights(
    connection: Connection, centre: Centre, device: DeviceEpoch, account_id: str, *, least: int, amount: int
) -> Grant | Refusal:
    """Grant up to `amount` minor units on the account, and nothing if `least` is not there.

    Refusals: `account_unknown`, `account_elsewhere`, `account_frozen`.
    """
    book = CentreBook(connection)
    book.prefetch([(DepositAccount, (account_id,)), (Right, (account_id, device.device, device.epoch))])
    account = book.get(DepositAccount, account_id)
    if account is None or account.state != "open":
        return Refusal("account_unknown", "account")
    if account.branch != device.branch:
        return Refusal("account_elsewhere", "account")
    if account.freezes:
        return Refusal("account_frozen", "account")
    available = available_on(account)
    more = min(amount, available)
    if more <= 0 or more < least:
        return Grant(0, available, 0)
    before = right_of(account_id, device.device, device.epoch, book)
    body = RightsGranted(
        account=account_id,
        device=device.device,
        epoch=device.epoch,
        currency=account.currency,
        granted=before.granted + more,
    )
    issued = issue(connection, centre, account.branch, body, book=book)
    return Grant(more, available - more, issued.positions[account.branch])
