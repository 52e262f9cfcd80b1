"""The rooms of the house keep to their doors: import-linter's contracts in pyproject.toml hold."""

from pathlib import Path

from tests.architecture.checkers import complaints


def test_no_layer_imports_one_above_it(checkout: Path) -> None:
    assert complaints(checkout, "lint-imports") == ""
