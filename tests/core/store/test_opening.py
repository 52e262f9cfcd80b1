"""The file opens for its owner alone, once at a time, and says in words what is wrong where it does not."""

import os
import subprocess
import sys
from pathlib import Path

import apsw
import pytest
from sqlcipher3 import dbapi2

from core.errors import StoreProblem
from core.store.engine import check_sqlite_version, connect
from core.store.store import Store

KEY = bytes(range(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "device.db"
    Store.open(made, KEY, create=True).close()
    return made


def code_of(path: Path, key: bytes = KEY) -> str:
    with pytest.raises(StoreProblem) as raised:
        Store.open(path, key)
    assert len(raised.value.message) > 40
    return raised.value.code


def test_what_was_committed_is_there_again(path: Path) -> None:
    store = Store.open(path, KEY)
    with store.transaction():
        store.put_setting("language", "da")
    store.close()
    store = Store.open(path, KEY)
    assert store.setting("language") == "da"
    store.close()


def test_what_was_rolled_back_is_not(path: Path) -> None:
    store = Store.open(path, KEY)

    def fail() -> None:
        with store.transaction():
            store.put_setting("language", "da")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert store.setting("language") is None
    store.close()


def test_another_key_does_not_open_it(path: Path) -> None:
    assert code_of(path, bytes(32)) == "store_wrong_key"


def test_nothing_can_be_read_on_the_disk(path: Path) -> None:
    store = Store.open(path, KEY)
    with store.transaction():
        store.put_setting("name", "Ingeborg Thorvaldsen")
    store.close()
    assert b"Ingeborg" not in path.read_bytes()
    assert b"SQLite format" not in path.read_bytes()


def test_a_missing_file_is_not_made_by_opening_it(tmp_path: Path) -> None:
    assert code_of(tmp_path / "nothing.db") == "store_missing"
    assert not (tmp_path / "nothing.db").exists()


def test_a_second_copy_of_the_program_is_kept_out(path: Path) -> None:
    store = Store.open(path, KEY)
    assert code_of(path) == "store_in_use"
    store.close()
    Store.open(path, KEY).close()


def test_the_lock_of_a_killed_program_is_gone(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from core.store.store import Store\n"
        f"Store.open(Path({str(path)!r}), bytes(range(32))); print('open', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == b"open\n"
    assert code_of(path) == "store_in_use"
    child.kill()
    child.wait()
    child.stdout.close()
    child.stdin.close()
    Store.open(path, KEY).close()


def test_a_file_of_a_newer_program_is_left_alone(path: Path) -> None:
    connection = connect(path, KEY)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = path.read_bytes()
    assert code_of(path) == "store_newer"
    assert path.read_bytes() == before


def test_a_damaged_page_is_noticed(path: Path) -> None:
    store = Store.open(path, KEY)
    with store.transaction():
        for number in range(400):
            store.put_setting(f"setting-{number}", "x" * 100)
    store.close()
    content = bytearray(path.read_bytes())
    for place in range(4096 * 2, len(content), 4096):
        content[place + 100] ^= 1
    path.write_bytes(content)

    def read() -> None:
        store = Store.open(path, KEY)
        try:
            with store.transaction():
                [store.setting(f"setting-{number}") for number in range(400)]
        finally:
            store.close()

    with pytest.raises(StoreProblem) as raised:
        read()
    assert raised.value.code == "store_damaged"


def test_a_file_of_zeros_is_no_bank(tmp_path: Path) -> None:
    (tmp_path / "zeros.db").write_bytes(bytes(8192))
    assert code_of(tmp_path / "zeros.db") == "store_wrong_key"


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreProblem) as raised:
        Store.open(tmp_path / "file" / "device.db", KEY, create=True)
    assert raised.value.code == "store_disk_error"


def test_a_full_disk_keeps_nothing_of_the_step(path: Path) -> None:
    store = Store.open(path, KEY)
    store.cursor.execute("PRAGMA max_page_count = 200")

    def fill() -> None:
        with store.transaction():
            for number in range(5000):
                store.put_setting(f"setting-{number}", "x" * 1000)

    with pytest.raises(StoreProblem) as raised:
        fill()
    assert raised.value.code == "store_disk_full"
    assert store.setting("setting-0") is None
    store.cursor.execute("PRAGMA max_page_count = 100000")
    with store.transaction():
        store.put_setting("afterwards", "works")
    store.close()


def test_an_old_sqlite_is_refused() -> None:
    with pytest.raises(StoreProblem) as raised:
        check_sqlite_version((3, 51, 2))
    assert raised.value.code == "store_old_sqlite"
    check_sqlite_version((3, 51, 3))


def test_an_independent_reader_opens_the_file(path: Path) -> None:
    store = Store.open(path, KEY)
    with store.transaction():
        store.put_setting("language", "da")
    store.close()
    reader = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    for pragma in ("cipher='sqlcipher'", "legacy=4"):
        reader.execute(f"PRAGMA {pragma}")
    reader.execute(f"PRAGMA key = \"x'{KEY.hex()}'\"")
    assert list(reader.execute("SELECT value FROM settings WHERE name = 'language'")) == [("da",)]
    assert list(reader.execute("PRAGMA integrity_check")) == [("ok",)]
    reader.close()


def test_it_is_for_its_owner_alone(path: Path) -> None:
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0


def test_an_unreadable_file_is_said_for_what_it_is_while_it_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(path, KEY)
    with store.transaction():
        store.put_setting("language", "da")
    damaged, failed = (
        dbapi2.DatabaseError("database disk image is malformed"),
        dbapi2.OperationalError("disk I/O error"),
    )
    said = [store.explained(problem) for problem in (damaged, failed, damaged)]
    assert [problem.code for problem in said if problem] == ["store_damaged", "store_disk_error", "store_disk_error"]
    assert store.explained(dbapi2.OperationalError("no such table: nothing")) is None
    assert store.explained(ZeroDivisionError()) is None
    store.close()
