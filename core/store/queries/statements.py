"""What a statement of account needs: opening balance, movements by booking date, closing balance, chains covered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from core.store.queries.accounts import (
    AccountSummary,
    ActivityLine,
    account_number_here,
    account_summary,
    activity_lines,
)
from core.store.queries.books import ChainEnd, chain_ends

_BOOKED = "coalesce(v.accounting_date, date(p.booked_on + 1721424.5))"
_OPENING = text(
    "SELECT coalesce(-sum(p.amount), 0) FROM postings AS p LEFT JOIN verdicts AS v ON v.operation = p.operation "  # noqa: S608
    f"WHERE p.account = :account AND {_BOOKED} < :first"
)
_LINES = text(
    "SELECT p.operation, sum(p.amount) AS amount, p.booked_on, o.chain, o.jws, v.verdict, v.accounting_date "  # noqa: S608
    "FROM postings AS p JOIN operations AS o ON o.no = p.operation LEFT JOIN verdicts AS v ON v.operation = o.no "
    f"WHERE p.account = :account AND {_BOOKED} BETWEEN :first AND :last "
    f"GROUP BY p.operation HAVING sum(p.amount) <> 0 ORDER BY {_BOOKED} DESC, p.operation DESC"
)


@dataclass(frozen=True, slots=True)
class StatementData:
    """Movements oldest first between `first` and `last` (business dates, inclusive); opening + their sum = closing."""

    account: AccountSummary
    first: str
    last: str
    opening: int
    lines: tuple[ActivityLine, ...]
    closing: int
    heads: tuple[ChainEnd, ...]


def statement_data(connection: Connection, account: str, first: date, last: date) -> StatementData | None:
    """The account's movements by booking date, each with the balance after it; None for an unknown account."""
    summary = account_summary(connection, account)
    if summary is None:
        return None
    number = account_number_here(connection, summary)
    period = {"account": number, "first": first.isoformat(), "last": last.isoformat()}
    opening = int(connection.execute(_OPENING, period).scalar_one())
    rows = connection.execute(_LINES, period).all()
    closing = opening - sum(row.amount for row in rows)
    lines = activity_lines(connection, account, rows, closing)
    return StatementData(
        account=summary,
        first=first.isoformat(),
        last=last.isoformat(),
        opening=opening,
        lines=tuple(reversed(lines)),
        closing=closing,
        heads=chain_ends(connection),
    )
