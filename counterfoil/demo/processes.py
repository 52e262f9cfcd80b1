"""The demo's programs, each a process of its own: the centre's server and the partner bank."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from core.errors import EnvironmentProblem

START_SECONDS = 60.0
STOP_SECONDS = 20.0
_LOG_TAIL = 2000


def free_port() -> int:
    """A port of this machine that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


class Program:
    """A `counterfoil` program in a process of its own; what it says goes to a log file."""

    def __init__(
        self, name: str, arguments: tuple[str, ...], environment: Mapping[str, str], log: Path, url: str
    ) -> None:
        self.name = name
        self.url = url
        self._log = log
        self._process = start_child(arguments, environment, log)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process, for those who measure it."""
        return self._process.pid

    def wait_ready(self, path: str) -> None:
        """Return once the program answers there. Raises `EnvironmentProblem` with the end of its log if it does not."""
        deadline = time.monotonic() + START_SECONDS
        pause = 0.05
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                if httpx.get(self.url + path, timeout=2, trust_env=False).is_success:
                    return
            except httpx.HTTPError:
                pass
            self._wait_ended(pause)
            pause = min(pause * 1.5, 0.5)
        tail = self._log.read_text(errors="replace")[-_LOG_TAIL:]
        raise EnvironmentProblem(f"The {self.name} did not start. The end of its log:\n{tail}", code="start_failed")

    def _wait_ended(self, seconds: float) -> None:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return

    def stop(self) -> None:
        """Ask the program to end, and see that it does."""
        stop_child(self._process)


def start_child(arguments: tuple[str, ...], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """One of our own programs as a child in a session of its own, so that Ctrl+C reaches us alone."""
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "counterfoil", *arguments],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


def stop_child(process: subprocess.Popen[bytes]) -> None:
    """Ask a child to end, and see that it does."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
