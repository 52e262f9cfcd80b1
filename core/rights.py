"""Spending rights: how much of an account's money one device may pay out without asking.

Four cumulative counters per device epoch and account, in minor units, that only grow: granted, minted, used, returned.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

_Amount = Annotated[int, msgspec.Meta(ge=0, le=10**14)]


def payable(granted: int, minted: int, used: int, returned: int) -> int:
    """What the device may still pay out: G + M - U - R. Negative only where more was used than was held."""
    return granted + minted - used - returned


def reserved(granted: int, minted: int, used: int, returned: int) -> int:
    """What the centre keeps aside for one device epoch: never below zero, so that one's excess frees no other."""
    return max(0, payable(granted, minted, used, returned))


def free(posted: int, overdraft_limit: int, rights: int) -> int:
    """What no device holds: posted + overdraft limit - the sum of what is reserved. Below zero it needs a case."""
    return posted + overdraft_limit - rights


def available(free_amount: int, holds: int) -> int:
    """What may be granted, or drawn by fees and the centre."""
    return max(0, free_amount - holds)


class AllowancePolicy(msgspec.Struct, frozen=True):
    """What a desk may hold on accounts before anybody asks, so that a cut line finds it there.

    `amount` is the allowance on one account and `cap` the most of a desk's allowances together, in minor units;
    `accounts` the most accounts on which a desk holds anything by it. Of what is available on an account `floor` minor
    units, or `floor_percent` of it where that is more, stay at the centre for other desks.
    """

    amount: _Amount = 500_000
    cap: _Amount = 100_000_000
    accounts: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 500
    floor: _Amount = 1_000
    floor_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 50


USUAL_ALLOWANCE = AllowancePolicy()


def top_up(policy: AllowancePolicy, *, held: int, available_amount: int) -> int:
    """What a desk that may pay out `held` of an account is granted more before anybody asks; 0 if it is not worth it.

    A top-up at least doubles what is held: so a desk that has half of its allowance is left alone, and scarce money is
    not divided in ever smaller pieces.
    """
    floor = max(policy.floor, -(-available_amount * policy.floor_percent // 100))
    more = min(policy.amount - max(0, held), available_amount - floor)
    return more if more > max(0, held) else 0
