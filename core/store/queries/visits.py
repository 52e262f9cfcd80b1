"""Visiting customers as screens show them: whose file this desk was lent, as of when, and until when."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from core.iban import bank_of, is_iban

_LOAN = text(
    "SELECT f.branch, coalesce(b.name, f.branch), f.as_of, f.until, f.ended_by FROM lent_files AS f "
    "JOIN head AS h ON h.device = f.device AND h.epoch = f.epoch LEFT JOIN branches AS b ON b.code = f.branch "
    "WHERE f.account = :account"
)
_BANK = text("SELECT country, bank_code FROM bank")


@dataclass(frozen=True, slots=True)
class VisitNote:
    """The newest loan of an account to this desk. Instants are RFC 3339 UTC; `ended` if somebody has ended it."""

    branch: str
    branch_name: str
    as_of: str
    until: str
    ended: bool

    def is_lent(self, now: str) -> bool:
        """Whether the file is lent at that instant."""
        return not self.ended and now <= self.until


def visit_of(connection: Connection, account: str) -> VisitNote | None:
    """The loan of the account to this desk; None if it never had one."""
    row = connection.execute(_LOAN, {"account": account}).one_or_none()
    return VisitNote(row[0], row[1], row[2], row[3], row[4] is not None) if row is not None else None


def is_of_this_bank(connection: Connection, iban: str) -> bool:
    """Whether that is a whole and valid IBAN (in electronic form) of this bank."""
    row = connection.execute(_BANK).one_or_none()
    return row is not None and is_iban(iban) and bank_of(iban) == (row[0], row[1])
