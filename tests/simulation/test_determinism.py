"""What a seed does depends on the seed and the program alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from counterfoil.simulation.running import run

_RUN = """
from counterfoil.simulation.running import prepared, run
with prepared():
    outcomes = [run(seed, 60, journal=True) for seed in (3, 4)]
print([(outcome.digest, outcome.operations, outcome.broken, outcome.journal) for outcome in outcomes])
"""


def _said(checkout: Path, hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", _RUN], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_seed_does_the_same_in_every_process_whatever_strings_hash_to() -> None:
    checkout = Path(__file__).resolve().parents[2]
    assert _said(checkout, "1") == _said(checkout, "2")


@pytest.mark.usefixtures("simulator")
def test_a_seed_does_the_same_after_others_were_run() -> None:
    first = run(7, 60, journal=True)
    run(8, 60)
    assert run(7, 60, journal=True) == first


@pytest.mark.usefixtures("simulator")
def test_seeds_do_different_things() -> None:
    assert run(7, 60).digest != run(8, 60).digest
