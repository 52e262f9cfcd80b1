"""The payments' table: claim what is due, learn what it is about, write what became of it."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from core.records import read_record
from sync_server.database import Connection
from sync_server.payments.states import FINAL, State

CLAIM_MS = 60_000
"""How long a claimed payment is left to the process that claimed it: longer than any answer may take."""

HELD_MS = 2**53 - 1
"""The due time of a payment that waits for a person."""

_CLAIM = (
    b"UPDATE payments SET attempts = attempts + 1, next_attempt_ms = %s WHERE transfer_id = ("
    b"SELECT transfer_id FROM payments WHERE next_attempt_ms <= %s "
    b"AND state IN ('queued', 'sent', 'unknown', 'accepted', 'rejected') "
    b"ORDER BY next_attempt_ms LIMIT 1 FOR UPDATE SKIP LOCKED) "
    b"RETURNING transfer_id::text, branch, account, route, currency, amount, details, partner, state, reason, attempts"
)


@dataclass(frozen=True, slots=True)
class DuePayment:
    """A payment that somebody must take one step further. `amount` in minor units."""

    transfer_id: str
    branch: str
    account: str
    route: str
    currency: str
    amount: int
    details: str
    partner: str | None
    state: State
    reason: str | None
    attempts: int


@dataclass(frozen=True, slots=True)
class Payee:
    """Whom the money is for, from the record beside the transfer; empty where the record is missing or erased."""

    iban: str
    name: str
    address: str
    remittance: str
    payer_name: str
    payer_iban: str


def claim(connection: Connection, now_ms: int) -> DuePayment | None:
    """The payment that has been due longest, claimed for this process; None if nothing is due."""
    row = connection.execute(_CLAIM, (now_ms + CLAIM_MS, now_ms)).fetchone()
    return DuePayment(*row) if row else None


def lock(connection: Connection, payment: DuePayment) -> State | None:
    """The payment's state, its row locked until the transaction ends.

    None once another process has claimed it: whoever was paused for longer than a claim lasts has no say any more.
    """
    row = connection.execute(
        b"SELECT state FROM payments WHERE transfer_id = %s AND attempts = %s FOR UPDATE",
        (payment.transfer_id, payment.attempts),
    ).fetchone()
    return row[0] if row else None


def update(
    connection: Connection,
    payment: DuePayment,
    state: State,
    *,
    reason: str | None,
    partner: str | None,
    next_attempt_ms: int,
    updated_at: str,
) -> bool:
    """Write the payment's next state; False if the claim is another's by now, or its state final."""
    done = connection.execute(
        b"UPDATE payments SET state = %s, reason = coalesce(%s, reason), partner = coalesce(%s, partner), "
        b"next_attempt_ms = %s, updated_at = %s "
        b"WHERE transfer_id = %s AND attempts = %s AND NOT (state = ANY(%s))",
        (state, reason, partner, next_attempt_ms, updated_at, payment.transfer_id, payment.attempts, sorted(FINAL)),
    )
    return done.rowcount == 1


def payee_of(connection: Connection, payment: DuePayment) -> Payee:
    """What the transfer's record says."""
    row = connection.execute(b"SELECT data FROM records WHERE digest = %s", (payment.details,)).fetchone()
    iban = connection.execute(b"SELECT iban FROM deposit_accounts WHERE id = %s", (payment.account,)).fetchone()
    try:
        fields = read_record(bytes(row[0])) if row else {}
    except msgspec.MsgspecError:
        fields = {}
    return Payee(
        iban=fields.get("payee_iban", ""),
        name=fields.get("payee_name", ""),
        address=fields.get("payee_address", ""),
        remittance=fields.get("remittance", "")[:140],
        payer_name=fields.get("payer_name", ""),
        payer_iban=str(iban[0]) if iban else "",
    )


def held(connection: Connection) -> list[tuple[str, str, str, int]]:
    """Payments that wait for a person: transfer, branch, currency, amount in minor units."""
    rows = connection.execute(
        b"SELECT transfer_id::text, branch, currency, amount FROM payments WHERE next_attempt_ms = %s "
        b"ORDER BY transfer_id",
        (HELD_MS,),
    )
    return [(transfer, branch, currency, amount) for transfer, branch, currency, amount in rows]


def release(connection: Connection, transfer_id: str) -> bool:
    """Let a held payment go; False if there is none of that id."""
    done = connection.execute(
        b"UPDATE payments SET next_attempt_ms = 0 WHERE transfer_id::text = %s AND next_attempt_ms = %s",
        (transfer_id, HELD_MS),
    )
    return done.rowcount == 1
