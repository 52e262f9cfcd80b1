"""The branch's books as a whole: balances, the trial balance, the chains that they rest on, and every entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from core.envelope import operation_hash
from core.ledger import VAULT, Posting

_LAST_BALANCE = (
    "(SELECT p.balance FROM postings AS p WHERE p.account = l.no ORDER BY p.operation DESC, p.line DESC LIMIT 1)"
)
_BOOKS = (
    f"SELECT l.branch, l.account, l.currency, {_LAST_BALANCE} AS balance FROM ledger_accounts AS l "  # noqa: S608
    "WHERE l.account NOT LIKE 'deposit:%'"
)
_BALANCE = text(f"{_BOOKS} AND l.branch = :branch AND l.account = :account AND l.currency = :currency")
_BALANCES = text(f"{_BOOKS} ORDER BY l.branch, l.account, l.currency")
_DEPOSITS = text(
    "SELECT branch, currency, sum(posted) AS posted, count(*) AS accounts FROM deposit_accounts "
    "GROUP BY branch, currency ORDER BY branch, currency"
)
_DEBITS = "sum(CASE WHEN balance > 0 THEN balance ELSE 0 END) AS debits"
_CREDITS = "sum(CASE WHEN balance < 0 THEN -balance ELSE 0 END) AS credits"
_ALL = (
    f"SELECT branch, currency, balance FROM ({_BOOKS}) UNION ALL SELECT branch, currency, -posted FROM deposit_accounts"  # noqa: S608
)
_TRIAL = text(f"SELECT branch, currency, {_DEBITS}, {_CREDITS} FROM ({_ALL}) GROUP BY branch, currency ORDER BY 1, 2")  # noqa: S608
_CHAINS = text("SELECT no, device, epoch, seq, hash FROM chains ORDER BY device, epoch")
_LAST = text("SELECT seq, jws FROM operations WHERE chain = :chain ORDER BY no DESC LIMIT 1")
_ENTRIES = text(
    "SELECT o.id, l.branch, l.account, l.currency, p.amount FROM postings AS p "
    "JOIN operations AS o ON o.no = p.operation JOIN ledger_accounts AS l ON l.no = p.account "
    "ORDER BY o.id, p.line"
)


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """What all accounts of a branch hold in a currency: the sums of debit and of credit balances, which are equal."""

    branch: str
    currency: str
    debits: int
    credits: int


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """An account of the books, debit positive; all customers' accounts together stand in one line, `deposits`."""

    branch: str
    account: str
    currency: str
    balance: int


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """How far a chain is here: its last operation and that one's hash."""

    device: str
    epoch: int
    seq: int
    hash: str | None


def ledger_balance(connection: Connection, branch: str, account: str, currency: str) -> int:
    """What an account of the books holds, debit positive, in minor units."""
    named = {"branch": branch, "account": account, "currency": currency}
    row = connection.execute(_BALANCE, named).one_or_none()
    return int(row.balance) if row is not None and row.balance is not None else 0


def vault_balance(connection: Connection, branch: str, currency: str) -> int:
    """The cash in the branch's vault by the books of this device."""
    return ledger_balance(connection, branch, VAULT, currency)


def ledger(connection: Connection) -> tuple[LedgerLine, ...]:
    """Every account of the books that is not empty."""
    lines = [
        LedgerLine(row.branch, row.account, row.currency, row.balance)
        for row in connection.execute(_BALANCES)
        if row.balance
    ]
    lines += [LedgerLine(row.branch, "deposits", row.currency, -row.posted) for row in connection.execute(_DEPOSITS)]
    return tuple(lines)


def trial_balance(connection: Connection) -> tuple[TrialBalance, ...]:
    """Debits and credits by branch and currency."""
    rows = connection.execute(_TRIAL).all()
    return tuple(TrialBalance(row.branch, row.currency, row.debits, row.credits) for row in rows)


def chain_ends(connection: Connection) -> tuple[ChainEnd, ...]:
    """Every chain that is read from its beginning here, with its head; the own one at what was last performed."""
    own = connection.execute(text("SELECT device, epoch FROM head WHERE no = 1")).one()
    ends: list[ChainEnd] = []
    for row in connection.execute(_CHAINS).all():
        if (row.device, row.epoch) == (own.device, own.epoch):
            last = connection.execute(_LAST, {"chain": row.no}).one_or_none()
            if last is not None:
                ends.append(ChainEnd(row.device, row.epoch, last.seq, operation_hash(last.jws)))
        elif row.seq:
            ends.append(ChainEnd(row.device, row.epoch, row.seq, row.hash))
    return tuple(ends)


def entries(connection: Connection) -> Iterator[tuple[str, Posting]]:
    """Every posting in the file with the id of its operation, ordered, for comparing replicas entry by entry."""
    for row in connection.execute(_ENTRIES):
        yield str(UUID(bytes=row.id)), Posting(row.branch, row.account, row.currency, row.amount)
