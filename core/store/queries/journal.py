"""The device's own journal: what was done here, newest first, and what the centre said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from core.ledger import Posting, deposit_id
from core.operations import rules
from core.operations.ended import CARRYING, carried
from core.operations.kind import Decoded
from core.operations.reversals import ReversalRequested, postings_of
from core.store.queries.accounts import account_summary
from core.store.queries.notes import (
    Finding,
    Note,
    Standing,
    State,
    approvers,
    findings_of,
    note_of,
    read,
    record_fields,
    standing,
    state_of,
)

_OWN = text(
    "SELECT o.no, o.chain, o.jws, v.verdict, v.accounting_date, v.exceptions FROM operations AS o "
    "LEFT JOIN verdicts AS v ON v.operation = o.no WHERE o.chain = :chain AND o.no < :before "
    "ORDER BY o.no DESC LIMIT :limit"
)
_ONE = text(
    "SELECT o.no, o.chain, o.jws, v.verdict, v.accounting_date, v.exceptions FROM operations AS o "
    "LEFT JOIN verdicts AS v ON v.operation = o.no WHERE o.id = :id"
)
_REVERSED = text("SELECT reversed_by FROM reversals WHERE reverses = :id")
_STATE = text("SELECT state FROM devices WHERE device = :device AND epoch = :epoch")
_ANSWER = text("SELECT state, reason FROM requests WHERE id = :id")
_CARD = text("SELECT name FROM search_cards WHERE customer = :customer")
_FIRST_PAGE = 2**62


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One operation. `amount` is in minor units of `currency` and unsigned, None where no money moves.

    `about` is the member of staff that a device's operation speaks of (who signed in).
    `account` is the customer's account it is about, `accounting_date` another date than its own if the centre said so.
    `answer` is how a request stands (`waiting`, `done`, `declined`, with `answer_reason`); None for what is none.
    """

    operation: str
    kind: str
    note: Note
    approver: str | None
    drawer: str | None
    amount: int | None
    currency: str | None
    account: str | None
    iban: str | None
    customer: str | None
    customer_name: str
    about: str | None
    state: State
    exceptions: tuple[Finding, ...]
    accounting_date: str | None
    reversed_by: str | None
    answer: str | None = None
    answer_reason: str | None = None


@dataclass(frozen=True, slots=True)
class JournalPage:
    """A page, newest first, and where the next begins (None at the end)."""

    lines: tuple[JournalLine, ...]
    next_key: int | None


@dataclass(frozen=True, slots=True)
class Original:
    """What a reversal would name: the operation itself, or the one that the centre has booked late by it.

    `ended` is whether the epoch that made it has ended, so that the centre alone may reverse it.
    """

    operation: str
    hash: str
    kind: str
    device: str
    epoch: int
    ended: bool


@dataclass(frozen=True, slots=True)
class OperationDetail:
    """One operation in full: its line, its entry, its body as plain values, its record, and the exact signed text."""

    line: JournalLine
    original: Original
    postings: tuple[Posting, ...]
    body: Mapping[str, Any]
    details: Mapping[str, str]
    hash: str
    kid: str
    jws: str


def journal(connection: Connection, *, limit: int = 50, after: int | None = None) -> JournalPage:
    """This device's own operations, newest first."""
    here = standing(connection)
    values = {"chain": here.chain, "before": after if after is not None else _FIRST_PAGE, "limit": limit + 1}
    rows = connection.execute(_OWN, values).all()
    lines = _lines(connection, here, rows[:limit])
    return JournalPage(lines, rows[limit - 1].no if len(rows) > limit else None)


def operation_detail(connection: Connection, operation: str) -> OperationDetail | None:
    """One operation, made here or elsewhere; None if it is not in this file."""
    from uuid import UUID

    row = connection.execute(_ONE, {"id": UUID(operation).bytes}).one_or_none()
    if row is None:
        return None
    (line,) = _lines(connection, standing(connection), [row])
    decoded = read(row.jws)
    digests = rules.records_named(decoded)
    fields: dict[str, str] = {}
    for record in record_fields(connection, digests).values():
        fields |= record
    return OperationDetail(
        line=line,
        original=_original(connection, decoded),
        postings=decoded.postings,
        body={name: getattr(decoded.body, name) for name in decoded.body.__struct_fields__},
        details=fields,
        hash=decoded.signed.hash,
        kid=decoded.signed.kid,
        jws=row.jws,
    )


def _inside(decoded: Decoded[Any]) -> Decoded[Any]:
    """The operation that was booked late by it; any other as it is."""
    return carried(decoded.body) if decoded.kind.name == CARRYING else decoded


def _original(connection: Connection, decoded: Decoded[Any]) -> Original:
    inside = _inside(decoded)
    operation = inside.operation
    values = {"device": operation.device, "epoch": operation.epoch}
    state = connection.execute(_STATE, values).scalar_one_or_none()
    return Original(
        operation=operation.id,
        hash=inside.signed.hash,
        kind=operation.kind,
        device=operation.device,
        epoch=operation.epoch,
        ended=state is not None and state != "living",
    )


def _lines(connection: Connection, here: Standing, rows: Sequence[Any]) -> tuple[JournalLine, ...]:
    decoded = [read(row.jws) for row in rows]
    by_whom = approvers(connection, (one.operation for one in decoded))
    return tuple(
        _line(connection, here, row, one, by_whom.get(one.operation.id)) for row, one in zip(rows, decoded, strict=True)
    )


def _line(connection: Connection, here: Standing, row: Any, decoded: Decoded[Any], approver: str | None) -> JournalLine:
    operation, body = decoded.operation, decoded.body
    account = _account_of(decoded)
    summary = account_summary(connection, account) if account else None
    customer = rules.customer_of(decoded) or (summary.customer if summary else None)
    amount, currency = _amount(decoded)
    answer = connection.execute(_ANSWER, {"id": operation.id}).one_or_none() if decoded.kind.is_request else None
    return JournalLine(
        operation=operation.id,
        kind=operation.kind,
        note=note_of(operation),
        approver=approver,
        drawer=operation.drawer,
        amount=amount,
        currency=currency,
        account=account,
        iban=summary.iban if summary else getattr(body, "iban", None),
        customer=customer,
        customer_name=_name(connection, customer),
        about=getattr(body, "person", None),
        state=state_of(here, row.chain, operation, row.verdict),
        exceptions=findings_of(row.exceptions),
        accounting_date=row.accounting_date,
        reversed_by=connection.execute(_REVERSED, {"id": _inside(decoded).operation.id}).scalar_one_or_none(),
        answer=answer.state if answer else None,
        answer_reason=answer.reason if answer else None,
    )


def _account_of(decoded: Decoded[Any]) -> str | None:
    """The customer's account that an operation is about: named by its body, or opened by it, or in its entry."""
    named = getattr(decoded.body, "account", None)
    if isinstance(named, str):
        return named
    if decoded.kind.name == "account.opened":
        return decoded.operation.id
    found = (deposit_id(line.account) for line in _lines_of(decoded))
    return next((account for account in found if account is not None), None)


def _lines_of(decoded: Decoded[Any]) -> Sequence[Posting]:
    """What it posts, or asks the centre to post."""
    asked = decoded.body
    return postings_of(asked) if isinstance(asked, ReversalRequested) else decoded.postings


def _amount(decoded: Decoded[Any]) -> tuple[int | None, str | None]:
    body = decoded.body
    for name in ("amount", "counted"):
        value = getattr(body, name, None)
        if isinstance(value, int):
            return value, getattr(body, "currency", None)
    debits = [line for line in _lines_of(decoded) if line.amount > 0]
    return (sum(line.amount for line in debits), debits[0].currency) if debits else (None, None)


def _name(connection: Connection, customer: str | None) -> str:
    if customer is None:
        return ""
    return connection.execute(_CARD, {"customer": customer}).scalar_one_or_none() or ""
