"""Deposit accounts as screens show them: what they hold, what may be paid out here, and what moved on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from core.ledger import deposit, deposit_id
from core.operations.kind import Decoded
from core.rights import payable
from core.store.queries.notes import (
    Note,
    Standing,
    State,
    note_of,
    notes,
    read,
    record_fields,
    standing,
    state_of,
)

_SUMMARY = """
SELECT a.*, coalesce(c.name, '') AS holder FROM deposit_accounts AS a
LEFT JOIN search_cards AS c ON c.customer = a.customer
"""
_OF_CUSTOMER = text(_SUMMARY + "WHERE a.customer = :customer ORDER BY a.opened_on, a.id")
_BY_ID = text(_SUMMARY + "WHERE a.id = :account")
_IBAN = text("SELECT account FROM ibans WHERE iban = :iban")
_FREEZES = text("SELECT id, reason FROM freezes WHERE account = :account AND lifted_by IS NULL AND reason <> ''")
_NUMBER = text("SELECT no FROM ledger_accounts WHERE branch = :branch AND account = :account AND currency = :currency")
_ACTIVITY = text(
    "SELECT p.operation, sum(p.amount) AS amount, p.booked_on, o.chain, o.jws, v.verdict, v.accounting_date "
    "FROM postings AS p JOIN operations AS o ON o.no = p.operation LEFT JOIN verdicts AS v ON v.operation = o.no "
    "WHERE p.account = :account AND p.operation < :before GROUP BY p.operation ORDER BY p.operation DESC LIMIT :limit"
)
_REVERSALS = "SELECT reverses, reversed_by FROM reversals WHERE reverses = :id"
_FIRST_PAGE = 2**62


@dataclass(frozen=True, slots=True)
class FreezeNote:
    """A freeze that stands, by its id, with who made it."""

    freeze: str
    reason: str
    note: Note | None


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """An account: `posted` is what it holds in the customer's view, `payable_here` what this device may pay out of it.

    All amounts are minor units of `currency`. `closing` is whether a request to close it waits.
    """

    account: str
    branch: str
    customer: str
    holder: str
    product: str
    iban: str
    currency: str
    opened_on: str
    state: str
    posted: int
    payable_here: int
    overdraft_limit: int
    holds: int
    freezes: tuple[FreezeNote, ...]
    closing: bool = False

    @property
    def frozen(self) -> bool:
        """Whether nothing may leave it."""
        return bool(self.freezes)


@dataclass(frozen=True, slots=True)
class ActivityKey:
    """Where a page of activity ended: the operation's number and the balance before it."""

    operation_no: int
    balance: int


@dataclass(frozen=True, slots=True)
class ActivityLine:
    """A movement in the customer's view: `amount` positive for money in, `balance` after it in order of arrival."""

    operation: str
    kind: str
    booked_on: str
    value_on: str
    amount: int
    balance: int
    note: Note
    state: State
    details: Mapping[str, str]
    counterpart: str | None
    counterpart_iban: str | None
    counterpart_name: str | None
    reversed_by: str | None

    @property
    def other_party(self) -> str:
        """With whom: the payer of money that came in, the payee of money that went out; empty if nobody is named."""
        return self.details.get("payer_name" if self.amount > 0 else "payee_name") or self.counterpart_name or ""


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """A page, newest first, and where the next begins (None at the end)."""

    lines: tuple[ActivityLine, ...]
    next_key: ActivityKey | None


def accounts_of(connection: Connection, customer: str) -> tuple[AccountSummary, ...]:
    """The customer's accounts, oldest first."""
    rows = connection.execute(_OF_CUSTOMER, {"customer": customer}).all()
    return tuple(_summary(connection, row) for row in rows)


def account_summary(connection: Connection, account: str) -> AccountSummary | None:
    """The account of that id."""
    row = connection.execute(_BY_ID, {"account": account}).one_or_none()
    return _summary(connection, row) if row is not None else None


def account_by_iban(connection: Connection, iban: str) -> AccountSummary | None:
    """The account of that IBAN (spaces do not matter), if this branch keeps it."""
    account = connection.execute(_IBAN, {"iban": "".join(iban.split()).upper()}).scalar_one_or_none()
    return account_summary(connection, account) if account is not None else None


def _summary(connection: Connection, row: Any) -> AccountSummary:
    freezes: tuple[FreezeNote, ...] = ()
    if row.freezes:
        found = connection.execute(_FREEZES, {"account": row.id}).all()
        by_id = notes(connection, (freeze.id for freeze in found))
        freezes = tuple(FreezeNote(freeze.id, freeze.reason, by_id.get(freeze.id)) for freeze in found)
    return AccountSummary(
        account=row.id,
        branch=row.branch,
        customer=row.customer,
        holder=row.holder,
        product=row.product,
        iban=row.iban,
        currency=row.currency,
        opened_on=row.opened_on,
        state=row.state,
        posted=row.posted,
        payable_here=max(0, payable(row.granted, row.minted, row.used, row.returned)),
        overdraft_limit=row.overdraft_limit,
        holds=row.holds,
        freezes=freezes,
        closing=row.state == "open" and row.closings > 0,
    )


def account_activity(
    connection: Connection, account: str, *, limit: int = 50, after: ActivityKey | None = None
) -> ActivityPage:
    """What moved on the account, newest first, in the order in which it came to this device."""
    summary = account_summary(connection, account)
    number = account_number_here(connection, summary)
    if summary is None or number is None:
        return ActivityPage((), None)
    values = {"account": number, "before": after.operation_no if after else _FIRST_PAGE, "limit": limit + 1}
    rows = connection.execute(_ACTIVITY, values).all()
    balance = after.balance if after else summary.posted
    lines = activity_lines(connection, account, rows[:limit], balance)
    if len(rows) <= limit:
        return ActivityPage(lines, None)
    return ActivityPage(lines, ActivityKey(rows[limit - 1].operation, lines[-1].balance - lines[-1].amount))


def account_number_here(connection: Connection, summary: AccountSummary | None) -> int | None:
    """The number under which the file keeps the account's postings; None if nothing was posted."""
    if summary is None:
        return None
    named = {"branch": summary.branch, "account": deposit(summary.account), "currency": summary.currency}
    return connection.execute(_NUMBER, named).scalar_one_or_none()


def activity_lines(connection: Connection, account: str, rows: Sequence[Any], balance: int) -> tuple[ActivityLine, ...]:
    """Lines of postings given newest first; `balance` is the one after the first of them."""
    here = standing(connection)
    operations = [read(row.jws) for row in rows]
    details = record_fields(connection, (getattr(decoded.body, "details", None) for decoded in operations))
    lines: list[ActivityLine] = []
    for row, decoded in zip(rows, operations, strict=True):
        line = _line(connection, here, account, row, decoded, details, balance)
        lines.append(line)
        balance -= line.amount
    return tuple(lines)


def _line(
    connection: Connection,
    here: Standing,
    account: str,
    row: Any,
    decoded: Decoded[Any],
    details: Mapping[str, Mapping[str, str]],
    balance: int,
) -> ActivityLine:
    operation = decoded.operation
    fields = details.get(getattr(decoded.body, "details", None) or "", {})
    booked = date.fromordinal(row.booked_on).isoformat()
    others = [deposit_id(posting.account) for posting in decoded.postings]
    other = next((found for found in others if found is not None and found != account), None)
    counterpart = account_summary(connection, other) if other is not None else None
    reversal = connection.execute(text(_REVERSALS), {"id": operation.id}).one_or_none()
    return ActivityLine(
        operation=operation.id,
        kind=operation.kind,
        booked_on=row.accounting_date or booked,
        value_on=booked,
        amount=-row.amount,
        balance=balance,
        note=note_of(operation),
        state=state_of(here, row.chain, operation, row.verdict),
        details=fields,
        counterpart=other,
        counterpart_iban=counterpart.iban if counterpart else None,
        counterpart_name=counterpart.holder if counterpart else None,
        reversed_by=reversal.reversed_by if reversal else None,
    )
