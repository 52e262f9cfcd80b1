"""The processes of an embedded PostgreSQL: folders and lock, short programs, server and log."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, BinaryIO

from counterfoil.postgres_account import PostgresProblem, cluster_folder, postgres_account, reachable_binaries

READY = b"database system is ready to accept "
"""Connections, or those that only read, where it follows another."""
PORT_TAKEN = b"could not bind"
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60
PR_SET_PDEATHSIG = 1
LOG_LINES_KEPT = 30

FIXED_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "logging_collector": "off",
    "log_destination": "stderr",
    "lc_messages": "C",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class Site:
    """The folders, the account and the lock of one cluster."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._lock = _lock_folder(data_dir)
        self._copied: Path | None = None
        try:
            self.account = postgres_account()
            self.cluster = cluster_folder(data_dir, self.account)
            self.binaries, self._copied = reachable_binaries(self.account)
        except BaseException:
            self._lock.close()
            raise

    def release(self) -> None:
        """Remove copied programs and let another process have the cluster."""
        if self._copied is not None:
            shutil.rmtree(self._copied, ignore_errors=True)
        self._lock.close()

    def program(self, name: str) -> str:
        """The path of one of PostgreSQL's programs."""
        return str(self.binaries / (f"{name}.exe" if sys.platform == "win32" else name))

    def run(self, *words: str, password: str = "") -> subprocess.CompletedProcess[bytes]:
        """Run a short program of PostgreSQL's as its account; `password` is for the server that it speaks to."""
        return subprocess.run(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**_clean_environment(), **({"PGPASSWORD": password} if password else {})},
            cwd=self.cluster if self.cluster.is_dir() else None,
            check=False,
            user=None if self.account is None else self.account.user,
            group=None if self.account is None else self.account.group,
            extra_groups=None if self.account is None else [],
        )

    def ask_to_stop(self, process: subprocess.Popen[bytes]) -> None:
        """Ask for a fast shutdown: connections are ended, what was committed is safe."""
        if sys.platform == "win32":
            self.run(self.program("pg_ctl"), "stop", "-D", str(self.cluster), "-m", "fast", "-W")
        else:
            process.send_signal(signal.SIGINT)

    def stop_orphan(self) -> None:
        """End a server that a killed program left in this cluster: the lock says that nobody owns it."""
        if (self.cluster / "postmaster.pid").exists():
            self.run(self.program("pg_ctl"), "stop", "-D", str(self.cluster), "-m", "fast", "-w")


class Server:
    """The server process, from launch to end, as a child that the terminal's Ctrl+C does not reach."""

    def __init__(self, site: Site, port: int, settings: Mapping[str, str]) -> None:
        self.site = site
        self.port = port
        words = [site.program("postgres"), "-D", str(site.cluster), "-p", str(port)]
        for name, value in {**settings, **FIXED_SETTINGS}.items():
            words += ["-c", f"{name}={value}"]
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_clean_environment(),
            cwd=site.cluster,
            start_new_session=True,
            # What runs between fork and exec is two system calls, prepared beforehand.
            preexec_fn=_end_with_parent(os.getpid()) if sys.platform == "linux" else None,  # noqa: PLW1509
            user=None if site.account is None else site.account.user,
            group=None if site.account is None else site.account.group,
            extra_groups=None if site.account is None else [],
        )
        self._log = ServerLog(self._process.stdout, site.data_dir / "postgres.log")

    def wait_until_ready(self) -> bool:
        """Wait for the first connection to be possible; False if the server ended or took too long."""
        return self._log.wait_until_ready()

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def said(self) -> bytes:
        """The last lines of its log."""
        return self._log.text

    def stop(self) -> None:
        """Stop as `pg_ctl stop -m fast` does, and harder if that takes too long."""
        if self._process.poll() is None:
            self.site.ask_to_stop(self._process)
            try:
                self._process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self.kill()
        self._log.close()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._process.kill()
        self._process.wait()


class ServerLog:
    """Reads what the server says into a file, and notices when it is ready or gone."""

    def __init__(self, stream: IO[bytes] | None, path: Path) -> None:
        self._stream = stream
        self._path = path
        self._lines: deque[bytes] = deque(maxlen=LOG_LINES_KEPT)
        self._settled = threading.Event()
        self.ready = False
        self._reader = threading.Thread(target=self._read, name="postgres-log", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        try:
            with self._path.open("ab", buffering=0) as file:
                for line in self._stream or ():
                    self._lines.append(line)
                    file.write(line)
                    if READY in line:
                        self.ready = True
                        self._settled.set()
        finally:
            self._settled.set()

    def wait_until_ready(self) -> bool:
        """Wait for the first connection to be possible; False if the server ended or took too long."""
        self._settled.wait(START_SECONDS_MAX)
        return self.ready

    def close(self) -> None:
        """Read to the end of what an ended server said."""
        self._reader.join()
        if self._stream is not None:
            self._stream.close()

    @property
    def text(self) -> bytes:
        """The last lines."""
        return b"".join(self._lines)


def _end_with_parent(parent: int) -> Callable[[], None]:
    """What a child does before it becomes the server: ask the kernel for a shutdown when its parent dies."""
    library = ctypes.CDLL(None)

    def ask_kernel() -> None:
        library.prctl(PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel


def _clean_environment() -> dict[str, str]:
    """Nothing of ours reaches the server: no secrets, no PG* settings, no language."""
    kept = ("PATH", "SYSTEMROOT", "SYSTEMDRIVE", "TEMP", "TMP", "TMPDIR")
    return {**{name: os.environ[name] for name in kept if name in os.environ}, "LC_ALL": "C", "TZ": "UTC"}


def _lock_folder(data_dir: Path) -> BinaryIO:
    """Make sure that this process alone works on the folder; the system gives it up if we are killed."""
    file = (data_dir / "lock").open("a+b")
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        file.close()
        raise PostgresProblem(f"Another program is using the PostgreSQL in {data_dir}.", retry=True) from problem
    return file
