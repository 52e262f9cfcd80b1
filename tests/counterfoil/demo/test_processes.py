"""The demo's programs are processes of their own that say when they are ready, why they are not, and that end."""

from __future__ import annotations

import os
import secrets
import signal
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from core.errors import EnvironmentProblem
from counterfoil.demo.processes import Program, free_port, start_child, stop_child


@pytest.fixture
def partner(tmp_path: Path) -> dict[str, str]:
    """Settings of a partner bank on a free port."""
    given = {
        "PURPOSE": "test",
        "PARTNER_BANK_DATABASE": str(tmp_path / "partner.db"),
        "PARTNER_BANK_TOKEN": secrets.token_urlsafe(24),
        "PARTNER_BANK_PORT": str(free_port()),
    }
    return {f"COUNTERFOIL_{name}": value for name, value in given.items()}


def test_a_program_is_there_when_it_says_so_and_gone_when_it_is_stopped(
    partner: dict[str, str], tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{partner['COUNTERFOIL_PARTNER_BANK_PORT']}"
    with Program("partner bank", ("partner-bank",), partner, tmp_path / "log", url) as program:
        program.wait_ready("/healthz")
        child = psutil.Process(program.pid)
        assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
        if sys.platform != "win32":
            assert os.getsid(program.pid) == program.pid != os.getsid(0)
    assert not child.is_running()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/healthz", trust_env=False)
    program.stop()


def test_a_program_that_does_not_start_says_why(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with (
        Program("partner bank", ("partner-bank",), {}, tmp_path / "log", url) as program,
        pytest.raises(EnvironmentProblem, match="COUNTERFOIL_PARTNER_BANK_TOKEN") as caught,
    ):
        program.wait_ready("/healthz")
    assert caught.value.code == "start_failed"
    assert "The partner bank did not start" in caught.value.message


def test_a_child_that_has_ended_already_may_be_stopped(tmp_path: Path) -> None:
    child = start_child(("frobnicate",), {}, tmp_path / "log")
    assert child.wait(30) == 2
    stop_child(child)
    assert "(usage)" in (tmp_path / "log").read_text()


def test_a_stopped_child_ends_by_its_own_will(partner: dict[str, str], tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{partner['COUNTERFOIL_PARTNER_BANK_PORT']}"
    program = Program("partner bank", ("partner-bank",), partner, tmp_path / "log", url)
    program.wait_ready("/healthz")
    program.stop()
    assert program._process.returncode in (0, -signal.SIGTERM)
    assert "Traceback" not in (tmp_path / "log").read_text()
