"""Money on its way out, and what came in from partners, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from sync_server.database import Connection
from sync_server.store.postgres.statements import (
    CLAIM_PAYMENT,
    CONCLUDE_PAYMENT,
    DOUBT_PAYMENTS,
    HELD_PAYMENTS,
    QUEUE_PAYMENTS,
    TAKE_INBOUND,
    UPDATE_PAYMENT,
)
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


class PostgresPayments:
    """The tables of payments, inside an open transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def queue(self, payments: Sequence[NewPayment]) -> None:
        """Keep transfers as payments."""
        if payments:
            self._connection.execute(QUEUE_PAYMENTS, [list(column) for column in zip(*payments, strict=True)])

    def claim(self, now_ms: int, until_ms: int) -> DuePayment | None:
        """Claim the payment that is due longest and that nobody else holds, until that time."""
        row = self._connection.execute(CLAIM_PAYMENT, (until_ms, now_ms)).fetchone()
        return DuePayment(*row) if row is not None else None

    def lock(self, payment: DuePayment) -> PaymentState | None:
        """The payment's state, its row locked; None once it is claimed by another."""
        row = self._connection.execute(
            b"SELECT state FROM payments WHERE transfer_id = %s AND attempts = %s FOR UPDATE",
            (payment.transfer_id, payment.attempts),
        ).fetchone()
        return row[0] if row is not None else None

    def update(self, payment: DuePayment, step: PaymentStep) -> bool:
        """Write what became of it; False if it is claimed by another by now, or its state is final."""
        done = self._connection.execute(
            UPDATE_PAYMENT, (*step, payment.transfer_id, payment.attempts, sorted(PAYMENT_FINAL))
        )
        return done.rowcount == 1

    def held(self) -> Sequence[HeldPayment]:
        """Those that wait for a person, by transfer."""
        return [HeldPayment(*row) for row in self._connection.execute(HELD_PAYMENTS, (HELD_MS,))]

    def release(self, transfer_id: str) -> bool:
        """Make a held payment due; False if there is none of that id."""
        done = self._connection.execute(
            b"UPDATE payments SET next_attempt_ms = 0 WHERE transfer_id::text = %s AND next_attempt_ms = %s",
            (transfer_id, HELD_MS),
        )
        return done.rowcount == 1

    def doubt_all(self, at: str) -> None:
        """Make every payment to a partner that may have gone further than is known `unknown`; nobody holds a claim."""
        self._connection.execute(DOUBT_PAYMENTS, (at, sorted(DOUBTED), sorted(PAYMENT_FINAL)))

    def conclude(self, transfer_id: str, state: PaymentState, reason: str | None, at: str) -> None:
        """Write what is known of a payment's end, if it is here and has none."""
        self._connection.execute(CONCLUDE_PAYMENT, (state, reason, at, transfer_id, sorted(PAYMENT_FINAL)))

    def note_received(self, transfer_id: str) -> None:
        """Keep that the other branch has credited the transfer."""
        self._connection.execute(
            b"INSERT INTO received_transfers (transfer_id) VALUES (%s) ON CONFLICT DO NOTHING", (transfer_id,)
        )

    def was_received(self, transfer_id: str) -> bool:
        """Whether `note_received` was said of it."""
        row = self._connection.execute(
            b"SELECT 1 FROM received_transfers WHERE transfer_id = %s", (transfer_id,)
        ).fetchone()
        return row is not None

    def take_inbound(self, partner: str, end_to_end_id: str, content_digest: str) -> InboundPayment | None:
        """Keep that a partner has sent it in, not answered yet; what is kept under that id if it is not the first."""
        named = (partner, end_to_end_id)
        if self._connection.execute(TAKE_INBOUND, (*named, content_digest)).fetchone() is not None:
            return None
        row = self._connection.execute(
            b"SELECT content_digest, answer FROM inbound_payments WHERE partner = %s AND end_to_end_id = %s", named
        ).fetchone()
        if row is None:
            raise AssertionError("what stands in the way is never removed")
        return InboundPayment(*row)

    def answer_inbound(self, partner: str, end_to_end_id: str, answer: str) -> None:
        """Keep the answer (JSON) that its partner gets, each time it asks."""
        self._connection.execute(
            b"UPDATE inbound_payments SET answer = %s WHERE partner = %s AND end_to_end_id = %s",
            (answer, partner, end_to_end_id),
        )
