"""A desk's file is copied while it works, a copy is checked before it counts, and an old one is known for old."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.audit.device_file import DeviceFile, check_device_file
from core.audit.report import Faulty
from core.device import Device
from core.errors import IntegrityFault, StoreProblem
from core.secrets.opening import VAULT_FILE_NAME
from core.secrets.vault import FileVault
from core.store.backup import back_up, restore
from core.store.engine import connect
from tests.core.device.conftest import OpenBranch, branch, centre, clock
from tests.core.device.desk import Desk
from tests.counterfoil.test_command_line import Said, run

__all__ = ["branch", "centre", "clock"]


def key_of(desk: Desk) -> bytes:
    return desk.secrets.kept["database-key"]


@pytest.fixture
def account(branch: OpenBranch) -> str:
    """An account with money in it, everything sent."""
    desk = branch.desk
    made = desk.account(branch.teller, desk.customer(branch.teller, branch.supervisor))
    desk.perform(branch.teller, desk.deposited(made, 900_00))
    desk.sync()
    return made


def copied(desk: Desk, target: Path) -> DeviceFile:
    """Back the desk's file up; what the check of the copy says."""
    found: list[DeviceFile] = []
    back_up(desk.path, target, key_of(desk), lambda path: found.append(check_device_file(path, key_of(desk))))
    return found[0]


def restored(desk: Desk, backup: Path, **more: bool) -> Path | None:
    return restore(backup, desk.path, key_of(desk), lambda path: _checked(path, key_of(desk)), **more)


def _checked(path: Path, key: bytes) -> None:
    check_device_file(path, key)


def test_a_backup_says_what_is_in_it(branch: OpenBranch, account: str, tmp_path: Path) -> None:
    desk = branch.desk
    desk.perform(branch.teller, desk.deposited(account, 1_00))
    found = copied(desk, tmp_path / "copy.db")
    assert (found.device, found.epoch, found.branch, found.unsent) == ("odense-1", 1, "odense", 1)
    assert found.operations > desk.device.chain_head()[0]
    assert "odense-1" in next(found.lines())
    assert [path.name for path in tmp_path.glob("copy*")] == ["copy.db"]


def test_a_backup_is_one_moment_however_much_is_done_meanwhile(
    branch: OpenBranch, account: str, tmp_path: Path
) -> None:
    desk, stop, done = branch.desk, threading.Event(), threading.Event()

    def work() -> None:
        while not stop.is_set():
            desk.perform(branch.teller, desk.deposited(account, 1_00))
            done.set()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        unsent = []
        for number in range(3):
            done.clear()
            assert done.wait(20)
            unsent.append(copied(desk, tmp_path / f"copy-{number}.db").unsent)
    finally:
        stop.set()
        worker.join()
    assert 0 < unsent[0] < unsent[1] < unsent[2] <= desk.device.outbox().length


def test_a_restored_file_hands_over_what_was_not_sent(branch: OpenBranch, account: str, tmp_path: Path) -> None:
    desk = branch.desk
    desk.perform(branch.teller, desk.deposited(account, 50_00))
    copied(desk, tmp_path / "copy.db")
    desk.device.close()
    for path in desk.path.parent.glob("odense-1.db*"):
        path.unlink()
    assert restored(desk, tmp_path / "copy.db") is None
    desk.device = Device.open(desk.path, desk.secrets, desk.clock, desk.randomness)
    assert desk.device.outbox().length >= 1
    desk.sync()
    assert desk.device.outbox().length == 0


def test_a_restored_file_that_is_behind_is_stopped_by_the_feed(
    branch: OpenBranch, account: str, tmp_path: Path
) -> None:
    desk = branch.desk
    copied(desk, tmp_path / "copy.db")
    desk.perform(branch.teller, desk.deposited(account, 800_00))
    desk.sync()
    desk.device.close()
    aside = restored(desk, tmp_path / "copy.db", replace=True)
    assert aside is not None
    assert check_device_file(aside, key_of(desk)).unsent == 0
    for anchor in desk.path.parent.glob("anchor/*"):
        anchor.unlink()
    desk.device = Device.open(desk.path, desk.secrets, desk.clock, desk.randomness)
    with pytest.raises(IntegrityFault, match="device_behind"):
        desk.read()
    assert desk.device.stopped


def test_a_file_that_is_there_or_in_use_is_not_written_over(branch: OpenBranch, account: str, tmp_path: Path) -> None:
    desk = branch.desk
    copied(desk, tmp_path / "copy.db")
    with pytest.raises(StoreProblem) as refused:
        copied(desk, tmp_path / "copy.db")
    assert refused.value.code == "store_exists"
    with pytest.raises(StoreProblem) as refused:
        restored(desk, tmp_path / "copy.db", replace=True)
    assert refused.value.code == "store_in_use"
    desk.device.close()
    with pytest.raises(StoreProblem) as refused:
        restored(desk, tmp_path / "copy.db")
    assert refused.value.code == "store_exists"
    desk.device = Device.open(desk.path, desk.secrets, desk.clock, desk.randomness)
    desk.perform(desk.sign_in("jens"), desk.deposited(account, 1_00))


TAMPERED: dict[str, tuple[str, str]] = {
    "a posting's amount": ("UPDATE postings SET amount = amount + 1 WHERE line = 0", "posting_differs"),
    "a posting gone": ("DELETE FROM postings WHERE line = 0", "posting_differs"),
    "a stored balance": ("UPDATE deposit_accounts SET posted = posted + 1", "balance_differs"),
    "a running balance": ("UPDATE postings SET balance = balance + 1", "balance_differs"),
    "the last operation gone": (
        "DELETE FROM operations WHERE no = (SELECT max(no) FROM operations WHERE kind = 'cash.deposited')",
        "stored_head_differs",
    ),
    "an operation gone in the middle": (
        "DELETE FROM operations WHERE no = (SELECT min(no) FROM operations WHERE kind = 'drawer.opened')",
        "seq_not_contiguous",
    ),
    "a signature": (
        "UPDATE operations SET jws = substr(jws, 1, length(jws) - 4) || 'AAAA' WHERE kind = 'cash.deposited'",
        "jws_signature",
    ),
    "a chain cut short": ("UPDATE chains SET seq = seq + 5 WHERE device = 'centre'", "stored_head_differs"),
    "more acknowledged than there is": ("UPDATE head SET acked_seq = 10000", "stored_head_differs"),
}


@pytest.mark.parametrize(("statement", "code"), TAMPERED.values(), ids=TAMPERED.keys())
def test_a_copy_that_contradicts_itself_is_not_put_back(
    branch: OpenBranch, account: str, tmp_path: Path, statement: str, code: str
) -> None:
    desk, backup = branch.desk, tmp_path / "copy.db"
    copied(desk, backup)
    desk.device.close()
    spoil(backup, key_of(desk), lambda cursor: cursor.execute(statement))
    before = desk.path.read_bytes()
    with pytest.raises(Faulty) as faulty:
        restored(desk, backup, replace=True)
    assert faulty.value.fault.code == code, faulty.value
    assert (desk.path.read_bytes(), list(desk.path.parent.glob("*replaced*"))) == (before, [])


def spoil(path: Path, key: bytes, change: Callable[[Any], object]) -> None:
    connection = connect(path, key, write_ahead=False)
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF")
    change(cursor)
    connection.close()


def test_a_torn_copy_is_not_put_back(branch: OpenBranch, account: str, tmp_path: Path) -> None:
    desk, backup = branch.desk, tmp_path / "copy.db"
    copied(desk, backup)
    desk.device.close()
    whole = backup.read_bytes()
    for torn in (whole[: len(whole) // 2], whole[:9000] + bytes(4096) + whole[13096:], b""):
        backup.write_bytes(torn)
        with pytest.raises(StoreProblem) as refused:
            restored(desk, backup, replace=True)
        assert refused.value.code in {"store_damaged", "store_disk_error", "store_wrong_key"}
    assert list(desk.path.parent.glob("*.new*")) == []


def test_the_commands_copy_and_put_back_a_desks_file(branch: OpenBranch, account: str, tmp_path: Path) -> None:
    desk, data = branch.desk, tmp_path / "data"
    desk.device.close()
    data.mkdir()
    vault = FileVault.create(data / VAULT_FILE_NAME, "gulls over the harbour")
    for name, kept in desk.secrets.kept.items():
        vault.put(name, kept)
    desk.path.rename(data / "device.db")
    environment = {"COUNTERFOIL_SECRETS": "vault", "COUNTERFOIL_VAULT_PASSPHRASE": "gulls over the harbour"}

    def command(*words: str) -> Said:
        return run(environment, *words, "--data", str(data))

    copy = tmp_path / "copy.db"
    assert "odense-1" in command("backup", "device", str(copy)).done()
    command("restore", "device", str(copy)).refused_with("store_exists")
    said = command("restore", "device", str(copy), "--replace").done()
    assert "replaced-1" in said
    assert "pays nothing out" in said
    spoil(copy, key_of(desk), lambda cursor: cursor.execute("UPDATE deposit_accounts SET posted = 7"))
    refused = command("restore", "device", str(copy), "--replace")
    assert (refused.exit_code, refused.out) == (1, "")
    assert "balance_differs" in refused.err
    desk.path = data / "device.db"
    desk.device = Device.open(desk.path, desk.secrets, desk.clock, desk.randomness)
