"""A desk that does little beside many others: its screens ask for its own, and do not read all of theirs."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Connection

from core.store.queries.day import day_totals
from core.store.queries.journal import journal
from core.store.queries.statements import statement_data
from core.store.store import Store
from tests.bank import DATE
from tests.core.device.conftest import OpenBranch

OTHERS = 5_000
_STEPS_A_CALL = 50


@pytest.fixture
def account(branch: OpenBranch) -> str:
    """An account of this desk's, with many operations of others behind it, and nothing of its own since."""
    desk = branch.desk
    account = desk.account(branch.teller, desk.customer(branch.teller, branch.supervisor))
    desk.perform(branch.teller, desk.deposited(account, 100_00))
    home = desk.device._workings.store
    assert isinstance(home, Store)
    with home.transaction() as cursor:
        chain = home.log.chain("odense-9", 1).no
        cursor.executemany(
            "INSERT INTO operations (chain, seq, id, kind, jws) VALUES (?, ?, ?, 'cash.deposited', '')",
            ((chain, seq, seq.to_bytes(16)) for seq in range(1, OTHERS + 1)),
        )
    return account


def steps_of(branch: OpenBranch, ask: Callable[[Connection], object]) -> int:
    """How many steps of its machine SQLite takes to answer, about."""
    calls = 0

    def count() -> int:
        nonlocal calls
        calls += 1
        return 0

    with branch.desk.device.reading() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.set_progress_handler(count, _STEPS_A_CALL)
        ask(connection)
        driver.set_progress_handler(None, 0)
    return calls * _STEPS_A_CALL


def test_journal_day_and_statement_take_no_step_for_each_operation_of_others(branch: OpenBranch, account: str) -> None:
    with branch.desk.device.reading() as connection:
        assert len(journal(connection).lines) > 5
        assert day_totals(connection, "kasse-1", "DKK").cash_in == 100_00
    day = date.fromisoformat(DATE)
    asked: tuple[Callable[[Connection], object], ...] = (
        journal,
        lambda connection: day_totals(connection, "kasse-1", "DKK"),
        lambda connection: statement_data(connection, account, day, day),
    )
    assert [steps_of(branch, ask) < OTHERS for ask in asked] == [True] * len(asked)


def test_the_own_chains_last_is_found_at_the_next_start_whatever_came_behind_it(
    branch: OpenBranch, account: str
) -> None:
    before = branch.desk.device._workings.own
    branch.desk.reopen()
    after = branch.desk.device._workings.own
    # Opening the file closes the two sessions that were left open.
    assert (after.no, after.seq) == (before.no, before.seq + 2)
    assert account
