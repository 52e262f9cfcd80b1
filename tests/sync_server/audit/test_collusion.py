"""The centre itself lies: its past is rewritten to fit, under its own key. A desk that saw the old one knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from core.audit.trust import Trust
from core.envelope import read_operation
from sync_server.audit import verify_database
from sync_server.centre.checkpoints import make_checkpoint
from sync_server.centre.terms import charge_fee
from sync_server.environment import Secret
from sync_server.store.migrate import migrate
from sync_server.store.postgres import PostgresDatabase
from tests.sync_server.restored_bank import Backups, DeskAtWork, RestoredBank

ROLE = "counterfoil_collusion"


@pytest.fixture(scope="module")
def template(make_database: Callable[..., str]) -> str:
    """A database with the centre's schema and nothing in it."""
    url = make_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN".encode())
    migrate(Secret(url), Secret(f"postgresql://{ROLE}@127.0.0.1/{ROLE}"))
    return url.rpartition("/")[2].partition("?")[0]


@pytest.fixture
def bank(make_database: Callable[..., str], template: str, tmp_path: Path) -> Iterator[RestoredBank]:
    backups = Backups(make_database, template)
    yield RestoredBank(backups, tmp_path)
    backups.close()


def checkpoint(bank: RestoredBank) -> None:
    with bank.database.transaction() as home:
        make_checkpoint(home, bank.centre)


def rewritten(bank: RestoredBank, one: DeskAtWork, account: str) -> None:
    """The fee that was charged is another one: every hash, head, balance and checkpoint after it is made anew."""
    put_back = bank.backups.keep()
    bank.database = bank.backups.database
    charge(bank, account, 10_00)
    checkpoint(bank)
    one.sync()
    assert one.desk.device.newest_checkpoint is not None
    bank.database = put_back()
    bank.known.__init__()  # type: ignore[misc]
    charge(bank, account, 90_00)
    checkpoint(bank)


def charge(bank: RestoredBank, account: str, amount: int) -> None:
    with bank.database.transaction() as home:
        charge_fee(home, bank.centre, account, amount, "monthly")


def test_what_no_check_of_the_database_can_find_is_found_by_a_desk(bank: RestoredBank) -> None:
    with bank.at_work("nor-1", "nor") as one:
        account = one.account(deposit=500_00)
        one.sync()
        one.desk.device.hand_back_surplus(0)
        one.sync()
        rewritten(bank, one, account)
        assert isinstance(bank.database, PostgresDatabase)
        with psycopg.connect(str(bank.database.pool.conninfo)) as connection:
            assert verify_database(connection, Trust()).holds, "everything was made to fit"
        before = {feed: one.desk.device.feed_position(feed) for feed in ("bank", "nor")}
        one.sync_as_far_as_it_goes()
        assert "checkpoint_differs" in dict(one.loop.state.feed_faults).values()
        assert {feed: one.desk.device.feed_position(feed) for feed in before} == before
        found = one.desk.device.past_differs
        assert found is not None
        assert found.said_hash is not None or any(
            read_operation(jws).operation.kind == "checkpoint.made" for jws in found.said
        )


def test_a_desk_that_knows_takes_nothing_more_and_goes_on_handing_over(bank: RestoredBank) -> None:
    with bank.at_work("nor-1", "nor") as one:
        account = one.account(deposit=500_00)
        one.sync()
        one.desk.device.hand_back_surplus(0)
        one.sync()
        rewritten(bank, one, account)
        one.sync_as_far_as_it_goes()
        one.loop.fetch_rights(account, 40_00, 40_00)
        assert one.payable(account) == 0, "no right that such a centre grants is taken"
        one.desk.perform(one.teller, one.desk.deposited(account, 7_00))
        one.sync_as_far_as_it_goes()
        assert one.desk.device.outbox().length == 0, "what people did here is the bank's all the same"
