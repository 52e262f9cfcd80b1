"""Feeds as they stand in the centre's database, and the rows that concern a branch, for comparing homes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.book import Row
from core.book.rows import (
    DepositAccount,
    Freeze,
    Hold,
    LateAnswer,
    Lease,
    LedgerBalance,
    Recall,
    Request,
    Reversal,
    Right,
    Spending,
    Transfer,
)
from counterfoil.simulation.simulation import Simulation
from sync_server.store.memory.tables import FEED_HEADS, FEED_ITEMS, OPERATIONS, Kept

COMPARED: tuple[type[Row], ...] = (
    DepositAccount,
    Right,
    Freeze,
    Hold,
    Reversal,
    Transfer,
    Request,
    Lease,
    Spending,
    Recall,
    LateAnswer,
    LedgerBalance,
)
"""The rows that every home of a branch must have alike."""

Concerns = Callable[[Row], bool]
Rows = dict[Any, Row]


def feed_of(simulation: Simulation, feed: str) -> list[Kept]:
    """The operations of a feed, in its order."""
    database = simulation.centre.database
    items, operations = database.committed(FEED_ITEMS), database.committed(OPERATIONS)
    head = database.committed(FEED_HEADS).get(feed, 0)
    return [operations[items[feed, position]] for position in range(1, head + 1)]


def concerning(simulation: Simulation, branch: str) -> tuple[Concerns, dict[type[Row], Rows]]:
    """Which rows concern the branch, and what the centre has of them, by table."""
    database = simulation.centre.database
    accounts = {row.id for row in database.rows(DepositAccount).values() if row.branch == branch}
    here = {kept.id for kept in feed_of(simulation, branch)}
    desks = {desk.chain for desk in simulation.machines if desk.branch == branch}

    def concerns(row: Row) -> bool:
        if isinstance(row, LedgerBalance):
            return row.branch == branch and row.balance != 0
        if isinstance(row, Right | Freeze | Hold | Recall):
            return row.account in accounts
        if isinstance(row, Reversal):
            return row.reversed_by in here
        if isinstance(row, LateAnswer):
            return row.answered_by in here
        if isinstance(row, Lease | Spending):
            return (row.device, row.epoch) in desks
        return getattr(row, "branch", None) == branch

    rows = {table: {key: row for key, row in database.rows(table).items() if concerns(row)} for table in COMPARED}
    return concerns, rows
