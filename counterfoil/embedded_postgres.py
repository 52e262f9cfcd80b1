"""A PostgreSQL of our own, from the binaries in a Python package: no installation, no Docker, our child.

It listens on 127.0.0.1 alone, wants a password from everybody, and ends with the program that started it.
"""

import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from counterfoil.postgres_account import MADE_NOTE, PostgresProblem, give_to, noted_cluster
from counterfoil.postgres_process import PORT_TAKEN, Server, Site

SUPERUSER = "counterfoil"
PORT_ATTEMPTS = 5

# For tests and rehearsals whose data nobody will miss.
THROW_AWAY_SETTINGS: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


class EmbeddedPostgres:
    """One PostgreSQL cluster in `data_dir`, running between `start` and `stop`.

    On Linux the server ends when the *thread* that started it ends, so that a killed program leaves nothing
    behind: start it from the main thread, or from one that lives as long as it is needed.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        password: str | None = None,
        settings: Mapping[str, str] | None = None,
        port: int | None = None,
        standby_of: str | None = None,
    ) -> None:
        """`password` is made and kept in `data_dir` when none is given; `settings` are PostgreSQL's own.

        `port`: this one at every start; a free one unless told. `standby_of` is a superuser's URL of the server that
        a new cluster is copied from and then follows; it keeps that server's passwords.
        """
        self._data_dir = data_dir.absolute()
        self._given_password = password
        self._settings = dict(settings or {})
        self._given_port = port
        self._standby_of = standby_of
        self._server: Server | None = None
        self._password = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The superuser's URL of the database `postgres`."""
        return self.url_of("postgres")

    @property
    def binaries(self) -> Path:
        """The folder with pgbench, psql, pg_basebackup and the others, while the server runs."""
        return self._require_server().site.binaries

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1."""
        return self._require_server().port

    @property
    def pid(self) -> int:
        """The server's first process, the parent of the others."""
        return self._require_server().pid

    def url_of(self, database: str, user: str = SUPERUSER, password: str | None = None) -> str:
        """A URL (`postgresql://...`) of a database here; the superuser's unless another is named."""
        secret = self._password if password is None else password
        return f"postgresql://{quote(user, safe='')}:{quote(secret, safe='')}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Make the cluster if `data_dir` has none, and start it; returns when it takes connections."""
        if self._server is not None:
            raise RuntimeError("this server is running")
        try:
            self._data_dir.mkdir(parents=True, exist_ok=True)
            self._server, self._password = self._start()
        except OSError as problem:
            raise PostgresProblem(f"The embedded PostgreSQL in {self._data_dir} can't start: {problem}") from problem

    def stop(self) -> None:
        """End every connection and the server; a second call does nothing."""
        server, self._server = self._server, None
        if server is not None:
            try:
                server.stop()
            finally:
                server.site.release()

    def discard(self) -> None:
        """Stop the server and remove all that it kept, wherever that is."""
        self.stop()
        elsewhere = noted_cluster(self._data_dir)
        if elsewhere is not None:
            shutil.rmtree(elsewhere)
        if self._data_dir.exists():
            shutil.rmtree(self._data_dir)

    def _start(self) -> tuple[Server, str]:
        site = Site(self._data_dir)
        try:
            password = _password(self._data_dir, self._given_password)
            site.stop_orphan()
            made = self._data_dir / MADE_NOTE
            if not made.exists():
                self._make(site, password)
                made.touch()
            return _launch(site, self._settings, self._given_port), password
        except BaseException:
            site.release()
            raise

    def _make(self, site: Site, password: str) -> None:
        durable = self._settings.get("fsync") != "off"
        _remove_half_made(site)
        if self._standby_of is None:
            _initialise(site, password, durable=durable)
        else:
            _copy(site, self._standby_of, durable=durable)

    def _require_server(self) -> Server:
        if self._server is None:
            raise RuntimeError("this server is not running")
        return self._server


def _launch(site: Site, settings: Mapping[str, str], port: int | None) -> Server:
    """Start the server on a free port; another program may take the port first, so this is tried again."""
    said = b""
    for _ in range(PORT_ATTEMPTS):
        server = Server(site, port or _free_port(), settings)
        ready = False
        try:
            ready = server.wait_until_ready()
        finally:
            if not ready:
                server.stop()
        if ready:
            return server
        said = server.said
        if PORT_TAKEN not in said:
            break
    raise PostgresProblem(f"The embedded PostgreSQL did not start:\n{said.decode(errors='replace')}")


def _password(data_dir: Path, given: str | None) -> str:
    """The superuser's password: the given one, the kept one, or a new one that only we can read."""
    if given is not None:
        return given
    kept = data_dir / "password"
    if kept.exists():
        return kept.read_text(encoding="ascii")
    password = secrets.token_urlsafe(24)
    unfinished = data_dir / "password.part"
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(password)
    unfinished.replace(kept)
    return password


def _remove_half_made(site: Site) -> None:
    """A cluster that an interrupted start left is made again."""
    if site.cluster.exists():
        for leftover in site.cluster.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


def _copy(site: Site, source: str, *, durable: bool) -> None:
    """Copy a running cluster, and have the copy follow it."""
    parts = conninfo_to_dict(source)
    password = str(parts.pop("password", ""))
    words = ["-d", make_conninfo("", **parts), "-D", str(site.cluster), "-R", "-X", "stream", "-c", "fast"]
    made = site.run(site.program("pg_basebackup"), *words, *([] if durable else ["--no-sync"]), password=password)
    if made.returncode:
        raise PostgresProblem(f"The standby can't be copied:\n{made.stdout.decode(errors='replace')}")


def _initialise(site: Site, password: str, *, durable: bool) -> None:
    """Run initdb."""
    descriptor, name = tempfile.mkstemp(prefix="counterfoil-postgres-")
    password_file = Path(name)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{password}\n")
        if site.account is not None:
            give_to(password_file, site.account)
        options = ["--auth=scram-sha-256", "--locale=C", "--encoding=UTF8", f"--username={SUPERUSER}"]
        options += [f"--pwfile={password_file}", "-D", str(site.cluster), *([] if durable else ["--no-sync"])]
        made = site.run(site.program("initdb"), *options)
    finally:
        password_file.unlink()
    if made.returncode:
        raise PostgresProblem(f"The embedded PostgreSQL can't be made:\n{made.stdout.decode(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
