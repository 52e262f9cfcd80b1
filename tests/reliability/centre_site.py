"""A centre as an operator runs it: its own durable PostgreSQL and `counterfoil serve`, to be killed from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import httpx
import psutil
import psycopg

from core.clock import SystemClock
from counterfoil.demo.processes import free_port, start_child, stop_child
from counterfoil.embedded_postgres import EmbeddedPostgres
from tests.sync_server.centre_bank import found_bank

SECONDS_MAX = 60.0
"""A condition that does not come true in this time never will."""
_LOOK_AGAIN_SECONDS = 0.02

Kill = Literal["worker", "server", "backend", "postmaster", "everything", "immediate"]
KILLS: tuple[Kill, ...] = ("worker", "server", "backend", "postmaster", "everything", "immediate")


class SteadyClock(SystemClock):
    """The machine's time, for makers that would move their clock on with every operation."""

    def advance(self, _milliseconds: int) -> None:
        """The time goes by itself."""


def wait_until(holds: Callable[[], bool], what: str, *, pause_seconds: float = _LOOK_AGAIN_SECONDS) -> None:
    """Return once it holds; fail with `what` if it never does."""
    deadline, pause = time.monotonic() + SECONDS_MAX, threading.Event()
    while not holds():
        assert time.monotonic() < deadline, f"waited for {what}"
        pause.wait(pause_seconds)


class ServeProcess:
    """`counterfoil serve` with its worker processes on one port, whichever life it is in."""

    def __init__(self, environment: dict[str, str], folder: Path, workers: int) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = folder / "serve.log"
        self._workers = workers
        self.use(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def use(self, environment: dict[str, str]) -> None:
        """Its settings from the next start on."""
        own = {"COUNTERFOIL_PORT": str(self.port), "COUNTERFOIL_WORKERS": str(self._workers)}
        self._environment = {**environment, **own}

    def start(self) -> None:
        """Start it; it answers once `wait_ready` returns."""
        self._process = start_child(("serve",), self._environment, self.log)

    def wait_ready(self) -> None:
        """Until it can serve."""
        wait_until(self._is_ready, "the server to be ready")

    def stop(self) -> None:
        """As an operator would."""
        if self._process is not None:
            stop_child(self._process)

    def kill(self) -> None:
        """Every process of it, at once."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def kill_worker(self) -> None:
        """One of the processes that serve; the first one starts another."""
        assert self._process is not None
        workers = [
            child for child in psutil.Process(self._process.pid).children() if "spawn_main" in " ".join(child.cmdline())
        ]
        workers[0].kill()

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text(errors="replace")[-2000:]
        try:
            return httpx.get(f"{self.address}/readyz", timeout=2, trust_env=False).is_success
        except httpx.HTTPError:
            return False


class CentreSite:
    """PostgreSQL with all its durability on, a founded bank, and its server; ports stay what they are."""

    def __init__(self, folder: Path, *, workers: int = 2, settings: Mapping[str, str] | None = None) -> None:
        """`settings` of PostgreSQL's own, such as a careless one that a test must catch."""
        self.folder = folder
        self.postgres = EmbeddedPostgres(
            folder / "postgres",
            port=free_port(),
            settings={"shared_buffers": "64MB", "max_connections": "60", **(settings or {})},
        )
        self.postgres.start()
        try:
            self.bank = found_bank(self._make_database(), folder / "secrets", clock=SteadyClock())
        except BaseException:
            self.postgres.discard()
            raise
        self.bank.maker.clock = SteadyClock()  # type: ignore[assignment]
        self.server = ServeProcess(self.bank.environment(), folder, workers)
        self.killed: dict[Kill, int] = dict.fromkeys(KILLS, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.stop()
        self.postgres.discard()

    def kill(self, what: Kill) -> None:
        """Kill it, and start again whatever does not start by itself."""
        self.killed[what] += 1
        if what == "worker":
            self.server.kill_worker()
        elif what == "server":
            self.server.kill()
            self.server.start()
        elif what == "backend":
            self._kill_backend()
        else:
            self.kill_postgres(what)
            self.postgres.start()

    def kill_postgres(self, how: Kill) -> None:
        """The first process alone (the others notice), all of them as in a power cut, or `pg_ctl stop -m immediate`."""
        kill_postgres(self.postgres, how)

    def _kill_backend(self) -> None:
        """A process of PostgreSQL that serves a client: PostgreSQL then starts all of itself anew."""
        clients = [
            child for child in psutil.Process(self.postgres.pid).children() if "counterfoil_app" in _title_of(child)
        ]
        if clients:
            clients[0].kill()

    def _make_database(self) -> str:
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE bank")
        return self.postgres.url_of("bank")


def kill_postgres(postgres: EmbeddedPostgres, how: Kill) -> None:
    """Kill a cluster's server and see its last process gone."""
    first = psutil.Process(postgres.pid)
    children = first.children() if how == "everything" else []
    first.send_signal(signal.SIGQUIT if how == "immediate" else signal.SIGKILL)
    for child in children:
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue
    # Its log ends when the last process that writes there is gone.
    postgres.stop()


def wait_for_commit(site: CentreSite) -> None:
    """Until the centre has committed something more."""
    with psycopg.connect(site.bank.owner_url, autocommit=True) as connection:

        def committed() -> object:
            return connection.execute("SELECT sum(seq) FROM chains").fetchone()

        before = committed()
        wait_until(lambda: committed() != before, "a commit", pause_seconds=0)


def _title_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
