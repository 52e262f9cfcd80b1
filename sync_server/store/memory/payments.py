"""Money on its way out, and what came in from partners, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from sync_server.store.home import MetOthers
from sync_server.store.memory.overlay import Overlay
from sync_server.store.memory.tables import INBOUND, PAYMENTS, RECEIVED, KeptPayment
from sync_server.store.values import (
    DOUBTED,
    HELD_MS,
    PAYMENT_FINAL,
    DuePayment,
    HeldPayment,
    InboundPayment,
    NewPayment,
    PaymentState,
    PaymentStep,
)


class MemoryPayments:
    """The tables of payments, inside an open transaction."""

    def __init__(self, overlay: Overlay) -> None:
        self._overlay = overlay

    def queue(self, payments: Sequence[NewPayment]) -> None:
        """Keep transfers as payments."""
        if payments:
            self._overlay.statement("payments")
        for new in payments:
            self._overlay.lock(PAYMENTS, new.transfer_id)
            if self._overlay.get(PAYMENTS, new.transfer_id) is not None:
                raise MetOthers("the payment has come meanwhile")
            due = DuePayment(*new[:7], partner=None, state=new.state, reason=None, attempts=0)
            self._overlay.put(PAYMENTS, new.transfer_id, KeptPayment(due, new.next_attempt_ms, new.updated_at))

    def claim(self, now_ms: int, until_ms: int) -> DuePayment | None:
        """Claim the payment that is due longest and that nobody else holds, until that time."""
        self._overlay.statement("payments")
        due = [
            kept
            for transfer_id, kept in self._overlay.items(PAYMENTS)
            if kept.next_attempt_ms <= now_ms
            and kept.due.state not in PAYMENT_FINAL
            and not self._overlay.is_held_by_another(PAYMENTS, transfer_id)
        ]
        if not due:
            return None
        kept = min(due, key=lambda each: each.next_attempt_ms)
        self._overlay.lock(PAYMENTS, kept.due.transfer_id)
        claimed = kept.due._replace(attempts=kept.due.attempts + 1)
        self._overlay.put(PAYMENTS, claimed.transfer_id, kept._replace(due=claimed, next_attempt_ms=until_ms))
        return claimed

    def lock(self, payment: DuePayment) -> PaymentState | None:
        """The payment's state, its row locked; None once it is claimed by another."""
        kept = self._claimed(payment)
        return kept.due.state if kept is not None else None

    def _claimed(self, payment: DuePayment) -> KeptPayment | None:
        self._overlay.lock(PAYMENTS, payment.transfer_id)
        kept = self._overlay.get(PAYMENTS, payment.transfer_id)
        return kept if kept is not None and kept.due.attempts == payment.attempts else None

    def update(self, payment: DuePayment, step: PaymentStep) -> bool:
        """Write what became of it; False if it is claimed by another by now, or its state is final."""
        self._overlay.statement("payments")
        kept = self._claimed(payment)
        if kept is None or kept.due.state in PAYMENT_FINAL:
            return False
        due = kept.due._replace(
            state=step.state,
            reason=kept.due.reason if step.reason is None else step.reason,
            partner=kept.due.partner if step.partner is None else step.partner,
        )
        self._overlay.put(PAYMENTS, due.transfer_id, KeptPayment(due, step.next_attempt_ms, step.updated_at))
        return True

    def held(self) -> Sequence[HeldPayment]:
        """Those that wait for a person, by transfer."""
        waiting = (kept.due for _, kept in self._overlay.items(PAYMENTS) if kept.next_attempt_ms == HELD_MS)
        return sorted(HeldPayment(due.transfer_id, due.branch, due.currency, due.amount) for due in waiting)

    def release(self, transfer_id: str) -> bool:
        """Make a held payment due; False if there is none of that id."""
        self._overlay.statement("payments")
        self._overlay.lock(PAYMENTS, transfer_id)
        kept = self._overlay.get(PAYMENTS, transfer_id)
        if kept is None or kept.next_attempt_ms != HELD_MS:
            return False
        self._overlay.put(PAYMENTS, transfer_id, kept._replace(next_attempt_ms=0))
        return True

    def doubt_all(self, at: str) -> None:
        """Make every payment to a partner that may have gone further than is known `unknown`; nobody holds a claim."""
        self._overlay.statement("payments")
        for transfer_id, kept in list(self._overlay.items(PAYMENTS)):
            if kept.due.state in PAYMENT_FINAL:
                continue
            self._overlay.lock(PAYMENTS, transfer_id)
            doubted = kept.due.route == "partner" and kept.due.state in DOUBTED
            state: PaymentState = "unknown" if doubted else kept.due.state
            due = kept.due._replace(state=state, attempts=kept.due.attempts + 1)
            self._overlay.put(PAYMENTS, transfer_id, KeptPayment(due, kept.next_attempt_ms, at))

    def conclude(self, transfer_id: str, state: PaymentState, reason: str | None, at: str) -> None:
        """Write what is known of a payment's end, if it is here and has none."""
        self._overlay.statement("payments")
        self._overlay.lock(PAYMENTS, transfer_id)
        kept = self._overlay.get(PAYMENTS, transfer_id)
        if kept is not None and kept.due.state not in PAYMENT_FINAL:
            due = kept.due._replace(state=state, reason=kept.due.reason if reason is None else reason)
            self._overlay.put(PAYMENTS, transfer_id, KeptPayment(due, kept.next_attempt_ms, at))

    def note_received(self, transfer_id: str) -> None:
        """Keep that the other branch has credited the transfer."""
        self._overlay.statement("received_transfers")
        self._overlay.lock(RECEIVED, transfer_id)
        self._overlay.put(RECEIVED, transfer_id, True)

    def was_received(self, transfer_id: str) -> bool:
        """Whether `note_received` was said of it."""
        return self._overlay.get(RECEIVED, transfer_id) is not None

    def take_inbound(self, partner: str, end_to_end_id: str, content_digest: str) -> InboundPayment | None:
        """Keep that a partner has sent it in, not answered yet; what is kept under that id if it is not the first."""
        self._overlay.statement("inbound_payments")
        key = (partner, end_to_end_id)
        self._overlay.lock(INBOUND, key)
        kept = self._overlay.get(INBOUND, key)
        if kept is None:
            self._overlay.put(INBOUND, key, InboundPayment(content_digest, ""))
        return kept

    def answer_inbound(self, partner: str, end_to_end_id: str, answer: str) -> None:
        """Keep the answer (JSON) that its partner gets, each time it asks."""
        self._overlay.statement("inbound_payments")
        key = (partner, end_to_end_id)
        self._overlay.lock(INBOUND, key)
        kept = self._overlay.get(INBOUND, key)
        if kept is not None:
            self._overlay.put(INBOUND, key, kept._replace(answer=answer))
