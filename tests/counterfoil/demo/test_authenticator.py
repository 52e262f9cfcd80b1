"""The demo's users read their codes from the running demo, and nobody else can."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.errors import EnvironmentProblem
from core.people.totp import STEP_MS, verify_code
from counterfoil.demo.authenticator import SEEDS_FILE, code_now, keep_seeds

SEEDS = {"ane": b"a" * 20, "karl": b"k" * 20}


def test_the_code_that_is_shown_is_the_one_that_is_asked_for(tmp_path: Path) -> None:
    keep_seeds(tmp_path, SEEDS)
    code, seconds = code_now(tmp_path, "ane")
    now_ms = SystemClock().now_ms()
    assert isinstance(verify_code(SEEDS["ane"], code, now_ms, None), int)
    assert 0 <= seconds <= STEP_MS // 1000


def test_seeds_are_for_their_owners_eyes_also_when_written_again(tmp_path: Path) -> None:
    keep_seeds(tmp_path, SEEDS)
    keep_seeds(tmp_path, {"ane": b"b" * 20})
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / SEEDS_FILE).stat().st_mode) == 0o600
    with pytest.raises(EnvironmentProblem):
        code_now(tmp_path, "karl")


def test_a_stranger_is_told_who_there_is(tmp_path: Path) -> None:
    keep_seeds(tmp_path, SEEDS)
    with pytest.raises(EnvironmentProblem, match="ane, karl") as caught:
        code_now(tmp_path, "mallory")
    assert caught.value.code == "demo_person_unknown"


@pytest.mark.parametrize("content", [None, b"", b"[]", b"\xff\xfe", b'{"ane": 5}', b'{"ane": "not base64url!"}'])
def test_where_no_demo_runs_it_is_said(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / SEEDS_FILE).write_bytes(content)
    with pytest.raises(EnvironmentProblem) as caught:
        code_now(tmp_path, "ane")
    assert caught.value.code == "demo_not_running"
