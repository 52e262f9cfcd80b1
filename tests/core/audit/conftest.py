"""An export to look at, and copies of it to spoil."""

import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from tests.bank import BankInADict
from tests.core.audit.exports import export, worked_day


@pytest.fixture(scope="session")
def worked_bank() -> BankInADict:
    """The bank that was exported; nobody goes on working in it."""
    return worked_day().bank


@pytest.fixture(scope="session")
def exported(worked_bank: BankInADict, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound export; nobody writes into it."""
    directory = tmp_path_factory.mktemp("export") / "chains"
    export(worked_bank, directory)
    return directory


@pytest.fixture(scope="session")
def copy_of(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes a copy that may be spoilt."""
    home = tmp_path_factory.mktemp("copies")
    numbers = count()
    return lambda: Path(shutil.copytree(exported, home / str(next(numbers))))
