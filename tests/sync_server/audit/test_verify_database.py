"""The centre's database, checked while it lives: what holds is said to hold, and one tampered row is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from core.audit.key_set import CENTRE
from core.audit.trust import Known, Trust
from core.operations.transfers import TransferReceived
from core.people.keys import key_name
from sync_server.audit import DatabaseReport, verify_database
from tests.sync_server.audit.harm import HARM, statement_of
from tests.sync_server.centre_bank import CentreBank, Desk, found_bank

SOMETHING = Trust()


def from_partner(account: str, amount: int) -> TransferReceived:
    return TransferReceived(account=account, route="partner", transfer=None, currency="DKK", amount=amount)


def verified(url: str, trust: Trust = SOMETHING) -> DatabaseReport:
    with psycopg.connect(url) as connection:
        return verify_database(connection, trust)


@pytest.fixture(scope="module")
def worked(make_database: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> tuple[CentreBank, Desk]:
    """Two branches; a day with something of everything in it: exceptions, a fork, transfers, a device that ended."""
    bank = found_bank(make_database(), tmp_path_factory.mktemp("audit") / "secrets")
    with bank.served() as address:
        desk, gone = bank.desk("nor-1", "nor"), bank.desk("syd-1", "syd")
        account = desk.account(deposit=900_00)
        desk.settle(address)
        bank.issue("nor", from_partner(account, 400_00))
        assert desk.want(address, account, 100_00).granted == 100_00
        desk.make(desk.withdrawal(account, 200_00))
        desk.make(desk.withdrawal(account, 5_000_00))
        desk.make(desk.transfer(account, 50_00, "DK5000400440116243"))
        desk.settle(address)
        payee = gone.account(deposit=10_00)
        gone.settle(address)
        forked = gone.draft(gone.deposit(payee, 1))
        gone.make(gone.deposit(payee, 2))
        gone.settle(address)
        gone.push(address, [forked])
    return bank, desk


@pytest.fixture
def copy(worked: tuple[CentreBank, Desk], make_database: Callable[..., str]) -> str:
    """A copy of that bank's database, to do harm to."""
    return make_database(worked[0].owner_url.rpartition("/")[2])


def tamper(url: str, statement: str) -> None:
    """As the superuser can, with every trigger off."""
    with psycopg.connect(url) as connection:
        connection.execute(b"SET session_replication_role = replica")
        changed = connection.execute(statement.encode())
        assert changed.rowcount, statement


def test_a_bank_at_work_holds(worked: tuple[CentreBank, Desk]) -> None:
    report = verified(worked[0].owner_url)
    assert [str(fault) for fault in report.faults] == []
    assert report.operations > 35
    assert report.cases >= 3
    assert report.payments == 1


@pytest.mark.parametrize("harm", HARM)
def test_one_tampered_row_is_named(copy: str, harm: str) -> None:
    _statement, table, code = HARM[harm]
    tamper(copy, statement_of(harm))
    report = verified(copy)
    assert not report.holds
    assert (table, code) in {(fault.table, fault.code) for fault in report.faults}, [
        str(each) for each in report.faults
    ]
    assert all(fault.explanation != fault.code for fault in report.faults)


def test_a_bank_rewritten_under_another_key_is_told_from_the_paper(worked: tuple[CentreBank, Desk]) -> None:
    bank, desk = worked
    paper = (Known(bank.keys.kid, CENTRE), Known(key_name(desk.chain.key), "device:nor-1:1"))
    report = verified(bank.owner_url, Trust(paper))
    assert report.holds
    assert report.vouched.centre
    assert report.vouched.on_paper == ("device:nor-1:1",)
    assert "device:syd-1:1" in report.vouched.by_itself
    other = verified(bank.owner_url, Trust((Known("A" * 43, "device:nor-1:1"),)))
    assert [fault.code for fault in other.faults] == ["key_differs_from_paper"]


def test_nothing_can_be_written_while_it_is_checked(worked: tuple[CentreBank, Desk], tmp_path: Path) -> None:
    del tmp_path
    from sync_server.audit.reading import one_view

    with (
        psycopg.connect(worked[0].owner_url) as connection,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
        one_view(connection),
    ):
        connection.execute(b"UPDATE feed_heads SET position = position")
