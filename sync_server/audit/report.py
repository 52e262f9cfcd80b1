"""What the check of the database says: what was gone through, whose keys stand behind it, and what does not hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.audit.trust import Vouched
from sync_server.audit.faults import RowFault


@dataclass(frozen=True, slots=True)
class DatabaseReport:
    """`centre` is the thumbprint of the centre's key. `raced`: verdicts that rest on a row which was changing then."""

    centre: str
    vouched: Vouched
    operations: int
    entries: int
    rows: int
    chains: int
    feed_items: int
    cases: int
    payments: int
    records: int
    raced: int
    faults: tuple[RowFault, ...]
    fault_count: int

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return self.fault_count == 0

    def lines(self) -> Iterator[str]:
        """A short account for a person."""
        begins = "Everything holds" if self.holds else f"{self.fault_count:,} things do not hold"
        yield (
            f"{begins}: {self.operations:,} operations on {self.chains:,} chains replayed, {self.entries:,} entries, "
            f"{self.rows:,} rows of state, {self.feed_items:,} feed items, {self.cases:,} cases, "
            f"{self.payments:,} payments, {self.records:,} records."
        )
        if self.raced:
            yield (
                f"{self.raced:,} verdicts rest on a person, key or vault that another transaction was changing in the "
                "same minute; either order is right there."
            )
        yield f"The centre's key is {self.centre}."
        yield from self.vouched.lines()
