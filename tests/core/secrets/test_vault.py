"""The file vault gives back what was put in, to the right passphrase only, whatever happens to the disk."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import KeyringProblem
from core.people.stretching import CHEAPEST
from core.secrets.vault import FileVault

PASSPHRASE = "a passphrase for tests"
SECRET = bytes(range(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the vault is to be."""
    return tmp_path / "secrets.vault"


@pytest.fixture
def vault(path: Path) -> FileVault:
    """A vault with one secret."""
    made = FileVault.create(path, PASSPHRASE, cost=CHEAPEST)
    made.put("database-key", SECRET)
    return made


def _code(path: Path, passphrase: str = PASSPHRASE) -> str | None:
    try:
        FileVault.open(path, passphrase)
    except KeyringProblem as problem:
        return problem.code
    return None


def test_secrets_are_there_when_it_is_opened_again(vault: FileVault, path: Path) -> None:
    vault.put("device-key", b"\x00\xff")
    vault.put("database-key", SECRET[::-1])
    again = FileVault.open(path, PASSPHRASE)
    assert again.get("database-key") == SECRET[::-1]
    assert again.get("device-key") == b"\x00\xff"
    assert again.get("another") is None
    again.remove("device-key")
    again.remove("device-key")
    assert vault.get("device-key") is None, "the file is the truth, not what was once read"


def test_a_passphrase_opens_it_however_the_keyboard_composed_it(path: Path) -> None:
    FileVault.create(path, "på gensyn i morgen", cost=CHEAPEST)
    assert _code(path, "pa\u030a gensyn i morgen") is None


def test_a_wrong_passphrase_is_told_from_damage(vault: FileVault, path: Path) -> None:
    assert _code(path, PASSPHRASE + " ") == "vault_passphrase_wrong"
    assert _code(path, "") == "vault_passphrase_wrong"


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_changed_bit_and_any_missing_end_is_damage(vault: FileVault, path: Path, data: st.DataObject) -> None:
    whole = path.read_bytes()
    changed = bytearray(whole)
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    changed[bit // 8] ^= 1 << bit % 8
    short = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        for damaged in (bytes(changed), short, whole + b"\0"):
            path.write_bytes(damaged)
            assert _code(path) == "vault_damaged"
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("at", [8, 12, 16, 31, 32, 60, -33])
def test_whoever_mends_the_check_sum_after_a_change_still_gets_nothing_in(
    vault: FileVault, path: Path, at: int
) -> None:
    content = bytearray(path.read_bytes()[:-32])
    content[at if at > 0 else at + 32] ^= 1
    path.write_bytes(bytes(content) + hashlib.sha256(content).digest())
    assert _code(path) in {"vault_passphrase_wrong", "vault_damaged"}


def test_no_secret_and_no_name_of_one_stands_in_the_file(vault: FileVault, path: Path) -> None:
    data = path.read_bytes()
    assert SECRET not in data
    assert b"database-key" not in data


def test_it_is_never_made_by_itself_nor_made_twice(vault: FileVault, path: Path) -> None:
    elsewhere = path.with_name("another.vault")
    assert _code(elsewhere) == "vault_missing"
    assert not elsewhere.exists()
    with pytest.raises(KeyringProblem) as caught:
        FileVault.create(path, PASSPHRASE, cost=CHEAPEST)
    assert caught.value.code == "vault_exists"
    assert vault.get("database-key") == SECRET
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_short_passphrase_makes_no_vault(path: Path) -> None:
    with pytest.raises(KeyringProblem) as caught:
        FileVault.create(path, "elevenchars", cost=CHEAPEST)
    assert caught.value.code == "vault_passphrase_short"
    assert not path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits")
def test_only_its_owner_may_read_the_file_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        vault = FileVault.create(path, PASSPHRASE, cost=CHEAPEST)
        assert path.stat().st_mode & 0o777 == 0o600
        path.chmod(0o644)
        vault.put("database-key", SECRET)
        assert path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_a_full_disk_leaves_the_older_secret_and_no_litter(
    vault: FileVault, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(KeyringProblem, match="No space left") as caught:
            vault.put("database-key", b"the newer one")
    assert caught.value.code == "vault_unwritable"
    assert vault.get("database-key") == SECRET
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_what_a_stopped_program_left_beside_the_vault_does_no_harm(vault: FileVault, path: Path) -> None:
    path.with_name(f".{path.name}.{os.getpid()}").write_bytes(b"half")
    vault.put("device-key", b"k")
    assert FileVault.open(path, PASSPHRASE).get("device-key") == b"k"


def test_a_folder_in_its_place_can_t_be_read(tmp_path: Path) -> None:
    assert _code(tmp_path) == "vault_unreadable"


def test_each_write_is_sealed_afresh(vault: FileVault, path: Path) -> None:
    first = path.read_bytes()
    vault.put("database-key", SECRET)
    second = path.read_bytes()
    assert first[:32] == second[:32], "magic word, cost and salt stay"
    assert first[32:56] != second[32:56], "no nonce is used twice"
