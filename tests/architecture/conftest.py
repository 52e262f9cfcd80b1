"""What tests about the code itself look at."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

SKIPPED_FOLDERS = frozenset({"__pycache__", "build", "dist", "demo-out", "node_modules"})


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The top of the checkout."""
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def project_files(checkout: Path) -> Sequence[Path]:
    """Every file that belongs to the project; the list needs no git, which a fresh machine lacks."""
    found = []
    for folder, folders, names in os.walk(checkout):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS and (name == ".ci" or name[0] != ".")]
        found += [Path(folder, name) for name in names if name not in (".env", ".venv.lock")]
    return sorted(found)
