"""An auditor needs the database's address and a role that may read, and none of the bank's secrets."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from counterfoil.command_line import app
from tests.sync_server.centre_bank import CentreBank

ROLE = "counterfoil_auditor"
READING = (
    ["verify", "--database"],
    ["incarnation", "status"],
    ["case", "list"],
    ["case", "list", "--all"],
    ["case", "show", "1"],
    ["device", "list"],
    ["staff", "keys", "nor-1-t"],
    ["payment", "held"],
)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(scope="module")
def worked(bank: CentreBank, address: str) -> CentreBank:
    """A bank with a case."""
    desk = bank.desk("nor-1", "nor")
    account = desk.account(deposit=900_00)
    desk.make(desk.withdrawal(account, 5_000_00))
    desk.settle(address)
    return bank


@pytest.fixture(scope="module")
def reader(worked: CentreBank) -> str:
    """The database's address for a role as the page on operating the centre makes it."""
    page = (Path(__file__).parents[3] / "docs" / "operating.md").read_text("utf-8")
    statements = page.partition("<!-- auditor -->")[2].partition("```sql\n")[2].partition("```")[0]
    assert ROLE in statements
    with psycopg.connect(worked.owner_url, autocommit=True) as connection:
        connection.execute(statements.encode())
    return f"{worked.owner_url.partition('//')[0]}//{ROLE}:a-password-of-its-own@{worked.owner_url.partition('@')[2]}"


@pytest.fixture
def only_the_address(reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERFOIL_DATABASE_URL", reader)


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
@pytest.mark.usefixtures("only_the_address")
def test_what_only_reads_needs_no_secret(arguments: list[str]) -> None:
    ended = run(*arguments)
    assert ended.exit_code == 0, ended.output


@pytest.mark.usefixtures("only_the_address")
def test_a_persons_work_is_written_out_by_whoever_may_read(tmp_path: Path) -> None:
    ended = run("export-work", "--staff", "nor-1-t", "--out", str(tmp_path / "work"), "--centre")
    assert ended.exit_code == 0, ended.output


def test_the_role_reads_no_password_and_writes_nothing(reader: str) -> None:
    with psycopg.connect(reader, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(b"SELECT * FROM credentials")
        connection.execute(b"SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(b"UPDATE cases SET state = 'closed'")


def test_a_case_is_closed_by_somebody_for_a_reason_and_shows_it(
    worked: CentreBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in worked.environment().items():
        monkeypatch.setenv(name, value)
    by = ["--by", "nor-1-s", "--reason", "the customer brought it back"]
    assert "rights_exceeded" in run("case", "list").stdout
    for arguments in (["close", "1"], ["reopen", "1"], ["close", "1"]):
        ended = run("case", *arguments, *by)
        assert ended.exit_code == 0, ended.output
    shown = run("case", "show", "1").stdout
    assert "Case 1, closed: rights_exceeded" in shown
    assert (shown.count("Closed by nor-1-s at"), shown.count("Opened again by nor-1-s at")) == (2, 1)
    assert "the customer brought it back" in shown
    assert "nor-1-s" in run("case", "list", "--all").stdout
    assert run("verify", "--database").exit_code == 0
    with worked.connection(as_owner=True) as connection:
        connection.execute(b"UPDATE cases SET state = 'open' WHERE no = 1")
    ended = run("verify", "--database")
    assert ended.exit_code == 1
    assert "case_decision_differs" in ended.stderr
    with worked.connection(as_owner=True) as connection:
        connection.execute(b"UPDATE cases SET state = 'closed' WHERE no = 1")
