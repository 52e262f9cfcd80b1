"""Handing surplus rights back: what a desk holds beyond its allowance is of more use at the centre, for other desks.

Deposits mint rights at the desk that took them; without this the money could only be paid out there.
"""

from __future__ import annotations

from core.device.performing import draft, perform
from core.device.values import Refusals
from core.device.workings import Workings
from core.operations.rights import RightsReturned

AT_ONCE = 200
"""The most accounts that are handed back in one go, so that a teller never waits long."""

_SURPLUS = (
    "SELECT r.account, d.currency, r.granted + r.minted - r.used - r.returned, r.returned "
    "FROM rights r JOIN deposit_accounts d ON d.id = r.account "
    "WHERE r.device = ? AND r.epoch = ? AND r.granted + r.minted - r.used - r.returned > ? LIMIT ?"
)


def hand_back(workings: Workings, allowance: int, *, tolerated: int) -> int:
    """Return what is held beyond `allowance` on each account that holds more than `tolerated` (minor units).

    Signed by the device. Answers how many accounts were handed back from.
    """
    head = workings.head
    rows = workings.store.cursor.execute(_SURPLUS, (head.device, head.epoch, tolerated, AT_ONCE)).fetchall()
    count = 0
    for account, currency, held, returned in rows:
        body = RightsReturned(account=account, currency=currency, returned=returned + held - allowance)
        if not isinstance(perform(workings, draft(workings, "rights.returned", body)), Refusals):
            count += 1
    return count
