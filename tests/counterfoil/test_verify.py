"""`counterfoil verify` says in a few lines that all holds, or names the first bad line and fails."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from core.people.keys import key_name
from counterfoil.commands.verify import verify
from tests.bank import BranchDay, open_branch
from tests.core.audit.exports import export

runner = CliRunner()
program = typer.Typer()
program.command()(verify)


@pytest.fixture(scope="module")
def day() -> BranchDay:
    """A branch that has opened and taken one deposit."""
    opened = open_branch()
    opened.deposit(opened.account(), 1_234_56)
    return opened


@pytest.fixture
def chains(day: BranchDay, tmp_path: Path) -> Path:
    """What it wrote out."""
    export(day.bank, tmp_path / "chains")
    return tmp_path / "chains"


def test_a_sound_export_passes_with_its_sums(day: BranchDay, chains: Path) -> None:
    ended = runner.invoke(program, [str(chains), "--centre", key_name(day.bank.centre_key)])
    assert ended.exit_code == 0, ended.output
    assert "17 operations on 3 chains, 3 entries, 2 people" in ended.stdout
    assert "61,234.56" in ended.stdout
    assert "the key that you named" in ended.stdout


def test_a_changed_export_fails_and_the_line_is_named(chains: Path) -> None:
    path = chains / "odense-1-1.jws"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:4], lines[4].replace(b"a", b"b", 1), *lines[5:]]))
    ended = runner.invoke(program, [str(chains)])
    assert ended.exit_code == 1
    assert ended.stderr.startswith("odense-1-1.jws line 5: ")
    assert ended.stdout == ""


def test_a_folder_that_is_not_there_fails_in_words(tmp_path: Path) -> None:
    ended = runner.invoke(program, [str(tmp_path / "nowhere")])
    assert ended.exit_code == 1
    assert "there is no such folder" in ended.stderr
