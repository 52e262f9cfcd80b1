"""Style, types and sizes are kept by machines, so that reviews can be about the bank."""

from collections.abc import Sequence
from pathlib import Path

from tests.architecture.checkers import complaints

MODULE_LINES_MAX = 500


def test_ruff_finds_nothing(checkout: Path) -> None:
    assert complaints(checkout, "ruff", "check", "--quiet") == ""


def test_everything_is_formatted_alike(checkout: Path) -> None:
    assert complaints(checkout, "ruff", "format", "--check") == ""


def test_every_type_is_stated_and_holds(checkout: Path) -> None:
    assert complaints(checkout, "mypy") == ""


def test_every_module_says_what_it_is_for_and_stays_readable(project_files: Sequence[Path]) -> None:
    for path in project_files:
        if path.suffix == ".py":
            lines = path.read_text(encoding="utf-8").splitlines()
            assert len(lines) <= MODULE_LINES_MAX, f"{path} has {len(lines)} lines: is there a folder in it?"
            first = next((line for line in lines if not line.startswith("#")), '"""')
            assert first.startswith(('"""', 'r"""')), f"{path} does not begin with a docstring"
