"""What a check of the database finds wrong: the table, the row and why, the first of them first."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType

from core.audit.explanations import EXPLANATIONS as OF_CHAINS

EXPLANATIONS = MappingProxyType(
    {
        "row_differs": "the row is not what the operations make of it",
        "row_missing": "the operations make this row, and it is not there",
        "row_unexpected": "no operation makes this row",
        "column_differs": "the row says something else than the operation that was signed",
        "hash_differs": "the hash is not that of what was signed",
        "verdict_differs": "the verdict is not the one that the rules give here",
        "posting_differs": "the posting is not the one that the operation makes",
        "posting_missing": "the operation makes this posting, and it is not there",
        "posting_unexpected": "no operation makes this posting",
        "feed_item_missing": "the operation has to stand in this feed, and does not",
        "feed_item_unexpected": "the operation does not belong in this feed, or stands there already",
        "feed_item_of_nobody": "the feed names an operation that is not there",
        "feed_gap": "positions of a feed have no gaps",
        "feed_order_differs": "operations of one chain stand in a feed in the order of their chain",
        "checkpoint_differs": "the checkpoint says that the feed was another one",
        "feed_hash_differs": "the feed's running hash is not that of its operations",
        "feed_head_differs": "the feed's head is not its last position",
        "head_differs": "the chain's head is not its last operation",
        "chain_state_differs": "a chain is in quarantine if its device has ended or something of it was kept",
        "case_missing": "the verdict, or what stopped the chain, opens this case, and it is not there",
        "case_decision_differs": "who closed the case or opened it again is not what the centre has signed",
        "case_unexpected": "no verdict, nor anything else that is here, opens this case",
        "payment_differs": "the payment is not what the transfer says",
        "payment_missing": "the transfer makes this payment, and it is not there",
        "payment_unexpected": "no transfer makes this payment",
        "inbound_differs": "what the partner bank was told is not what was credited",
        "inbound_missing": "this was credited for a partner bank, and nothing would keep it from being credited again",
        "inbound_unexpected": "a partner bank was told that this is credited, and no operation does",
        "record_differs": "the record is not what its digest says",
        "record_unexpected": "no operation names this record",
        "quarantined_differs": "what is kept in quarantine is not what was signed",
        "quarantined_missing": "what is kept in quarantine lacks an operation that was there",
        "enrolment_differs": "the device's key is not the one that a person trusted",
        "bank_missing": "no operation founds the bank",
    }
)
"""By code, beside those of chains. A code keeps its meaning for ever; the words may change."""

FAULTS_MAX = 50
"""How many are named; one that is at the root makes many others."""


@dataclass(frozen=True, slots=True)
class RowFault:
    """A row that does not hold: its table, the row's key in words, a stable code and what is seen there."""

    table: str
    row: str
    code: str
    where: str = ""

    @property
    def explanation(self) -> str:
        """What the code means, in words."""
        return EXPLANATIONS.get(self.code) or OF_CHAINS.get(self.code, self.code)

    def __str__(self) -> str:
        named = f": {self.where}" if self.where else ""
        text = f"{self.table} {self.row}: {self.explanation} ({self.code}{named})"
        return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


@dataclass(slots=True)
class Faults:
    """The faults in the order in which they were met, up to a number; all of them counted."""

    named: list[RowFault] = field(default_factory=list)
    count: int = 0

    def add(self, table: str, row: object, code: str, where: str = "") -> None:
        """Note one."""
        self.count += 1
        if len(self.named) < FAULTS_MAX:
            self.named.append(RowFault(table, str(row), code, where))
