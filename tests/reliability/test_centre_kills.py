"""What the centre acknowledged is there once, whatever of it is killed while devices push."""

import sys
from pathlib import Path

import pytest

from tests.reliability.centre_kills import run_kills

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


def test_killed_in_mid_batch_nothing_acknowledged_is_lost_or_counted_twice(tmp_path: Path) -> None:
    figures = run_kills(tmp_path, ("everything", "server"), seed=1, devices=3)
    assert figures.kills == {"everything": 1, "server": 1}
    assert figures.in_flight >= 2
    assert figures.lost_after_commit + figures.lost_before_commit > 0
