"""A desk's business day so far: how many operations of each kind, and the cash that went through a drawer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from core.ledger import drawer as drawer_account
from core.store.queries.notes import standing

# Newest first and read only as far as the day's beginning, so that an old file costs no more than a young one.
_OWN = text("SELECT no, kind FROM operations WHERE chain = :chain ORDER BY no DESC")
_CASH = text(
    "SELECT o.kind, p.amount FROM postings AS p JOIN operations AS o ON o.no = p.operation "
    "JOIN ledger_accounts AS l ON l.no = p.account WHERE l.branch = :branch AND l.account = :account "
    "AND l.currency = :currency AND p.operation >= :first"
)
_FLOAT_KINDS = frozenset({"drawer.opened", "drawer.closed"})


@dataclass(frozen=True, slots=True)
class DayTotals:
    """Operations by kind since the day was opened; cash taken in and paid out over the counter, in minor units."""

    counts: Mapping[str, int]
    cash_in: int
    cash_out: int


def day_totals(connection: Connection, drawer: str, currency: str) -> DayTotals:
    """The newest business day of this device, up to now; all nought while none has been opened."""
    here = standing(connection)
    counts: Counter[str] = Counter()
    first: int | None = None
    for row in connection.execute(_OWN, {"chain": here.chain}):
        if row.kind == "day.opened":
            first = row.no
            break
        counts[row.kind] += 1
    if first is None:
        return DayTotals({}, 0, 0)
    values = {"branch": here.branch, "account": drawer_account(drawer), "currency": currency, "first": first}
    moved = [row.amount for row in connection.execute(_CASH, values) if row.kind not in _FLOAT_KINDS]
    return DayTotals(
        dict(counts),
        sum(amount for amount in moved if amount > 0),
        -sum(amount for amount in moved if amount < 0),
    )
