"""What the device said was done is there after the power went, and the file is whole."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from core.clock import FixedClock, instant_ms
from core.device import Device
from core.envelope import read_operation
from core.store.migrating import check_whole
from core.store.queries.books import entries, trial_balance
from tests.bank import DATE
from tests.core.device.desk import MemorySecrets


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_everything_acknowledged_survives_a_kill(tmp_path: Path, seed: int) -> None:
    command = [sys.executable, "-m", "tests.core.device.crash_writer", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(random.Random(seed).randint(5, 120))]
        child.kill()
        said += child.stdout.readlines()
    acknowledged = dict(line.split() for line in said if line.endswith("\n"))
    secrets = MemorySecrets()
    secrets.kept = {path.stem: path.read_bytes() for path in tmp_path.glob("*.secret")}
    device = Device.open(tmp_path / "odense-1.db", secrets, FixedClock(instant_ms(f"{DATE}T18:00:00.000Z")))
    chain = [read_operation(jws) for jws in device.export_chain("odense-1", 1)]
    there = {str(one.operation.seq): one.hash for one in chain}
    assert acknowledged
    assert acknowledged.items() <= there.items()
    assert [one.operation.prev for one in chain] == [None, *(one.hash for one in chain[:-1])]
    with device.reading() as connection:
        (balance,) = trial_balance(connection)
        assert balance.debits == balance.credits
        posted = {operation for operation, _ in entries(connection)}
    assert {one.operation.id for one in chain if one.operation.kind.startswith("cash.")} <= posted
    device.close()
    check_whole(tmp_path / "odense-1.db", secrets.kept["database-key"])
