"""Transfers that left the branch, and where they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from core.store.queries.accounts import account_summary
from core.store.queries.notes import Note, note_of, read, record_fields

_OF_STATE = text(
    "SELECT * FROM transfers WHERE (:state = '' OR state = :state) AND (:account = '' OR account = :account) "
    "AND id < :before ORDER BY id DESC LIMIT :limit"
)
_ONE = text("SELECT * FROM transfers WHERE id = :id")
_JWS = text("SELECT jws FROM operations WHERE id = :id")
_LAST = "g"


@dataclass(frozen=True, slots=True)
class TransferLine:
    """A transfer: `state` is `sent` (waiting), `completed`, `settled` or `returned` with an ISO 20022 `reason`."""

    transfer: str
    account: str
    iban: str
    payer_name: str
    route: str
    currency: str
    amount: int
    state: str
    reason: str | None
    details: Mapping[str, str]
    note: Note | None


def transfers(
    connection: Connection, *, state: str = "", account: str = "", limit: int = 100, after: str | None = None
) -> tuple[TransferLine, ...]:
    """Transfers, newest first, of one `state` or account if given; `after` is the last transfer of the page before."""
    values = {"state": state, "account": account, "before": after or _LAST, "limit": limit}
    return tuple(_line(connection, row) for row in connection.execute(_OF_STATE, values).all())


def waiting_transfers(connection: Connection, *, limit: int = 100) -> tuple[TransferLine, ...]:
    """Transfers that nobody has answered."""
    return transfers(connection, state="sent", limit=limit)


def transfer_line(connection: Connection, transfer: str) -> TransferLine | None:
    """One transfer by the operation that sent it; None for what is no transfer out of the branch."""
    row = connection.execute(_ONE, {"id": transfer}).one_or_none()
    return _line(connection, row) if row is not None else None


def _line(connection: Connection, row: Any) -> TransferLine:
    from uuid import UUID

    jws = connection.execute(_JWS, {"id": UUID(row.id).bytes}).scalar_one_or_none()
    decoded = read(jws) if jws is not None else None
    digest = decoded.body.details if decoded is not None else None
    summary = account_summary(connection, row.account)
    return TransferLine(
        transfer=row.id,
        account=row.account,
        iban=summary.iban if summary else "",
        payer_name=summary.holder if summary else "",
        route=row.route,
        currency=row.currency,
        amount=row.amount,
        state=row.state,
        reason=row.reason,
        details=record_fields(connection, [digest]).get(digest or "", {}),
        note=note_of(decoded.operation) if decoded is not None else None,
    )
