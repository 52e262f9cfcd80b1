"""Runs an application with uvicorn, in one process or several on one port, until it is told to stop."""

from __future__ import annotations

import errno
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import connection, parent_process
from tempfile import TemporaryDirectory
from types import FrameType

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from core.errors import EnvironmentProblem
from sync_server.metrics import SHARED_FOLDER_VARIABLE
from sync_server.web.heads import HeadLimit

_BACKLOG = 512
_KEEP_ALIVE_SECONDS = 75
"""Longer than a device's pause between two looks at its feed, so that it keeps its connection."""

Ready = Callable[[str], None]


def run(
    factory: Callable[[], ASGIApp],
    *,
    host: str,
    port: int,
    workers: int = 1,
    grace_seconds: int = 10,
    ready: Ready | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, then end what is under way within `grace_seconds` and return.

    `factory` makes the application in each process; with several it must be picklable (a `functools.partial`
    of a module's function). `ready` is told the address as soon as connections queue there. Raises
    `EnvironmentProblem` (`address_in_use`, `address_unusable`, `start_failed`, and what `factory` raises).
    """
    if workers > 1:
        # What stops the application being made is said here once, in plain words, not by each process in turn.
        factory()
    listening = listening_socket(host, port)
    address = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
    config = uvicorn.Config(
        factory if workers == 1 else partial(_in_worker, factory),
        factory=True,
        http=HeadLimit,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=grace_seconds,
    )
    structlog.get_logger(__name__).info("listening", address=address, processes=workers)
    with listening, _handlers_kept():
        if ready is not None:
            ready(address)
        if workers == 1:
            _run_here(config, listening)
        else:
            with _shared_figures():
                _run_several(config, listening)


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that takes connections from here on. Raises `EnvironmentProblem`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Only where TCP is named does asyncio answer without waiting for the client's acknowledgement (TCP_NODELAY):
    # otherwise each answer over a kept connection takes 40 ms longer.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except (OSError, UnicodeError) as problem:
        listening.close()
        in_use = isinstance(problem, OSError) and problem.errno == errno.EADDRINUSE
        advice = "Stop the program that uses it, or choose another port." if in_use else "Check the address."
        said = problem.strerror if isinstance(problem, OSError) else "not an address"
        raise EnvironmentProblem(
            f"Can't listen on {host} port {port}: {said}. {advice}",
            code="address_in_use" if in_use else "address_unusable",
        ) from problem
    listening.set_inheritable(True)
    return listening


def _run_here(config: uvicorn.Config, listening: socket.socket) -> None:
    server = uvicorn.Server(config)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # uvicorn raises the signal again after it has stopped, and one may come before it listens for them.
        server.should_exit = True

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
    server.run(sockets=[listening])


def _run_several(config: uvicorn.Config, listening: socket.socket) -> None:
    supervisor = Multiprocess(config, [listening])
    supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise EnvironmentProblem("The server could not start: its log says why.", code="start_failed")


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Put the signal handlers back that were there before."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@contextmanager
def _shared_figures() -> Iterator[None]:
    """A folder through which the processes started inside share their figures."""
    if os.environ.get(SHARED_FOLDER_VARIABLE):
        yield
        return
    with TemporaryDirectory(prefix="counterfoil-metrics-") as folder:
        os.environ[SHARED_FOLDER_VARIABLE] = folder
        try:
            yield
        finally:
            del os.environ[SHARED_FOLDER_VARIABLE]


def _in_worker(factory: Callable[[], ASGIApp]) -> ASGIApp:
    """Make the application in a process of several, which must not outlive the one that started it."""
    parent = parent_process()
    if parent is not None:
        watch = threading.Thread(target=_stop_after, args=(parent.sentinel,), name="parent-watch", daemon=True)
        watch.start()
    try:
        return factory()
    except Exception as problem:
        # With any other exit code the process would be started again, for ever.
        structlog.get_logger(__name__).exception("start.failed")
        raise SystemExit(STARTUP_FAILURE) from problem


def _stop_after(parent_sentinel: int) -> None:
    connection.wait([parent_sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
