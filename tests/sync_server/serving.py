"""Real servers for tests: an application in a thread of this process, or a program in a process of its own."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import uvicorn
from fastapi import APIRouter, FastAPI

from core.clock import SystemClock
from core.ids import Identifiers
from sync_server.metrics import Metrics
from sync_server.web.application import web_application
from sync_server.web.heads import HeadLimit
from sync_server.web.serving import listening_socket

_CHECKOUT = Path(__file__).parents[2]
_SAY = "ready=lambda address: print(address, flush=True)"
PROGRAMS = {
    "server": f"from sync_server.app import serve; from sync_server.settings import server_settings as s; "
    f"import os; serve(s(os.environ), {_SAY})",
    "partner_bank": "from sync_server.partner_bank.app import serve; "
    "from sync_server.partner_bank.settings import partner_bank_settings as s; "
    f"import os; serve(s(os.environ), {_SAY})",
}
STOP_SECONDS = 20


@contextmanager
def served(app: FastAPI, http: type[HeadLimit] = HeadLimit) -> Iterator[str]:
    """The application on a free port; gives its address."""
    config = uvicorn.Config(app, http=http, log_config=None, access_log=False, server_header=False)
    listening = listening_socket("127.0.0.1", 0)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(STOP_SECONDS)
        listening.close()
        assert not thread.is_alive()


@contextmanager
def trial(*routers: APIRouter, bytes_max: int = 1000, seconds_max: float = 1) -> Iterator[httpx.Client]:
    """Routers behind the web's edge, really served, and a client of them."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield

    app = web_application(
        title="Trial",
        version="0",
        lifespan=lifespan,
        routers=routers,
        ids=Identifiers(SystemClock()),
        metrics=Metrics(),
        seconds=time.monotonic,
        bytes_max=bytes_max,
        seconds_max=seconds_max,
    )
    with served(app) as address, httpx.Client(base_url=address, timeout=10, trust_env=False) as client:
        yield client


class Program:
    """A running program; `address` is where it listens, `log` what it has written there so far."""

    def __init__(self, process: subprocess.Popen[str], log_path: Path) -> None:
        self.process = process
        self._log_path = log_path
        assert process.stdout is not None
        self.address = process.stdout.readline().strip()
        assert self.address, self.log

    @property
    def log(self) -> str:
        return self._log_path.read_text(encoding="utf-8")

    def stop(self) -> int:
        """Ask it to end, as an operator would; its exit code."""
        self.process.terminate()
        return self.process.wait(STOP_SECONDS)


@contextmanager
def program(name: str, environment: Mapping[str, str], log_path: Path) -> Iterator[Program]:
    """A program of the centre in a process of its own."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("COUNTERFOIL_")}
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAMS[name]],
            cwd=_CHECKOUT,
            env={**inherited, **environment},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    with process:
        try:
            yield Program(process, log_path)
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
