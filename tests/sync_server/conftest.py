"""Settings that the centre's tests begin with."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from sync_server.environment import Secret
from sync_server.settings import ServerSettings

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
