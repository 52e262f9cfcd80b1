"""A checkout's environment is trusted only when it is whole, made again when it is not, and made by one at a time."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from installer.environment import commands, set_up, system_packages
from installer.environment.lock import lock_at_once, one_at_a_time
from installer.environment.progress import Outcome, Progress, SetUpProblem, run_quietly
from installer.environment.set_up import RUNTIME, usable_pip
from installer.environment.stamp import (
    BEGUN,
    COMPLETE,
    STAMP_NAME,
    Stamp,
    fingerprint,
    interpreter_of,
    is_complete,
    read_stamp,
    real_interpreter,
    write_stamp,
)
from installer.environment.virtual_environment import create, explain_failure, pinned_count

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment as the set-up makes it, with its pip, before anything is installed."""
    environment = tmp_path_factory.mktemp("checkout") / ".venv"
    create(environment, Progress(steps=1))
    return environment


@pytest.fixture
def environment(made: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may break."""
    return shutil.copytree(made, tmp_path / ".venv", symlinks=True)


def complete(environment: Path, digest: str = "digest") -> None:
    write_stamp(environment, Stamp(COMPLETE, digest, real_interpreter(environment), (RUNTIME,)))


def test_a_whole_environment_needs_nothing(environment: Path) -> None:
    complete(environment)
    assert is_complete(environment, RUNTIME, "digest")


def test_other_pins_or_another_set_need_work(environment: Path) -> None:
    complete(environment)
    assert not is_complete(environment, RUNTIME, "other pins")
    assert not is_complete(environment, "development", "digest")


def test_an_environment_whose_python_went_away_is_not_whole(environment: Path) -> None:
    complete(environment)
    interpreter_of(environment).unlink()
    assert not is_complete(environment, RUNTIME, "digest")
    assert usable_pip(environment) is None


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"state": "complete"})])
def test_an_illegible_note_is_not_trusted(environment: Path, text: str) -> None:
    (environment / STAMP_NAME).write_text(text)
    assert read_stamp(environment) is None
    assert not is_complete(environment, RUNTIME, "digest")


def test_an_interrupted_environment_is_made_again(environment: Path) -> None:
    assert usable_pip(environment) is not None
    write_stamp(environment, Stamp(BEGUN, interpreter=real_interpreter(environment)))
    assert usable_pip(environment) is None
    pip = create(environment, Progress(steps=1))
    assert run_quietly([*pip, "--version"]).exit_code == 0
    assert usable_pip(environment) is not None


def test_a_moved_checkout_and_changed_pins_change_the_fingerprint(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "requirements").mkdir(parents=True)
        for file in ("requirements/runtime.txt", "requirements/development.txt", "pyproject.toml"):
            shutil.copy(CHECKOUT / file, tmp_path / name / file)
    first = fingerprint(tmp_path / "one")
    assert first != fingerprint(tmp_path / "two")
    (tmp_path / "one/requirements/runtime.txt").write_text("changed==1 --hash=sha256:00\n")
    assert first != fingerprint(tmp_path / "one")


def test_a_failed_download_leaves_what_was_there_and_says_why(
    environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "requirements").mkdir()
    pinned = tmp_path / "requirements/runtime.txt"
    pinned.write_text(f"nothing-of-that-name==1.0 --hash=sha256:{'0' * 64}\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    pip = usable_pip(environment)
    assert pip is not None
    with pytest.raises(SetUpProblem, match="No matching distribution"):
        set_up.install(pip, environment, tmp_path, pinned, Progress(steps=2))
    assert usable_pip(environment) is not None
    assert not is_complete(environment, RUNTIME, fingerprint(CHECKOUT))


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "was not installed"),
        ("Could not fetch URL: connection refused", "pip settings"),
    ],
)
def test_a_failure_comes_with_a_hint(said: str, hint: str) -> None:
    problem = explain_failure(Outcome(1, said))
    assert said in str(problem)
    assert hint in str(problem)


def test_one_run_at_a_time_changes_the_environment(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with one_at_a_time(lock, Progress(steps=1)), lock.open("a+b") as second:
        assert not lock_at_once(second)
    with lock.open("a+b") as third:
        assert lock_at_once(third)


def test_missing_packages_are_named_where_they_cannot_be_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(system_packages, "QT_LIBRARIES", {"libnowhere1": "libnowhere.so.1"})
    monkeypatch.setattr(system_packages, "root_prefix", lambda: None)
    with pytest.raises(SetUpProblem, match="libnowhere1"):
        system_packages.ensure_libraries(Progress(steps=1), for_tests=False)


def test_what_only_tests_want_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system_packages, "QT_LIBRARIES", {})
    monkeypatch.setattr(system_packages, "WINDOW_LIBRARIES", {})
    monkeypatch.setattr(system_packages, "TEST_PROGRAMS", {"nowhere-utils": "no-such-program"})
    monkeypatch.setattr(system_packages, "root_prefix", lambda: None)
    monkeypatch.setattr(sys, "platform", "linux")
    assert system_packages.ensure_libraries(Progress(steps=1), for_tests=True) is False
    assert "nowhere-utils" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["-n", "0"], ["-n4"], ["-p", "no:xdist"], ["--pdb"]])
def test_the_number_of_test_processes_can_be_chosen(arguments: list[str]) -> None:
    assert commands.workers(arguments) == []
    assert commands.workers(["-k", "cash"])[:2] == ["-n", "2"]


def test_pins_are_counted_without_their_hashes() -> None:
    assert 50 < pinned_count(CHECKOUT / "requirements/runtime.txt") < 120


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [([], 2, "usage"), (["--help"], 0, "usage"), (["dance"], 2, "no command"), (["setup", "-x"], 2, "setup knows")],
)
def test_wrong_words_are_answered_with_the_usage(arguments: list[str], exit_code: int, words: str) -> None:
    ended = subprocess.run(
        [sys.executable, CHECKOUT / "run.py", *arguments], capture_output=True, text=True, check=False
    )
    assert ended.returncode == exit_code
    assert words in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
