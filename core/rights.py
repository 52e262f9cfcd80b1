"""Spending rights: how much of an account's money one device may pay out without asking.

Four cumulative counters per device epoch and account, in minor units, that only grow: granted, minted, used, returned.
"""

from __future__ import annotations


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
