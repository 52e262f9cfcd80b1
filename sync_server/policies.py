"""What the bank allows its devices, as plain values: the centre's rules are handed them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeasePolicy:
    """What a lease allows: amounts in minor units of the branch's currency, counted from when it is given."""

    hours: int = 24
    per_payment: int = 5_000_000
    payments: int = 2_000
    paid: int = 200_000_000
    standin_per_payment: int = 100_000
    standins: int = 20
    stood_in: int = 1_000_000


VISIT_MS = 4 * 60 * 60 * 1000
"""How long a file is lent to a device of another branch, in milliseconds."""

USUAL_LEASE = LeasePolicy()
