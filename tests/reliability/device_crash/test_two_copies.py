"""One copy of the program to a file: the second says so and leaves, and one that was killed locks nobody out."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.clock import FixedClock, instant_ms
from core.device import Device
from core.errors import StoreProblem
from core.people.stretching import CHEAPEST
from core.secrets.vault import FileVault
from core.store.store import Store
from desktop.settings import STORE_FILE
from tests.bank import DATE
from tests.core.device.desk import MemorySecrets
from tests.desktop.login.test_program import CHECKOUT, PROGRAM

CLOCK = FixedClock(instant_ms(f"{DATE}T18:00:00.000Z"))


def secrets_in(folder: Path) -> MemorySecrets:
    secrets = MemorySecrets()
    secrets.kept = {path.stem: path.read_bytes() for path in folder.glob("*.secret")}
    return secrets


def test_the_second_copy_leaves_and_the_first_goes_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.core.device.crash_writer", str(tmp_path)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        said = [first.stdout.readline()]
        with pytest.raises(StoreProblem) as refused:
            Device.open(tmp_path / "odense-1.db", secrets_in(tmp_path), CLOCK)
        assert refused.value.code == "store_in_use"
        said += [first.stdout.readline() for _ in range(3)]
        first.kill()
        said += first.stdout.readlines()
    device = Device.open(tmp_path / "odense-1.db", secrets_in(tmp_path), CLOCK)
    # The last word may be half said; the device itself has closed the two sessions that were open.
    acknowledged = [int(line.split()[0]) for line in said if line.endswith("\n")]
    assert acknowledged == list(range(acknowledged[0], acknowledged[-1] + 1))
    assert device.chain_head()[0] in (acknowledged[-1] + 2, acknowledged[-1] + 3)
    device.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals to send")
def test_the_second_program_shows_that_the_first_is_running(tmp_path: Path) -> None:
    secrets = FileVault.create(tmp_path / "secrets.vault", "a passphrase for the tests", cost=CHEAPEST)
    for name in ("database-key", "device-key"):
        secrets.put(name, bytes(range(32)))
    store = Store.open(tmp_path / STORE_FILE, bytes(range(32)), create=True)
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "COUNTERFOIL_DATA": str(tmp_path),
        "COUNTERFOIL_SECRETS": "vault",
        "COUNTERFOIL_VAULT_PASSPHRASE": "a passphrase for the tests",
    }
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "running already"],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as second:
        assert second.stdout is not None
        assert second.stdout.readline() == "shown\n"
        second.send_signal(signal.SIGTERM)
        _out, errors = second.communicate(timeout=20)
    assert second.returncode == 0, errors
    with store.transaction():
        store.put_setting("language", "da")
    assert store.setting("language") == "da"
    store.close()
