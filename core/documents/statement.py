"""The account statement: what it is made from, the rules it must keep before it may be printed, and printing it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from core.clock import is_business_date, is_instant
from core.errors import Refusal
from core.money import is_currency

BALANCE_MINOR_MAX = 10**15


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One movement. Amounts are minor units from the customer's view: money in is positive, money out negative.

    Dates are ISO 8601 business dates. `booked_late` marks what reached the centre after its day had been closed.
    """

    booking_date: str
    value_date: str
    reference: str
    counterparty: str
    text: str
    amount_minor: int
    balance_minor: int
    booked_late: bool = False


@dataclass(frozen=True, slots=True)
class CoveredHead:
    """The last operation of one device that the statement takes in; `hash` is base64url SHA-256."""

    device: str
    epoch: int
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Statement:
    """All that stands on a statement. `made_at` is an instant (`2026-11-20T09:42:00.000Z`)."""

    bank_name: str
    bank_address: tuple[str, ...]
    branch: str
    customer_name: str
    customer_address: tuple[str, ...]
    customer_number: str
    iban: str
    bic: str
    product: str
    currency: str
    period_from: str
    period_to: str
    opening_balance_minor: int
    closing_balance_minor: int
    lines: tuple[StatementLine, ...]
    heads: tuple[CoveredHead, ...]
    made_at: str
    made_by: str
    made_on_device: str

    @property
    def money_in(self) -> tuple[int, int]:
        """How many movements brought money in, and their sum in minor units."""
        amounts = [line.amount_minor for line in self.lines if line.amount_minor > 0]
        return len(amounts), sum(amounts)

    @property
    def money_out(self) -> tuple[int, int]:
        """How many movements took money out, and their sum in minor units (negative or zero)."""
        amounts = [line.amount_minor for line in self.lines if line.amount_minor < 0]
        return len(amounts), sum(amounts)


def check_statement(statement: Statement) -> Refusal | None:
    """Why this statement may not be printed, or None.

    Codes: `currency_unknown`, `date_malformed`, `instant_malformed`, `period_reversed`, `balance_too_large`,
    `line_amount_zero`, `line_outside_period`, `lines_out_of_order`, `running_balance_wrong`, `closing_balance_wrong`.
    `detail["line"]` counts lines from 1.
    """
    return _check_frame(statement) or _check_lines(statement) or _check_balances(statement)


def _check_frame(statement: Statement) -> Refusal | None:
    if not is_currency(statement.currency):
        return Refusal("currency_unknown", "currency", {"currency": statement.currency})
    for field in ("period_from", "period_to"):
        if not is_business_date(getattr(statement, field)):
            return Refusal("date_malformed", field)
    if not is_instant(statement.made_at):
        return Refusal("instant_malformed", "made_at")
    if statement.period_from > statement.period_to:
        return Refusal("period_reversed", "period_to")
    balances = (statement.opening_balance_minor, statement.closing_balance_minor)
    if any(abs(balance) > BALANCE_MINOR_MAX for balance in balances):
        return Refusal("balance_too_large", "closing_balance_minor", {"most": BALANCE_MINOR_MAX})
    return None


def _check_lines(statement: Statement) -> Refusal | None:
    for number, line in enumerate(statement.lines, 1):
        where = {"line": number}
        if not (is_business_date(line.booking_date) and is_business_date(line.value_date)):
            return Refusal("date_malformed", "lines", where)
        if line.amount_minor == 0:
            return Refusal("line_amount_zero", "lines", where)
        if not statement.period_from <= line.booking_date <= statement.period_to:
            return Refusal("line_outside_period", "lines", where)
        if abs(line.balance_minor) > BALANCE_MINOR_MAX:
            return Refusal("balance_too_large", "lines", where)
    for number, (before, after) in enumerate(pairwise(statement.lines), 2):
        if after.booking_date < before.booking_date:
            return Refusal("lines_out_of_order", "lines", {"line": number})
    return None


def _check_balances(statement: Statement) -> Refusal | None:
    balance = statement.opening_balance_minor
    for number, line in enumerate(statement.lines, 1):
        balance += line.amount_minor
        if line.balance_minor != balance:
            detail = {"line": number, "expected_minor": balance, "given_minor": line.balance_minor}
            return Refusal("running_balance_wrong", "lines", detail)
    if statement.closing_balance_minor != balance:
        detail = {"expected_minor": balance, "given_minor": statement.closing_balance_minor}
        return Refusal("closing_balance_wrong", "closing_balance_minor", detail)
    return None
