"""The demo's closing account: figures per device and for the centre, and every promise that can be checked here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import psycopg

from core.audit import Fault, Report
from core.device import Device
from core.ledger import Posting, imbalances
from core.store.queries.books import chain_ends, entries, trial_balance
from counterfoil.demo.world import DeskPlan

Entries = dict[str, tuple[Posting, ...]]


class OpenDesk(Protocol):
    """A desk whose file can be looked into."""

    @property
    def plan(self) -> DeskPlan:
        """Which desk it is."""
        ...

    @property
    def device(self) -> Device:
        """Its device."""
        ...


@dataclass
class Promises:
    """What was promised and whether it held, in the order in which it was looked at."""

    kept: list[tuple[str, bool]] = field(default_factory=list)

    def check(self, promise: str, *, held: bool) -> None:
        """Note one promise."""
        self.kept.append((promise, held))

    @property
    def broken(self) -> list[str]:
        """Those that did not hold."""
        return [promise for promise, held in self.kept if not held]


def entries_at_device(desk: OpenDesk) -> Entries:
    """Every entry of the desk's own branch in its file, by operation."""
    found: dict[str, list[Posting]] = {}
    with desk.device.reading() as connection:
        for operation, posting in entries(connection):
            if posting.branch == desk.plan.branch:
                found.setdefault(operation, []).append(posting)
    return {operation: tuple(sorted(postings)) for operation, postings in found.items()}


def entries_at_centre(connection: psycopg.Connection, branch: str) -> Entries:
    """Every entry of a branch at the centre, by operation."""
    found: dict[str, list[Posting]] = {}
    rows = connection.execute(
        "SELECT o.id::text, p.branch, p.account, p.currency, p.amount FROM postings p "
        "JOIN operations o ON o.no = p.operation_no WHERE p.branch = %s",
        (branch,),
    )
    for operation, *posting in rows:
        found.setdefault(operation, []).append(Posting(*posting))
    return {operation: tuple(sorted(postings)) for operation, postings in found.items()}


def device_figures(desk: OpenDesk) -> dict[str, Any]:
    """Operations, chain heads, trial balance and outbox of one desk."""
    seq, hash_ = desk.device.chain_head()
    with desk.device.reading() as connection:
        balances = [
            {"branch": line.branch, "currency": line.currency, "debits": line.debits, "credits": line.credits}
            for line in trial_balance(connection)
        ]
        heads = [
            {"device": end.device, "epoch": end.epoch, "seq": end.seq, "hash": end.hash}
            for end in chain_ends(connection)
        ]
    return {
        "branch": desk.plan.branch,
        "operations": seq,
        "chain_head": {"seq": seq, "hash": hash_},
        "chain_heads": heads,
        "trial_balance": balances,
        "outbox": desk.device.outbox().length,
    }


def centre_figures(connection: psycopg.Connection) -> dict[str, Any]:
    """The same for the centre, with verdicts and cases."""
    heads = [
        {"device": device, "epoch": epoch, "seq": seq, "hash": hash_}
        for device, epoch, seq, hash_ in connection.execute(
            "SELECT device, epoch, seq, hash FROM chains ORDER BY device, epoch"
        )
    ]
    return {
        "operations": _one(connection, "SELECT count(*) FROM operations"),
        "chain_heads": heads,
        "trial_balance": _trial_balance(connection),
        "outbox": _one(
            connection, "SELECT count(*) FROM payments WHERE state NOT IN ('settled', 'returned', 'completed')"
        ),
        "verdicts": dict(_pairs(connection, "SELECT verdict, count(*) FROM operations GROUP BY 1 ORDER BY 1")),
        "cases": dict(_pairs(connection, "SELECT code, count(*) FROM cases GROUP BY 1 ORDER BY 1")),
    }


def partner_payments(connection: psycopg.Connection) -> dict[str, int]:
    """Payments to partner banks by state."""
    return dict(
        _pairs(connection, "SELECT state, count(*) FROM payments WHERE route = 'partner' GROUP BY 1 ORDER BY 1")
    )


def _trial_balance(connection: psycopg.Connection) -> list[dict[str, Any]]:
    """Debit and credit balances by branch and currency, each account of the books and all deposits by themselves."""
    rows = connection.execute(
        "SELECT branch, currency, sum(greatest(balance, 0))::bigint, sum(greatest(-balance, 0))::bigint FROM ("
        "SELECT branch, currency, sum(amount) AS balance FROM postings GROUP BY branch, currency, account"
        ") accounts GROUP BY branch, currency ORDER BY branch, currency"
    )
    return [
        {"branch": branch, "currency": currency, "debits": debits, "credits": credits_}
        for branch, currency, debits, credits_ in rows
    ]


def check_books(promises: Promises, connection: psycopg.Connection) -> None:
    """Money is conserved at the centre, and what is stored beside the entries says the same as the entries."""
    unbalanced = _one(
        connection,
        "SELECT count(*) FROM (SELECT 1 FROM postings GROUP BY operation_no, branch, currency "
        "HAVING sum(amount) <> 0) entries",
    )
    promises.check("every entry at the centre balances, per branch and currency", held=unbalanced == 0)
    deposits = _one(
        connection,
        "SELECT count(*) FROM deposit_accounts d LEFT JOIN (SELECT account, -sum(amount) AS held FROM postings "
        "GROUP BY account) p ON p.account = 'deposit:' || d.id WHERE d.posted <> coalesce(p.held, 0)",
    )
    books = _one(
        connection,
        "SELECT count(*) FROM ledger_balances b JOIN (SELECT branch, account, currency, sum(amount) AS held "
        "FROM postings GROUP BY 1, 2, 3) p USING (branch, account, currency) WHERE b.balance <> p.held",
    )
    promises.check("stored balances are the sums of the entries", held=deposits == 0 and books == 0)
    clearing = _one(
        connection, "SELECT coalesce(sum(amount), 0)::bigint FROM postings WHERE account = 'clearing:branches'"
    )
    promises.check("clearing between branches nets to zero", held=clearing == 0)
    overdrawn = _one(
        connection,
        "SELECT count(*) FROM deposit_accounts WHERE posted + overdraft_limit - rights < 0",
    )
    promises.check("no account is promised beyond what it holds", held=overdrawn == 0)
    exceptions = _one(connection, "SELECT count(*) FROM operations WHERE verdict <> 'applied'")
    promises.check("every operation was applied without an exception", held=exceptions == 0)


def check_standins(promises: Promises, connection: psycopg.Connection, paid: int) -> None:
    """What desks paid at the bank's own risk (minor units) is counted at the centre as just that."""
    counted = _one(connection, "SELECT coalesce(sum(stood_in), 0)::bigint FROM spending")
    promises.check("cash beyond a desk's rights was paid by two people's word, and counted", held=0 < paid == counted)


def check_replicas(promises: Promises, connection: psycopg.Connection, desks: Iterable[OpenDesk]) -> bool:
    """Every desk and the centre hold the same entries for the desk's branch, compared entry by entry."""
    converged = True
    for desk in desks:
        here, there = entries_at_device(desk), entries_at_centre(connection, desk.plan.branch)
        same = here == there and bool(here)
        balanced = all(not imbalances(postings) for postings in here.values())
        sent = desk.device.outbox().length == 0
        name = desk.plan.device
        promises.check(f"{name} and the centre hold the same {len(there)} entries", held=same)
        promises.check(f"every entry at {name} balances, and all is sent", held=balanced and sent)
        converged = converged and same
    return converged


def check_partner(promises: Promises, ours: Mapping[str, int], theirs: Iterable[Mapping[str, Any]]) -> None:
    """The partner bank booked exactly what we settled, once each."""
    settled = [payment for payment in theirs if payment["status"] == "ACSC"]
    rejected = [payment for payment in theirs if payment["status"] == "RJCT"]
    promises.check("the partner bank settled each payment once", held=len(settled) == ours.get("settled", 0))
    promises.check("what the partner bank rejected was returned", held=len(rejected) == ours.get("returned", 0))


def check_chains(promises: Promises, outcome: Report | Fault) -> None:
    """The exported chains verify without the bank."""
    promises.check("the exported chains verify with no database and no network", held=not isinstance(outcome, Fault))


def _one(connection: psycopg.Connection, statement: str) -> int:
    row = connection.execute(statement.encode()).fetchone()
    return int(row[0]) if row else 0


def _pairs(connection: psycopg.Connection, statement: str) -> list[tuple[str, int]]:
    return [(str(name), int(count)) for name, count in connection.execute(statement.encode())]
