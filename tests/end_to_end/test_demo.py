"""The demo as a newcomer runs it without a display: the scripted day, through real windows, processes and wires."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DAY_SECONDS = 400


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "out"
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(
        [sys.executable, "-m", "counterfoil", "demo", "--headless", "--out", str(out)],
        capture_output=True,
        text=True,
        timeout=DAY_SECONDS,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "BROKEN" not in done.stdout
    return out


@pytest.fixture(scope="module")
def summary(played: Path) -> dict[str, Any]:
    return dict(json.loads((played / "summary.json").read_text()))


def verify(chains: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "counterfoil", "verify", str(chains)], capture_output=True, text=True, check=False
    )


def test_every_home_conserves_money_and_they_converge(summary: dict[str, Any]) -> None:
    homes = [*summary["devices"].values(), summary["centre"]]
    assert len(homes) == 4
    for home in homes:
        assert home["outbox"] == 0
        for line in home["trial_balance"]:
            assert line["debits"] == line["credits"] > 0
    assert summary["converged"] is True


def test_work_went_on_without_the_line_and_stopped_at_the_rights(summary: dict[str, Any]) -> None:
    assert summary["operations_made_offline"] >= 3
    assert summary["payments_refused"] == 1
    assert "is lacking" in summary["refusals"][0]["why"]


def test_one_partner_payment_settled_and_one_came_back(summary: dict[str, Any]) -> None:
    assert summary["partner_payments"] == {"returned": 1, "settled": 1}


def test_the_day_leaves_its_paper_and_pictures(played: Path) -> None:
    assert (played / "statement.pdf").read_bytes().startswith(b"%PDF-")
    assert len(list((played / "screens").glob("*.png"))) >= 20


def test_the_chains_verify_until_a_byte_or_a_line_is_touched(played: Path, tmp_path: Path) -> None:
    assert verify(played / "chains").returncode == 0
    for place, spoil in enumerate((_change_a_byte, _cut_the_last_line)):
        copy = tmp_path / str(place)
        shutil.copytree(played / "chains", copy)
        spoil(copy / "aarhus-desk-1-1.jws")
        spoilt = verify(copy)
        assert spoilt.returncode == 1
        assert "aarhus-desk-1-1.jws line" in spoilt.stderr


def _change_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _cut_the_last_line(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
