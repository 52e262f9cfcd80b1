"""Settings that the centre's tests begin with."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from sync_server.environment import Secret
from sync_server.settings import ServerSettings
from tests.sync_server.centre_bank import CentreBank, found_bank
from tests.sync_server.serving import program


@pytest.fixture(scope="module")
def centre_bank(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CentreBank]:
    """A bank with two branches, `nor` and `syd`, for the tests of one module; at their end its money is all there."""
    made = found_bank(postgres, tmp_path_factory.mktemp("centre") / "secrets")
    yield made
    made.assert_conserved()


@pytest.fixture(scope="module")
def bank(centre_bank: CentreBank) -> CentreBank:
    """The bank whose centre is tested."""
    return centre_bank


@pytest.fixture(scope="module")
def address(centre_bank: CentreBank) -> Iterator[str]:
    """The bank's server, in this process, without its payment jobs."""
    with centre_bank.served() as address:
        yield address


@pytest.fixture(scope="module")
def two_addresses(centre_bank: CentreBank, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Two server processes on the bank's one database; their payment jobs run."""
    folder = tmp_path_factory.mktemp("logs")
    with (
        program("server", centre_bank.environment(), folder / "one") as one,
        program("server", centre_bank.environment(), folder / "two") as two,
    ):
        yield one.address, two.address


NOWHERE = "postgresql://app:none@127.0.0.1:9/nowhere?connect_timeout=1"


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """Log lines as plain text: drawing a bug's every variable takes seconds."""
    kept, root = structlog.get_config(), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(),
        ]
    )
    yield
    structlog.configure(**kept)
    root.handlers, root.level = handlers, level


@pytest.fixture
def settings_of(tmp_path: Path) -> Callable[..., ServerSettings]:
    """Settings of a test server, changed by keyword; without a database unless one is named."""

    def settings(**changes: Any) -> ServerSettings:
        given: dict[str, Any] = {
            "database_url": Secret(NOWHERE),
            "secrets_directory": tmp_path / "secrets",
            "secrets_passphrase": Secret("gulls over the harbour"),
            "bank_bic": "CFOLDKKK",
            "purpose": "test",
            "database_pool_size": 2,
        }
        return ServerSettings(**{**given, **changes})

    return settings
