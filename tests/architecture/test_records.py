"""The checkout records neither where packages were fetched from nor on whose machine it was written."""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

DOWNLOAD = re.compile(
    rb"https?://[^ \"'<>]+\.(?:whl|tar\.gz|tgz|deb)\b|--(?:extra-)?index-url|--find-links|\"resolved\": *\"http",
    re.IGNORECASE,
)
LOCK_FILES_WITH_ADDRESSES = {"uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock"}
THIS_FILE = Path(__file__).name


def test_no_file_names_a_download_address(project_files: Sequence[Path]) -> None:
    for path in project_files:
        assert path.name not in LOCK_FILES_WITH_ADDRESSES
        if path.name != THIS_FILE:
            found = DOWNLOAD.search(path.read_bytes())
            assert found is None, f"{path} records {found.group()!r}"


def test_pinned_files_hold_hashes_and_no_address(checkout: Path) -> None:
    for name in ("server.txt", "runtime.txt", "development.txt"):
        pinned = (checkout / "requirements" / name).read_text(encoding="utf-8")
        assert "//" not in pinned
        entries = re.split(r"\n(?=[A-Za-z])", pinned)[1:]
        assert len(entries) > 50
        assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


def test_no_file_names_a_path_of_this_machine(checkout: Path, project_files: Sequence[Path]) -> None:
    if len(checkout.parts) < 3:
        pytest.skip("the checkout's path is too short to be told from ordinary words")
    here = f"{checkout}/".encode()
    assert [path for path in project_files if here in path.read_bytes()] == []


def test_what_the_project_needs_is_said_alike_in_both_places(checkout: Path) -> None:
    lines = [
        line
        for name in ("server.in", "runtime.in")
        for line in (checkout / "requirements" / name).read_text(encoding="utf-8").splitlines()
    ]
    listed = {line for line in lines if line and not line.startswith(("#", "-r "))}
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))
    assert listed == {*project["project"]["dependencies"], *project["build-system"]["requires"]}


def test_ci_runs_the_test_command_of_the_readme(checkout: Path) -> None:
    assert (checkout / ".ci/run").read_text(encoding="utf-8").splitlines()[-1] == "exec python3 run.py test"
