"""A primary with a synchronous standby: what was acknowledged outlives the primary, and the server finds the other."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

from core.sync.messages import Verdict
from counterfoil.demo.processes import free_port
from counterfoil.embedded_postgres import EmbeddedPostgres
from tests.reliability.centre_site import CentreSite, kill_postgres, wait_until
from tests.reliability.held_true import assert_acknowledged, assert_settled, assert_whole
from tests.reliability.load import Load

RECOVERY_SECONDS_MAX = 30.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


class Pair:
    """A centre on two PostgreSQL servers: everything that the primary acknowledges is on the standby's disk."""

    def __init__(self, site: CentreSite, folder: Path) -> None:
        self.site = site
        self.primary = site.postgres
        self.standby = EmbeddedPostgres(
            folder / "standby",
            password=_password_of(site.postgres),
            port=free_port(),
            settings={"shared_buffers": "64MB", "max_connections": "60"},
            standby_of=site.postgres.url,
        )
        self.standby.start()
        with psycopg.connect(self.primary.url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")
        wait_until(lambda: self.state == "sync", "the standby to be synchronous")
        bank = site.bank
        bank.app_url, bank.owner_url = map(self.both, (bank.app_url, bank.owner_url))
        site.server.use(bank.environment())

    @property
    def state(self) -> str | None:
        """How the primary sees its standby."""
        with psycopg.connect(self.primary.url) as connection:
            row = connection.execute("SELECT sync_state FROM pg_stat_replication").fetchone()
        return str(row[0]) if row else None

    @property
    def held_back(self) -> int:
        """Commits that wait for the standby."""
        with psycopg.connect(self.primary.url) as connection:
            row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'").fetchone()
        return int(row[0]) if row else 0

    def both(self, url: str) -> str:
        """The same address with both hosts in it."""
        one = f"127.0.0.1:{self.primary.port}"
        return f"{url.replace(one, f'{one},127.0.0.1:{self.standby.port}')}?target_session_attrs=read-write"

    def fail_over(self) -> None:
        """The primary is gone, all of it at once; the standby takes over."""
        kill_postgres(self.primary, "everything")
        with psycopg.connect(self.standby.url, autocommit=True) as connection:
            connection.execute("SELECT pg_promote(true)")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """For all tests here; the one that fails over comes last."""
    folder = tmp_path_factory.mktemp("pair")
    with CentreSite(folder) as site:
        made = Pair(site, folder)
        try:
            yield made
        finally:
            site.server.stop()
            made.standby.discard()


def test_nothing_is_acknowledged_that_the_standby_does_not_have(pair: Pair) -> None:
    """Or a fail-over at that moment would lose it."""
    site = pair.site
    with site.bank.served(database_pool_size=2) as address:
        desk = site.bank.desk("nor-9", "nor")
        account = desk.account(100_00)
        desk.settle(address)
        kill_postgres(pair.standby, "everything")
        desk.make(desk.deposit(account, 7_00))
        told: list[Sequence[Verdict]] = []
        pushing = threading.Thread(target=lambda: told.append(desk.settle(address)))
        pushing.start()
        wait_until(lambda: pair.held_back == 1, "the commit to wait for the standby")
        assert (told, site.bank.balance(account)) == ([], 100_00)
        pair.standby.start()
        pushing.join(20)
        assert [verdict.verdict for (verdict,) in told] == ["applied"]
        assert site.bank.balance(account) == 107_00


def test_nothing_acknowledged_is_lost_when_the_standby_takes_over(
    pair: Pair, record_property: Callable[[str, object], None]
) -> None:
    site = pair.site
    site.server.start()
    site.server.wait_ready()
    load = Load(site, random.Random(5), devices=3)
    load.start()
    try:
        load.wait_for_progress(2)
        wait_until(lambda: load.in_flight >= 2, "pushes in flight")
        pair.fail_over()
        began = time.monotonic()
        load.wait_for_progress(2)
        recovery = time.monotonic() - began
        assert_acknowledged(load, {})
        assert_whole(site.bank)
    finally:
        load.stop()
    assert_settled(load)
    record_property("recovery_seconds", round(recovery, 1))
    assert recovery < RECOVERY_SECONDS_MAX


def _password_of(postgres: EmbeddedPostgres) -> str:
    password = psycopg.conninfo.conninfo_to_dict(postgres.url)["password"]
    return str(password)
