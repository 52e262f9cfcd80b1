"""The embedded PostgreSQL starts, keeps what it was given, lets nobody in without the password, and ends."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from counterfoil.embedded_postgres import EmbeddedPostgres
from counterfoil.postgres_account import Account, PostgresProblem, postgres_account


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "data")
    server.start()
    yield server
    server.discard()


def answer(server: EmbeddedPostgres, question: str) -> object:
    with psycopg.connect(server.url) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


def server_processes(port: int) -> list[psutil.Process]:
    """The server on this port; a child of its own shows the same words until it has given itself a name."""
    found = {
        process.pid: process
        for process in psutil.process_iter(["cmdline", "ppid"])
        if ["-p", str(port)] == (process.info["cmdline"] or [])[3:5]
    }
    return [process for process in found.values() if process.info["ppid"] not in found]


def test_committed_work_is_there_after_a_restart(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS amount_minor")
    server.stop()
    server.start()
    assert answer(server, "SELECT amount_minor FROM kept") == 42


def test_text_is_utf8_and_sorted_alike_everywhere(server: EmbeddedPostgres) -> None:
    assert answer(server, "SHOW server_encoding") == "UTF8"
    assert answer(server, "SELECT datcollate FROM pg_database WHERE datname = 'postgres'") == "C"
    assert answer(server, "SHOW timezone") == "UTC"


def test_it_listens_on_this_machine_alone(server: EmbeddedPostgres) -> None:
    assert answer(server, "SHOW listen_addresses") == "127.0.0.1"
    assert answer(server, "SHOW unix_socket_directories") == ""


def test_nobody_gets_in_without_the_password(server: EmbeddedPostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url_of("postgres", password="guessed"))
    assert answer(server, "SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = user") is True


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no mode bits")
def test_only_its_owner_can_read_the_password(server: EmbeddedPostgres, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "data" / "password").stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root has rights to give up")
def test_root_is_given_up_and_no_folder_is_opened_for_it(server: EmbeddedPostgres, tmp_path: Path) -> None:
    account = postgres_account()
    assert account is not None
    (process,) = server_processes(server.port)
    assert set(process.uids()) == {account.user}
    assert set(process.gids()) == {account.group}
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_its_programs_can_be_run(server: EmbeddedPostgres) -> None:
    for name in ("pgbench", "psql", "pg_basebackup"):
        said = subprocess.run([server.binaries / name, "--version"], capture_output=True, text=True, check=True)
        assert "PostgreSQL) 18" in said.stdout


def test_a_folder_in_use_is_refused(server: EmbeddedPostgres, tmp_path: Path) -> None:
    with pytest.raises(PostgresProblem, match="Another program is using") as refused:
        EmbeddedPostgres(tmp_path / "data").start()
    assert refused.value.code == "postgres"
    assert answer(server, "SELECT 1") == 1


def test_a_cluster_that_was_left_half_made_is_made_again(server: EmbeddedPostgres, tmp_path: Path) -> None:
    server.stop()
    (tmp_path / "data" / "made").unlink()
    server.start()
    assert answer(server, "SELECT 1") == 1


def test_nothing_is_left_running_or_lying_about(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "data")
    with server:
        port, binaries = server.port, server.binaries
        assert server_processes(port)
        cluster = Path(str(answer(server, "SHOW data_directory")))
        server.discard()
    assert not server_processes(port)
    assert not cluster.exists()
    assert not (tmp_path / "data").exists()
    if "counterfoil-postgres-programs" in str(binaries):
        assert not binaries.exists()


def test_settings_that_it_cannot_start_with_are_told(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "data", settings={"shared_buffers": "much"})
    with pytest.raises(PostgresProblem, match="shared_buffers"):
        server.start()
    server.discard()
    assert not (tmp_path / "data").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_a_killed_program_leaves_no_server_behind(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from counterfoil.embedded_postgres import EmbeddedPostgres\n"
        "server = EmbeddedPostgres(Path(sys.argv[1])); server.start(); print(server.port, flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "data")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        port = int(child.stdout.readline())
        (orphan,) = server_processes(port)
        child.send_signal(signal.SIGKILL)
        child.wait()
        orphan.wait(30)
    again = EmbeddedPostgres(tmp_path / "data")
    again.start()
    try:
        assert answer(again, "SELECT 1") == 1
    finally:
        again.discard()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no mode bits")
def test_an_account_enters_only_where_every_folder_lets_it(tmp_path: Path) -> None:
    stranger = Account(user=4_000_000, group=4_000_000)
    open_folder = tmp_path / "open"
    open_folder.mkdir(mode=0o755)
    tmp_path.chmod(0o700)
    assert not stranger.can_enter(open_folder)
    owner = Account(user=tmp_path.stat().st_uid, group=tmp_path.stat().st_gid)
    assert owner.can_enter(Path("/"))
    tmp_path.chmod(0o700)
    assert stranger.can_enter(Path("/"))
