"""A centre that was restored waits for what its devices know, and says and pays nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from core.book.rows import DepositAccount, LedgerBalance, Right
from core.ledger import CLEARING_PARTNERS
from sync_server.centre.terms import charge_fee
from sync_server.database import connection_pool
from sync_server.environment import Secret
from sync_server.store.memory import MemoryDatabase
from sync_server.store.memory.tables import CASES
from sync_server.store.migrate import migrate
from sync_server.store.postgres import PostgresDatabase
from tests.sync_server.restored_bank import SKOV_IBAN, Backups, DeskAtWork, RestoredBank

ROLE = "counterfoil_restored"


@pytest.fixture(scope="module")
def template(make_database: Callable[..., str]) -> str:
    """A database with the centre's schema and nothing in it."""
    url = make_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN".encode())
    migrate(Secret(url), Secret(f"postgresql://{ROLE}@127.0.0.1/{ROLE}"))
    return url.rpartition("/")[2].partition("?")[0]


@pytest.fixture(params=["memory", "postgres"])
def bank(
    request: pytest.FixtureRequest, make_database: Callable[..., str], template: str, tmp_path: Path
) -> Iterator[RestoredBank]:
    """A bank over either home."""
    if request.param == "memory":
        yield RestoredBank(Backups(MemoryDatabase()), tmp_path)
        return
    pool = connection_pool(Secret(make_database(template)), 2)
    pool.open()
    made = RestoredBank(Backups(PostgresDatabase(pool), make_database), tmp_path)
    yield made
    assert isinstance(made.database, PostgresDatabase)
    made.database.pool.close()


@pytest.fixture
def one(bank: RestoredBank) -> Iterator[DeskAtWork]:
    """A desk at work."""
    with bank.at_work("nor-1", "nor") as desk:
        yield desk


@pytest.fixture
def two(bank: RestoredBank, one: DeskAtWork) -> Iterator[DeskAtWork]:
    """Another desk of the same branch."""
    del one
    with bank.at_work("nor-2", "nor") as desk:
        yield desk


def case_codes(bank: RestoredBank) -> list[str]:
    """The codes of all cases."""
    if isinstance(bank.database, MemoryDatabase):
        return sorted(case.code for case in bank.database.committed(CASES).values())
    with bank.database.transaction() as home:
        return sorted(code for (code,) in home.connection.execute(b"SELECT code FROM cases"))


def books(bank: RestoredBank) -> dict[object, object]:
    """What every account holds, and who may pay how much of it."""
    accounts = {row.id: (row.posted, row.rights, row.holds) for row in bank.rows(DepositAccount)}  # type: ignore[attr-defined]
    rights = {
        (row.account, row.device, row.epoch): (row.granted, row.minted, row.used, row.returned)  # type: ignore[attr-defined]
        for row in bank.rows(Right)
    }
    ledger = {
        (row.branch, row.account): row.balance  # type: ignore[attr-defined]
        for row in bank.rows(LedgerBalance)
        if row.balance  # type: ignore[attr-defined]
    }
    return {**accounts, **rights, **ledger}


def test_what_was_done_since_the_backup_comes_back_from_the_desks(
    bank: RestoredBank, one: DeskAtWork, two: DeskAtWork
) -> None:
    old = one.account(deposit=500_00)
    one.sync()
    restore = bank.backup()
    new = one.account(deposit=100_00)
    one.desk.perform(one.teller, one.desk.withdrawn(old, 50_00))
    one.sync()
    one.desk.device.hand_back_surplus(0)
    one.sync()
    two.sync()
    assert two.loop.fetch_rights(old, 40_00, 40_00).granted == 40_00
    two.desk.perform(two.teller, two.desk.withdrawn(old, 30_00))
    two.sync()
    one.sync()
    before = books(bank)
    restore()
    assert books(bank) != before
    assert bank.awaited("nor") == ["nor-1", "nor-2"]
    state = one.loop.step()
    assert state.recovering
    assert bank.awaited("nor") == ["nor-2"]
    assert books(bank) == before
    two.sync()
    one.sync()
    assert not one.loop.state.recovering
    assert bank.awaited() == []
    assert books(bank) == before
    assert case_codes(bank) == []
    assert (one.payable(new), two.payable(old)) == (0, 10_00)


def test_nothing_is_granted_or_drawn_for_a_branch_until_all_of_it_has_reported(
    bank: RestoredBank, one: DeskAtWork, two: DeskAtWork
) -> None:
    account = one.account(deposit=500_00)
    one.sync()
    restore = bank.backup()
    one.desk.device.hand_back_surplus(0)
    one.sync()
    two.sync()
    assert two.loop.fetch_rights(account, 400_00, 400_00).granted == 400_00
    restore()
    one.loop.step()
    with pytest.raises(Exception, match="waits for what desks know"):
        one.loop.fetch_rights(account, 400_00, 400_00)
    assert bank.doing(lambda home: charge_fee(home, bank.centre, account, 1_00, "monthly")) == "centre_recovering"
    two.loop.step()
    assert bank.doing(lambda home: charge_fee(home, bank.centre, account, 1_00, "monthly")) is None
    assert one.loop.fetch_rights(account, 400_00, 400_00).granted == 0
    assert bank.account_row(account).rights == 400_00


def test_a_payment_that_was_sent_is_asked_about_and_never_sent_again(bank: RestoredBank, one: DeskAtWork) -> None:
    account = one.account(deposit=500_00)
    one.send(account, 10_00, SKOV_IBAN, "partner")
    one.sync()
    restore = bank.backup()
    bank.jobs()
    one.send(account, 20_00, SKOV_IBAN, "partner")
    one.sync()
    bank.jobs()
    one.line.cut = True
    one.send(account, 30_00, SKOV_IBAN, "partner")
    assert sorted(bank.partner.booked.values()) == [10_00, 20_00]
    restore()
    bank.jobs()
    assert bank.partner.asked == []
    one.line.cut = False
    one.sync()
    bank.jobs()
    assert sorted(bank.partner.booked.values()) == [10_00, 20_00, 30_00]
    assert len(bank.partner.asked) == 2, "what became of the first one was given back"
    one.sync()
    balance = next(row for row in bank.rows(LedgerBalance) if row.account == CLEARING_PARTNERS)  # type: ignore[attr-defined]
    assert balance.balance == 0  # type: ignore[attr-defined]
