"""Requests: what was asked of the centre here or at another desk of the branch, and what it answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, text

from core.store.queries.accounts import account_summary
from core.store.queries.notes import Note, note_of, read, record_fields

RequestState = Literal["waiting", "done", "declined"]

_SOME = text(
    "SELECT * FROM requests WHERE (:state = '' OR state = :state) AND (:account = '' OR account = :account) "
    "AND (:customer = '' OR account IN (SELECT id FROM deposit_accounts WHERE customer = :customer)) "
    "AND (:kind = '' OR kind = :kind) ORDER BY id DESC LIMIT :limit"
)
_ONE = text("SELECT * FROM requests WHERE id = :id")
_JWS = text("SELECT jws FROM operations WHERE id = :id")


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request by the operation that made it. `amount` (minor units of `currency`) where it is about one.

    `reason` (ISO 20022, or a code of the bank's own) is why it was declined, `decided` the centre's answer. `device`
    and `epoch` are the ones that it is about. `note` is None where the asking operation is not here.
    """

    request: str
    kind: str
    account: str | None
    iban: str
    holder: str
    currency: str | None
    amount: int
    state: RequestState
    reason: str | None
    decided: Note | None
    device: str
    epoch: int
    details: Mapping[str, str]
    note: Note | None


def requests(
    connection: Connection,
    *,
    state: str = "",
    kind: str = "",
    account: str = "",
    customer: str = "",
    limit: int = 100,
) -> tuple[RequestLine, ...]:
    """Requests, newest first, of one state, kind, account or customer if given."""
    values = {"state": state, "kind": kind, "account": account, "customer": customer, "limit": limit}
    return tuple(_line(connection, row) for row in connection.execute(_SOME, values).all())


def request_line(connection: Connection, request: str) -> RequestLine | None:
    """One request by the operation that made it; None for what is none."""
    row = connection.execute(_ONE, {"id": request}).one_or_none()
    return _line(connection, row) if row is not None else None


def _line(connection: Connection, row: Any) -> RequestLine:
    jws = _text_of(connection, row.id)
    decided = _text_of(connection, row.decided_by)
    decoded = read(jws) if jws is not None else None
    body = decoded.body if decoded is not None else None
    digest = getattr(body, "details", None)
    summary = account_summary(connection, row.account) if row.account else None
    return RequestLine(
        request=row.id,
        kind=row.kind,
        account=row.account,
        iban=summary.iban if summary else "",
        holder=summary.holder if summary else "",
        currency=row.currency,
        amount=row.amount,
        state=row.state,
        reason=row.reason,
        decided=note_of(read(decided).operation) if decided is not None else None,
        device=getattr(body, "device", ""),
        epoch=getattr(body, "epoch", 0),
        details=record_fields(connection, [digest]).get(digest or "", {}),
        note=note_of(decoded.operation) if decoded is not None else None,
    )


def _text_of(connection: Connection, operation: str | None) -> str | None:
    if operation is None:
        return None
    return connection.execute(_JWS, {"id": UUID(operation).bytes}).scalar_one_or_none()
