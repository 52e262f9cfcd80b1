"""The server says whether it lives and whether it can serve, and starts before its database does."""

from collections.abc import Callable
from pathlib import Path

import httpx
import psycopg
import pytest
from alembic.script import ScriptDirectory
from nacl.signing import SigningKey

from core.clock import FixedClock, SystemClock
from sync_server import health
from sync_server.app import create_app
from sync_server.centre.keys import CentreKeys
from sync_server.environment import Secret
from sync_server.health import health_router
from sync_server.settings import ServerSettings
from tests.sync_server.serving import served

KEYS = CentreKeys(SigningKey(bytes(32)), bytes(32))

SettingsOf = Callable[..., ServerSettings]


def ask(settings: ServerSettings, path: str, clock: FixedClock | None = None) -> httpx.Response:
    app = create_app(settings, clock=clock or SystemClock(), keys=KEYS, routers=(health_router,), companions=())
    with served(app) as address:
        return httpx.get(address + path, timeout=10, trust_env=False)


@pytest.fixture
def migrated(make_database: Callable[..., str]) -> Secret:
    """A database at the newest migration that the code knows, as far as readiness looks."""
    url = make_database()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num text)")
        connection.execute("INSERT INTO alembic_version SELECT %s WHERE %s <> ''", (head := health.schema_head(), head))
    return Secret(url)


def test_a_server_whose_database_is_away_lives_but_is_not_ready(settings_of: SettingsOf) -> None:
    assert ask(settings_of(), "/healthz").json() == {"status": "alive"}
    response = ask(settings_of(), "/readyz")
    assert (response.status_code, response.json()["code"], response.json()["failed"]) == (503, "not_ready", "database")
    assert "retry-after" in response.headers


def test_a_migrated_database_makes_the_server_ready(settings_of: SettingsOf, migrated: Secret) -> None:
    response = ask(settings_of(database_url=migrated), "/readyz")
    assert response.status_code == 200
    assert response.json()["schema"] == health.schema_head()
    assert response.json()["clock_simulated"] is False


def test_a_database_at_another_migration_is_not_served(settings_of: SettingsOf, migrated: Secret) -> None:
    with psycopg.connect(migrated.reveal()) as connection:
        connection.execute("DELETE FROM alembic_version")
        connection.execute("INSERT INTO alembic_version VALUES ('9999_of_the_future')")
    assert ask(settings_of(database_url=migrated), "/readyz").json()["failed"] == "schema"


def test_a_clock_that_is_off_is_noticed_unless_time_is_simulated(settings_of: SettingsOf, migrated: Secret) -> None:
    stopped = FixedClock(1_700_000_000_000)
    assert ask(settings_of(database_url=migrated), "/readyz", stopped).json()["clock_simulated"] is True
    stopped.simulated = False
    assert ask(settings_of(database_url=migrated), "/readyz", stopped).json()["failed"] == "clock"


def test_the_head_is_read_from_the_migrations(tmp_path: Path) -> None:
    assert health.schema_head(tmp_path / "none") == ""
    (tmp_path / "env.py").write_text("")
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions" / "one.py").write_text("revision = 'one'\ndown_revision = None\n")
    assert health.schema_head(tmp_path) == ScriptDirectory(str(tmp_path)).get_current_head() == "one"


def test_figures_are_given_in_the_form_that_prometheus_reads(settings_of: SettingsOf) -> None:
    app = create_app(settings_of(), clock=SystemClock(), keys=KEYS, routers=(health_router,), companions=())
    with served(app) as address, httpx.Client(base_url=address, trust_env=False) as client:
        client.get("/healthz")
        client.get("/nowhere/12345678")
        figures = client.get("/metrics")
    assert figures.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'counterfoil_http_requests_total{method="GET",route="/healthz",status="200"} 1.0' in figures.text
    assert 'counterfoil_http_requests_total{method="GET",route="unmatched",status="404"} 1.0' in figures.text
