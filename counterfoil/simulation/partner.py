"""A partner bank with the faults of partner banks: requests lost, answers lost, slow, doubled, refused, garbled.

It books each end-to-end id once, as it has promised; whatever it says or fails to say, it keeps what it booked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from counterfoil.simulation.chance import Chance
from sync_server.partner_bank.messages import Payment
from sync_server.payments.partner_client import Accepted, Asked, NotFound, Rejected, Settled, Submitted, Unknown

_AT = "2026-11-20T10:00:00.000Z"
_REFUSED_PERCENT = 15
_SLOW_PERCENT = 30
"""How many payments are only accepted at first, and settle when they are next asked about."""


@dataclass
class PartnerBank:
    """What it has booked (accepted or settled) and refused, by end-to-end id; `late` is what is still on its way."""

    pause: Callable[[str], None]
    chance: Callable[[], Chance]
    booked: dict[str, int] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    late: list[Payment] = field(default_factory=list)
    trouble_percent: int = 35

    def submit(self, payment: Payment) -> Submitted:
        """Take a payment, or fail to."""
        trouble = self._trouble()
        if trouble == "unreachable":
            return Unknown("unreachable", left=False)
        if trouble == "lost":
            return Unknown("timed_out")
        if trouble == "late":
            self.late.append(payment)
            return Unknown("timed_out")
        if trouble == "slow":
            self.pause("a partner bank")
        self._book(payment)
        if trouble == "answer lost":
            return Unknown("broken_off")
        return self._said(payment.end_to_end_id)

    def ask(self, end_to_end_id: str) -> Asked:
        """Say what became of a payment, or fail to."""
        trouble = self._trouble()
        if trouble == "unreachable":
            return Unknown("unreachable", left=False)
        if trouble in ("lost", "late", "answer lost"):
            return Unknown("timed_out")
        if trouble == "slow":
            self.pause("a partner bank")
        if end_to_end_id in self.refused:
            return Rejected("AC01", "Account number is invalid or missing")
        if end_to_end_id not in self.booked:
            return NotFound()
        self.settled.add(end_to_end_id)
        return Settled(_AT, _AT)

    def deliver_late(self) -> None:
        """What was on its way for long arrives."""
        self._book(self.late.pop(0))

    def _trouble(self) -> str:
        chance = self.chance()
        if not chance.happens(self.trouble_percent):
            return ""
        return chance.one_of(("unreachable", "lost", "late", "slow", "answer lost"))

    def _book(self, payment: Payment) -> None:
        """Once for each id, whatever comes again."""
        named = payment.end_to_end_id
        if named in self.booked or named in self.refused:
            return
        if self.chance().happens(_REFUSED_PERCENT):
            self.refused.add(named)
            return
        self.booked[named] = payment.amount
        if not self.chance().happens(_SLOW_PERCENT):
            self.settled.add(named)

    def _said(self, named: str) -> Submitted:
        if named in self.refused:
            return Rejected("AC01", "Account number is invalid or missing")
        return Settled(_AT, _AT) if named in self.settled else Accepted(_AT)
