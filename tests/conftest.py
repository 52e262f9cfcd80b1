"""What every test stands on: an offscreen window system, a home of its own, and a real PostgreSQL."""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from counterfoil.embedded_postgres import THROW_AWAY_SETTINGS, EmbeddedPostgres

os.environ["QT_QPA_PLATFORM"] = "offscreen"


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No test reads or writes the home of whoever runs it."""
    home = tmp_path_factory.mktemp("home")
    runtime = home / "runtime"
    runtime.mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "USERPROFILE"):
            patch.setenv(name, str(home))
        for name, folder in (("CONFIG", "config"), ("DATA", "data"), ("STATE", "state"), ("CACHE", "cache")):
            patch.setenv(f"XDG_{name}_HOME", str(home / folder))
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        for name in ("DBUS_SESSION_BUS_ADDRESS", "DATABASE_URL", "PYTHON_KEYRING_BACKEND"):
            patch.delenv(name, raising=False)
        yield home


@pytest.fixture(scope="session")
def postgres_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL for this test process; what is in it does not survive a crash, nor need it."""
    cluster = EmbeddedPostgres(
        tmp_path_factory.mktemp("postgres"),
        settings={**THROW_AWAY_SETTINGS, "shared_buffers": "64MB", "max_connections": "100"},
    )
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.discard()


@pytest.fixture(scope="session")
def make_database(postgres_cluster: EmbeddedPostgres) -> Callable[..., str]:
    """Makes an empty database, or a copy of `template` (which nobody may be connected to); answers its URL."""
    numbers = count(1)

    def make(template: str = "template0") -> str:
        name = f"test_{next(numbers)}"
        with psycopg.connect(postgres_cluster.url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE {name} TEMPLATE "{template}" STRATEGY file_copy'.encode())
        return postgres_cluster.url_of(name)

    return make


@pytest.fixture(scope="module")
def postgres(make_database: Callable[..., str]) -> str:
    """The URL (`postgresql://...`) of an empty database that the tests of one module share."""
    return make_database()
