"""A bank over either home, with two desks of one branch, that is backed up and restored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from sync_server.environment import Secret
from sync_server.store.migrate import migrate
from tests.sync_server.restored_bank import Backups, DeskAtWork, RestoredBank

ROLE = "counterfoil_restored"


@pytest.fixture(scope="session")
def template(make_database: Callable[..., str]) -> str:
    """A database with the centre's schema and nothing in it."""
    url = make_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN".encode())
    migrate(Secret(url), Secret(f"postgresql://{ROLE}@127.0.0.1/{ROLE}"))
    return url.rpartition("/")[2].partition("?")[0]


@pytest.fixture(params=["memory", "postgres"])
def bank(
    request: pytest.FixtureRequest, make_database: Callable[..., str], template: str, tmp_path: Path
) -> Iterator[RestoredBank]:
    """A bank over either home."""
    backups = Backups() if request.param == "memory" else Backups(make_database, template)
    yield RestoredBank(backups, tmp_path)
    backups.close()


@pytest.fixture
def one(bank: RestoredBank) -> Iterator[DeskAtWork]:
    """A desk at work."""
    with bank.at_work("nor-1", "nor") as desk:
        yield desk


@pytest.fixture
def two(bank: RestoredBank, one: DeskAtWork) -> Iterator[DeskAtWork]:
    """Another desk of the same branch."""
    del one
    with bank.at_work("nor-2", "nor") as desk:
        yield desk
