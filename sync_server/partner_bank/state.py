"""The partner bank's memory: accounts and payments in an SQLite file of its own, committed before any answer."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from core.clock import instant
from core.errors import EnvironmentProblem
from sync_server.partner_bank.customers import AccountStatus, Customer
from sync_server.partner_bank.messages import Payment, PaymentReport, Statement, StatementLine
from sync_server.partner_bank.reasons import REASONS

_SCHEMA = """
CREATE TABLE IF NOT EXISTS account (
    iban TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'closed', 'blocked'))
) STRICT;
CREATE TABLE IF NOT EXISTS payment (
    position INTEGER PRIMARY KEY,
    end_to_end_id TEXT NOT NULL UNIQUE,
    digest TEXT NOT NULL,
    message BLOB NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    creditor_iban TEXT NOT NULL,
    reason TEXT,
    received_ms INTEGER NOT NULL,
    settles_ms INTEGER,
    CHECK ((reason IS NULL) = (settles_ms IS NOT NULL))
) STRICT;
CREATE INDEX IF NOT EXISTS payment_by_settlement ON payment (currency, settles_ms);
"""
_BUSY_SECONDS = 10.0
_ONE = (
    "SELECT end_to_end_id, amount, currency, reason, received_ms, settles_ms, digest, position FROM payment"
    " WHERE end_to_end_id = ?"
)
_PAGE = (
    "SELECT end_to_end_id, amount, currency, reason, received_ms, settles_ms, digest, position FROM payment"
    " WHERE position > ? ORDER BY position LIMIT ?"
)


class Row(NamedTuple):
    """A payment as the file keeps it."""

    end_to_end_id: str
    amount: int
    currency: str
    reason: str | None
    received_ms: int
    settles_ms: int | None
    digest: str
    position: int


class BankFile:
    """The file, opened anew for each piece of work, so that any thread may do it.

    The journal is a rollback journal: SQLite before 3.51.3, which Python may carry, can lose commits from a WAL.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def prepare(self, customers: Sequence[Customer]) -> None:
        """Make the tables and add the customers that are not there. Raises `EnvironmentProblem`."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._transaction() as connection:
                for statement in _SCHEMA.split(";\n"):
                    connection.execute(statement)
                connection.executemany(
                    "INSERT INTO account VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    [(customer.iban, customer.name, customer.status) for customer in customers],
                )
        except (OSError, sqlite3.Error) as problem:
            raise EnvironmentProblem(
                f"The partner bank's file {self._path} can't be used: {problem}.", code="partner_bank_file"
            ) from problem

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        finally:
            connection.close()

    @contextmanager
    def booking(self) -> Iterator[Booking]:
        """One transaction that may book; durable once the block is left."""
        with self._transaction() as connection:
            yield Booking(connection)

    def report(self, end_to_end_id: str, now_ms: int) -> PaymentReport | None:
        """What became of a payment by now."""
        with self._transaction() as connection:
            row = connection.execute(_ONE, (end_to_end_id,)).fetchone()
        return None if row is None else _report(Row(*row), now_ms)

    def page(self, after: int, count: int, now_ms: int) -> tuple[list[PaymentReport], int | None]:
        """Payments behind a position in the order in which they came, and the position to go on from."""
        with self._transaction() as connection:
            rows = [Row(*row) for row in connection.execute(_PAGE, (after, count + 1))]
        shown = rows[:count]
        return [_report(row, now_ms) for row in shown], shown[-1].position if len(rows) > count else None

    def statement(self, date: str, currency: str, now_ms: int) -> Statement:
        """What had settled by the end of a day (UTC), or by now."""
        begins = int(datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp()) * 1000
        ends = min(begins + 86_400_000, now_ms + 1)
        with self._transaction() as connection:
            (opening,) = connection.execute(
                "SELECT coalesce(sum(amount), 0) FROM payment WHERE currency = ? AND settles_ms < ?",
                (currency, min(begins, ends)),
            ).fetchone()
            rows = connection.execute(
                "SELECT end_to_end_id, amount, settles_ms, creditor_iban FROM payment"
                " WHERE currency = ? AND settles_ms >= ? AND settles_ms < ? ORDER BY settles_ms, position",
                (currency, begins, ends),
            ).fetchall()
        lines = [StatementLine(key, amount, instant(settled), iban) for key, amount, settled, iban in rows]
        return Statement(date, currency, opening, opening + sum(line.amount for line in lines), lines)

    def customers(self) -> list[Customer]:
        """All accounts, by IBAN."""
        with self._transaction() as connection:
            rows = connection.execute("SELECT iban, name, status FROM account ORDER BY iban").fetchall()
        return [Customer(*row) for row in rows]


class Booking:
    """A transaction of the bank."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def status_of(self, iban: str) -> AccountStatus | None:
        """The status of an account; None if nobody has it."""
        row = self._connection.execute("SELECT status FROM account WHERE iban = ?", (iban,)).fetchone()
        return None if row is None else row[0]

    def booked(self, payment: Payment) -> tuple[PaymentReport, bool] | None:
        """The answer that was given under that end-to-end id, and whether it was for this very payment."""
        found = self._connection.execute(_ONE, (payment.end_to_end_id,)).fetchone()
        if found is None:
            return None
        row = Row(*found)
        return _report(row, row.received_ms), row.digest == _digest(payment)

    def book(self, payment: Payment, reason: str | None, now_ms: int, settle_after_ms: int) -> PaymentReport:
        """Note the payment with its decision; the answer is the one that a repeated request is given too."""
        row = Row(
            end_to_end_id=payment.end_to_end_id,
            amount=payment.amount,
            currency=payment.currency,
            reason=reason,
            received_ms=now_ms,
            settles_ms=None if reason else now_ms + settle_after_ms,
            digest=_digest(payment),
            position=0,
        )
        self._connection.execute(
            "INSERT INTO payment (end_to_end_id, amount, currency, reason, received_ms, settles_ms, digest,"
            " message, creditor_iban) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row[:-1], msgspec.json.encode(payment), payment.creditor.iban),
        )
        return _report(row, now_ms)

    def settle_now(self, now_ms: int) -> int:
        """Settle at once whatever is on its way; how many payments that were."""
        return self._connection.execute(
            "UPDATE payment SET settles_ms = ? WHERE settles_ms > ?", (now_ms, now_ms)
        ).rowcount


def _report(row: Row, now_ms: int) -> PaymentReport:
    settled = row.settles_ms is not None and row.settles_ms <= now_ms
    return PaymentReport(
        end_to_end_id=row.end_to_end_id,
        status="RJCT" if row.reason else "ACSC" if settled else "ACSP",
        amount=row.amount,
        currency=row.currency,
        received_at=instant(row.received_ms),
        reason=row.reason,
        reason_text=REASONS[row.reason] if row.reason else "",
        settled_at=instant(row.settles_ms) if settled and row.settles_ms is not None else None,
    )


def _digest(payment: Payment) -> str:
    """By content, not by spelling: the order of members and spaces in the request do not matter."""
    return hashlib.sha256(msgspec.json.encode(payment)).hexdigest()
