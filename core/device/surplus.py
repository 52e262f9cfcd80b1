"""Handing surplus rights back: what a desk holds beyond its allowance is of more use at the centre, for other desks.

Deposits mint rights at the desk that took them; without this the money could only be paid out there.
"""

from __future__ import annotations

from core.book.rows import DepositAccount, Right
from core.device.performing import act
from core.device.values import Refusals
from core.device.workings import Workings
from core.operations.rights import RightsReturned, payable_by, right_of

AT_ONCE = 200
"""The most accounts that are handed back in one go, so that a teller never waits long."""


def hand_back(workings: Workings, allowance: int, *, tolerated: int, keeping: frozenset[str] = frozenset()) -> int:
    """Return what is held beyond `allowance` on each account that holds more than `tolerated` (minor units).

    Signed by the device. Accounts that are in `keeping` are left for another time: somebody has just asked for their
    rights, to pay out in a moment. Answers how many accounts were handed back from. Only accounts on which rights
    have moved since the last time are looked at (the first time, all).
    """
    if workings.rights_moved is None or tolerated < workings.surplus_tolerated:
        workings.rights_moved = workings.store.rows.rights_above(tolerated)
    workings.surplus_tolerated = tolerated
    moved = sorted(workings.rights_moved - keeping)[:AT_ONCE]
    count = sum(_hand_back(workings, account, _surplus(workings, account, allowance, tolerated)) for account in moved)
    workings.rights_moved.difference_update(moved)
    return count


def answer_recalls(workings: Workings) -> int:
    """Return what the centre has recalled; answers from how many accounts."""
    recalled = workings.store.rows.recalled()[:AT_ONCE]
    return sum(_hand_back(workings, account, back) for account, back in recalled)


def hand_back_all(workings: Workings, account: str) -> bool:
    """Return all that this device may pay out of the account; False if that is nothing."""
    return _hand_back(workings, account, _surplus(workings, account, 0, 0))


def _surplus(workings: Workings, account: str, allowance: int, tolerated: int) -> int:
    held = payable_by(_own_right(workings, account))
    return held - allowance if held > tolerated else 0


def _own_right(workings: Workings, account: str) -> Right:
    return right_of(account, workings.head.device, workings.head.epoch, workings.book)


def _hand_back(workings: Workings, account: str, back: int) -> bool:
    row = workings.book.get(DepositAccount, account)
    if row is None or back <= 0:
        return False
    returned = _own_right(workings, account).returned + back
    body = RightsReturned(account=account, currency=row.currency, returned=returned)
    return not isinstance(act(workings, "rights.returned", body), Refusals)
