"""The centre signs now and then where every feed stands; a past that is rewritten with its own key does not fit."""

from __future__ import annotations

from typing import Any

import msgspec
import psycopg
import pytest
from typer.testing import CliRunner

from core.audit.trust import Trust
from core.clock import FixedClock, instant_ms
from core.ids import Identifiers
from core.operations.bank import StaffAdmitted
from core.operations.checkpoints import CheckpointMade, running_hashes
from counterfoil.command_line import app
from sync_server.audit import verify_database
from sync_server.centre.checkpoints import FEEDS_AT_ONCE, make_checkpoint, make_if_due
from sync_server.centre.issue import Centre, Issued, issue
from sync_server.settings import CheckpointPolicy
from sync_server.store.memory import MemoryDatabase
from sync_server.store.postgres import PostgresHome
from tests.sync_server.centre_bank import CentreBank, Desk
from tests.sync_server.home_bank import HomeBank

POLICY = CheckpointPolicy(minutes=15, operations=5)


def due(bank: CentreBank, minutes: int = 0) -> Issued | None:
    """What a look some minutes from now makes."""
    clock = FixedClock(bank.clock.now_ms() + minutes * 60_000)
    with bank.connection() as connection:
        made = make_if_due(PostgresHome(connection), Centre(bank.keys, clock, Identifiers(clock)), POLICY)
    return made[-1] if made else None


@pytest.fixture(scope="module")
def desk(bank: CentreBank, address: str) -> Desk:
    made = bank.desk("nor-1", "nor")
    made.settle(address)
    return made


def test_one_is_made_when_much_or_anything_long_ago_has_happened(bank: CentreBank, address: str, desk: Desk) -> None:
    first = due(bank)
    assert first is not None
    assert due(bank) is None
    assert due(bank, minutes=60) is None, "nothing has happened since"
    desk.account(deposit=100)
    desk.settle(address)
    assert due(bank, minutes=14) is None
    second = due(bank, minutes=16)
    assert second is not None
    assert instant_ms(second.settled.decoded.operation.at) > instant_ms(first.settled.decoded.operation.at)
    account = next(iter(desk.iban_of))
    for _ in range(5):
        desk.make(desk.deposit(account, 1))
    desk.settle(address)
    assert due(bank, minutes=16) is not None


def test_it_says_of_every_feed_what_a_reader_works_out(bank: CentreBank, address: str, desk: Desk) -> None:
    with bank.connection() as connection:
        body = make_checkpoint(PostgresHome(connection), bank.centre)[0].settled.decoded.body
    assert isinstance(body, CheckpointMade)
    assert [mark.feed for mark in body.feeds] == ["bank", "nor"]
    for mark in body.feeds:
        page = desk.feed(address, mark.feed)
        hashes = running_hashes("", [item.verdict.hash for item in page.items])
        assert hashes[mark.position - 1] == mark.hash
        assert page.hash == hashes[-1]
        assert desk.feed(address, mark.feed, limit=3).hash is None, "only where the feed ends"
        assert desk.feed(address, mark.feed, after=page.head).hash == hashes[-1]


def test_the_check_of_the_database_holds_feeds_against_checkpoints(bank: CentreBank, desk: Desk) -> None:
    del desk
    with psycopg.connect(bank.owner_url) as connection:
        assert verify_database(connection, Trust()).holds
    with bank.connection() as connection:
        body = make_checkpoint(PostgresHome(connection), bank.centre)[0].settled.decoded.body
    wrong = msgspec.structs.replace(body, feeds=(body.feeds[0], msgspec.structs.replace(body.feeds[1], hash="A" * 43)))
    bank.issue(None, wrong)
    with psycopg.connect(bank.owner_url) as connection:
        report = verify_database(connection, Trust())
    assert [(fault.table, fault.code) for fault in report.faults] == [("operations", "checkpoint_differs")]


def test_one_is_made_by_hand(bank: CentreBank, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    del desk
    for name, value in bank.environment().items():
        monkeypatch.setenv(name, value)
    before = bank.rows("SELECT count(*) FROM operations WHERE kind = 'checkpoint.made'")[0][0]
    ended = CliRunner().invoke(app, ["checkpoint"])
    assert ended.exit_code == 0, ended.output
    assert "nor" in ended.stdout
    assert bank.rows("SELECT count(*) FROM operations WHERE kind = 'checkpoint.made'")[0][0] == before + 1


def test_a_bank_of_many_branches_signs_it_in_parts() -> None:
    bank = HomeBank(MemoryDatabase())
    names = [f"branch-of-the-town-no-{number:03}" for number in range(2 * FEEDS_AT_ONCE + 50)]
    with bank.database.transaction() as home:
        for name in names:
            home.advance_feed(name, 2**52)
        home.put_feed_hashes(dict.fromkeys(names, "A" * 43))
    with bank.database.transaction() as home:
        parts = make_checkpoint(home, bank.centre)
    feeds = [mark.feed for part in parts for mark in part.settled.decoded.body.feeds]
    assert len(parts) == 3
    assert set(names) <= set(feeds)
    assert feeds == sorted(feeds)
    with bank.database.transaction() as home:
        assert make_if_due(home, bank.centre, POLICY) == (), "all parts of the newest count"
        issue(home, bank.centre, None, StaffAdmitted(**_somebody()))
        bank.maker.clock.advance(POLICY.minutes * 60_000)
        assert len(make_if_due(home, bank.centre, POLICY)) == 3


def _somebody() -> dict[str, Any]:
    return {
        "person": "ane",
        "branch": "nor",
        "role": "teller",
        "currency": "DKK",
        "approval_limit": 0,
        "record": "A" * 43,
    }
