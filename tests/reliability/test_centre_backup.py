"""The centre's database is backed up as of one moment, comes back whole or is refused, and serves nobody too early."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import psycopg
import pytest

from sync_server.restored import incarnation_begins
from tests.counterfoil.test_command_line import Said, run
from tests.reliability.centre_site import wait_until
from tests.sync_server.centre_bank import CentreBank, Desk, found_bank

Database = Callable[[], str]


@pytest.fixture(scope="module")
def bank(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> CentreBank:
    return found_bank(postgres, tmp_path_factory.mktemp("centre") / "secrets")


@pytest.fixture(scope="module")
def desk(bank: CentreBank) -> Desk:
    """A desk whose work is at the centre."""
    made = bank.desk("nor-1", "nor")
    with bank.served() as address:
        made.account(1_000_00)
        made.settle(address)
    return made


def command(bank: CentreBank, *words: str, owner_url: str = "") -> Said:
    environment = {**bank.environment(), "COUNTERFOIL_DATABASE_OWNER_URL": owner_url or bank.owner_url}
    return run(environment, *words)


def in_database(bank: CentreBank, url: str) -> CentreBank:
    """The same bank in another database."""
    name = url.rpartition("/")[2]
    return replace(bank, owner_url=url, app_url=f"{bank.app_url.rpartition('/')[0]}/{name}")


@pytest.fixture(scope="module")
def backup(bank: CentreBank, desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made while the desk works on."""
    folder, stop, pushed = tmp_path_factory.mktemp("backup") / "monday", threading.Event(), threading.Event()
    account = next(iter(desk.iban_of))
    with bank.served() as address:

        def work() -> None:
            while not stop.is_set():
                for _ in range(20):
                    desk.make(desk.deposit(account, 1_00))
                desk.settle(address)
                pushed.set()

        worker = threading.Thread(target=work)
        worker.start()
        try:
            assert pushed.wait(20)
            said = command(bank, "backup", "centre", str(folder)).done()
        finally:
            stop.set()
            worker.join()
    assert "operations as of" in said
    return folder


@pytest.fixture(scope="module")
def restored(bank: CentreBank, backup: Path, make_database: Database) -> CentreBank:
    """The bank in a database that the command has restored."""
    again = in_database(bank, make_database())
    said = command(again, "restore", "centre", str(backup)).done()
    assert "Everything holds" in said
    assert "counterfoil incarnation begin" in said
    return again


def rows_of(bank: CentreBank, question: str) -> list[tuple[object, ...]]:
    with bank.connection(as_owner=True) as connection:
        return connection.execute(question.encode()).fetchall()


def test_what_comes_back_is_one_moment_of_what_was_there(
    bank: CentreBank, restored: CentreBank, backup: Path, desk: Desk
) -> None:
    restored.assert_conserved()
    head = rows_of(restored, "SELECT seq FROM chains WHERE device = 'nor-1'")[0][0]
    manifest = json.loads((backup / "manifest.json").read_text())
    assert manifest["operations"] == rows_of(restored, "SELECT count(*) FROM operations")[0][0]
    assert isinstance(head, int)
    assert 0 < head <= desk.pushed
    columns = "SELECT device, seq, hash, verdict, jws FROM operations"
    assert set(rows_of(restored, columns)) <= set(rows_of(bank, columns))


def test_the_applications_role_may_do_there_what_it_might(restored: CentreBank) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), restored.connection() as connection:
        connection.execute("UPDATE operations SET verdict = 'applied'")
    assert restored.rows("SELECT count(*) FROM operations")


def test_no_server_answers_from_it_before_an_incarnation_has_begun(restored: CentreBank, desk: Desk) -> None:
    with restored.served() as address:
        ready = httpx.get(f"{address}/readyz", trust_env=False, timeout=10)
        assert (ready.status_code, ready.json()["retry"]) == (503, True)
        refused = desk.request(address, "GET", "/v1/feeds/nor?after=0&limit=10")
        assert (refused.status_code, refused.json()["code"]) == (503, "database_unavailable")
        with restored.connection() as connection:
            incarnation_begins(connection)
        wait_until(lambda: httpx.get(f"{address}/readyz", trust_env=False, timeout=10).is_success, "the server")
        answer = desk.push(address, desk.chain.operations[-10:])
        assert answer.status_code == 200


@pytest.fixture
def copy(backup: Path, tmp_path: Path) -> Path:
    """A backup to be spoilt."""
    return Path(shutil.copytree(backup, tmp_path / "copy"))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "a bit of the dump": (lambda folder: flip(folder / "centre.dump"), "backup_damaged"),
    "a dump cut short": (lambda folder: (folder / "centre.dump").write_bytes(b""), "backup_damaged"),
    "the heads": (lambda folder: flip(folder / "heads.json"), "backup_of_other_bank"),
    "no manifest": (lambda folder: (folder / "manifest.json").unlink(), "backup_unreadable"),
    "no folder": (shutil.rmtree, "backup_unreadable"),
}


@pytest.mark.parametrize(("spoil", "code"), SPOILT.values(), ids=SPOILT.keys())
def test_a_spoilt_backup_is_refused_and_nothing_is_written(
    bank: CentreBank, copy: Path, make_database: Database, spoil: Callable[[Path], object], code: str
) -> None:
    spoil(copy)
    empty = in_database(bank, make_database())
    command(empty, "restore", "centre", str(copy)).refused_with(code)
    assert rows_of(empty, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [(0,)]


def test_it_is_restored_into_an_empty_database_only(bank: CentreBank, backup: Path) -> None:
    command(bank, "restore", "centre", str(backup)).refused_with("database_not_empty")
    command(bank, "backup", "centre", str(backup)).refused_with("backup_exists")


def test_a_backup_of_books_that_were_changed_is_not_to_be_used(
    bank: CentreBank, restored: CentreBank, make_database: Database, tmp_path: Path
) -> None:
    changed = in_database(bank, make_database())
    with changed.connection(as_owner=True) as connection:
        connection.execute("SELECT 1")
    command(restored, "backup", "centre", str(tmp_path / "first")).done()
    command(changed, "restore", "centre", str(tmp_path / "first")).done()
    with changed.connection(as_owner=True) as connection:
        connection.execute("UPDATE deposit_accounts SET posted = posted + 100")
    command(changed, "backup", "centre", str(tmp_path / "second")).done()
    last = in_database(bank, make_database())
    said = command(last, "restore", "centre", str(tmp_path / "second"))
    assert said.exit_code == 1
    assert "deposit_accounts" in said.err
    assert "Do not use this database" in said.out


def test_no_other_user_can_read_a_backup(backup: Path) -> None:
    assert backup.stat().st_mode & 0o077 == 0
    assert [path.stat().st_mode & 0o077 for path in backup.iterdir()] == [0, 0, 0]
