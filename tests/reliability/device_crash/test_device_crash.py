"""The writer's process ended, and its disk hindered, at its own calls: a sample here, every point by the command."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.reliability.device_crash.cases import CASES, DEVICE_KINDS

CHECKOUT = Path(__file__).parents[3]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked where they are prepared")


def campaign(*asked: str) -> tuple[int, list[str]]:
    """The command in a process of its own: it forks, and only a process with a single thread may."""
    command = [sys.executable, "-m", "tests.reliability.device_crash", *asked]
    ended = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=False)
    return ended.returncode, ended.stdout.splitlines()


def test_every_kind_that_a_device_may_make_has_a_crash_case() -> None:
    assert set(CASES) >= DEVICE_KINDS


def test_every_write_is_whole_or_not_there_however_it_ends() -> None:
    code, said = campaign("--sample", "1", "--seed", "20261120")
    assert code == 0, "\n".join(said)
    assert f" of {len(CASES)} cases" in said[-1]


@pytest.mark.parametrize(
    ("variant", "case", "mode", "found"),
    [
        ("write-without-sync", "cash.deposited", "power", "what was said to be done is not there"),
        ("write-in-steps", "cash.deposited", "kill", "neither before nor after"),
        ("leave-a-failed-commit", "cash.deposited", "broken", "said store_disk_error, and differs in"),
    ],
)
def test_a_writer_that_does_it_wrongly_is_caught(variant: str, case: str, mode: str, found: str) -> None:
    code, said = campaign("--all", "--power-images", "1", "--variant", variant, "--case", case, "--mode", mode)
    assert code == 1
    assert any(found in line for line in said), "\n".join(said)
