"""Backup of the centre's database and its restore into an empty one, which is checked whole before anybody uses it.

A backup is a folder: `centre.dump` (PostgreSQL's custom format), `heads.json` (where every chain ends, signed by the
centre) and `manifest.json`. All three are of one moment: they share one snapshot of the database.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from core.audit.heads import Head, make_heads, read_heads
from core.audit.key_set import CENTRE
from core.audit.trust import Known, Trust
from core.canonical import base64url
from core.clock import Clock, instant
from core.errors import EnvironmentProblem, IntegrityFault
from core.secrets.durable_file import flush_folder
from counterfoil.postgres_account import PostgresProblem, packaged_binaries
from sync_server.audit import DatabaseReport, verify_database
from sync_server.centre.keys import CentreKeys
from sync_server.database import Connection
from sync_server.environment import Secret
from sync_server.restored import mark_restored
from sync_server.store.migrate import head_revision, migrate

DUMP, HEADS, MANIFEST = "centre.dump", "heads.json", "manifest.json"
_READ_AT_ONCE = 1 << 20
_SAID_MAX = 600
_KEPT_VARIABLES = ("PATH", "SYSTEMROOT", "TEMP", "TMP")
_TABLES = b"SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')"

Count = Annotated[int, msgspec.Meta(ge=0)]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the backup is of: the instant, the schema, each feed's last position, and the digest of the dump."""

    v: Literal[1]
    at: str
    schema: str
    operations: Count
    feeds: dict[str, Count]
    dump_bytes: Count
    dump_sha256: str


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back, and what the check of it found. `differs` names what is not as it was backed up."""

    manifest: Manifest
    differs: tuple[str, ...]
    report: DatabaseReport

    @property
    def holds(self) -> bool:
        """Whether it may be used, once an incarnation has begun."""
        return not self.differs and self.report.holds


def back_up(owner_url: Secret, keys: CentreKeys, clock: Clock, directory: Path) -> Manifest:
    """Write the backup, which is there whole or not at all.

    Raises `EnvironmentProblem`: `backup_exists`, `backup_failed`, `database_unavailable`, `postgres_tools_missing`.
    """
    if directory.exists():
        raise EnvironmentProblem(f"{directory} is there already. Name a new folder.", code="backup_exists")
    directory.parent.mkdir(parents=True, exist_ok=True)
    unfinished = directory.with_name(f"{directory.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    try:
        with _connected(owner_url) as connection:
            manifest = _write(connection, owner_url, keys, instant(clock.now_ms()), unfinished)
        unfinished.rename(directory)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    flush_folder(directory.parent)
    return manifest


def restore(owner_url: Secret, application_url: Secret, keys: CentreKeys, clock: Clock, directory: Path) -> Restored:
    """Bring the backup into the empty database that the owner's address names, and check it as a whole.

    Servers refuse that database until an incarnation has begun. Raises `EnvironmentProblem`: `backup_unreadable`,
    `backup_damaged`, `backup_newer`, `backup_of_other_bank`, `database_not_empty`, `restore_failed`,
    `database_unavailable`, `postgres_tools_missing`. Then the database is as empty as it was.
    """
    manifest, heads = _read(directory, keys)
    role = str(conninfo_to_dict(application_url.reveal())["user"])
    with _connected(owner_url) as connection:
        _require_empty(connection, role)
        server_major = _server_major(connection)
    words = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-comments", str(directory / DUMP)]
    _run("pg_restore", server_major, owner_url, *words, failed="restore_failed")
    with _connected(owner_url) as connection:
        mark_restored(connection, role, instant(clock.now_ms()))
    migrate(owner_url, application_url)
    with _connected(owner_url) as connection:
        differs = tuple(_differences(connection, manifest, heads))
    with _connected(owner_url) as connection:
        report = verify_database(connection, Trust((Known(keys.kid, CENTRE),)))
    return Restored(manifest, differs, report)


def _write(connection: Connection, owner_url: Secret, keys: CentreKeys, at: str, folder: Path) -> Manifest:
    connection.execute(b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    (snapshot,) = _one(connection, b"SELECT pg_export_snapshot()")
    words = ["--format=custom", "--no-owner", "--no-comments", f"--snapshot={snapshot}", f"--file={folder / DUMP}"]
    _run("pg_dump", _server_major(connection), owner_url, *words, failed="backup_failed")
    (schema,) = _one(connection, b"SELECT version_num FROM alembic_version")
    (operations,) = _one(connection, b"SELECT count(*) FROM operations")
    (folder / HEADS).write_bytes(make_heads(_heads(connection), at, keys.signing))
    size, digest = _digest(folder / DUMP)
    manifest = Manifest(1, at, schema, operations, _feeds(connection), size, digest)
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
    for name in (DUMP, HEADS, MANIFEST):
        (folder / name).chmod(0o600)
        with (folder / name).open("rb+") as file:
            os.fsync(file.fileno())
    flush_folder(folder)
    return manifest


def _read(directory: Path, keys: CentreKeys) -> tuple[Manifest, dict[tuple[str, int], Head]]:
    try:
        manifest = msgspec.json.decode((directory / MANIFEST).read_bytes(), type=Manifest)
        found = _digest(directory / DUMP)
        signed = (directory / HEADS).read_bytes()
    except (OSError, msgspec.MsgspecError, UnicodeError) as problem:
        raise EnvironmentProblem(
            f"{directory} is no backup of the centre that can be read: {problem}.", code="backup_unreadable"
        ) from problem
    if found != (manifest.dump_bytes, manifest.dump_sha256):
        raise EnvironmentProblem(
            f"{directory / DUMP} is not what was written: its digest differs. Use another backup.",
            code="backup_damaged",
        )
    if manifest.schema > head_revision():
        raise EnvironmentProblem(
            f"The backup was made by a newer Counterfoil (schema {manifest.schema}). Install that one first.",
            code="backup_newer",
        )
    try:
        heads = read_heads(signed, keys.public)
    except IntegrityFault as fault:
        raise EnvironmentProblem(
            f"{directory / HEADS} is not signed by the key in this centre's vault ({fault.code}). Restore the vault "
            "that belongs to the backup, or see COUNTERFOIL_SECRETS_DIRECTORY.",
            code="backup_of_other_bank",
        ) from fault
    return manifest, {(head.device, head.epoch): head for head in heads.heads}


def _require_empty(connection: Connection, role: str) -> None:
    (tables,) = _one(
        connection,
        b"SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')",
    )
    if tables:
        raise EnvironmentProblem(
            "The database is not empty. A backup is restored into a new one: make it with `createdb`, and name it in "
            "COUNTERFOIL_DATABASE_OWNER_URL and COUNTERFOIL_DATABASE_URL.",
            code="database_not_empty",
        )
    (known,) = _one(connection, b"SELECT count(*) FROM pg_roles WHERE rolname = %s", role)
    if not known:
        raise EnvironmentProblem(
            f"The role {role} of COUNTERFOIL_DATABASE_URL does not exist on this server. Create it first.",
            code="database_role_missing",
        )


def _differences(connection: Connection, manifest: Manifest, heads: Mapping[tuple[str, int], Head]) -> Iterator[str]:
    """What is not as it was when the backup was made."""
    there = {(head.device, head.epoch): head for head in _heads(connection)}
    for chain in sorted(there.keys() | heads.keys()):
        if there.get(chain) != heads.get(chain):
            yield f"the chain {chain[0]}/{chain[1]} does not end where it ended"
    feeds = _feeds(connection)
    for feed in sorted(feeds.keys() | manifest.feeds.keys()):
        if feeds.get(feed) != manifest.feeds.get(feed):
            yield f"the feed {feed} ends at {feeds.get(feed, 0)}, not at {manifest.feeds.get(feed, 0)}"
    (operations,) = _one(connection, b"SELECT count(*) FROM operations")
    if operations != manifest.operations:
        yield f"there are {operations} operations, not {manifest.operations}"


def _heads(connection: Connection) -> list[Head]:
    rows = connection.execute(b"SELECT device, epoch, seq, hash FROM chains WHERE seq > 0").fetchall()
    return [Head(*row) for row in rows]


def _feeds(connection: Connection) -> dict[str, int]:
    return dict(connection.execute(b"SELECT feed, position FROM feed_heads ORDER BY feed").fetchall())


def _server_major(connection: Connection) -> int:
    return connection.info.server_version // 10_000


def _one(connection: Connection, question: bytes, *values: object) -> tuple[Any, ...]:
    row = connection.execute(question, values).fetchone()
    if row is None:
        raise AssertionError("a count gives a row")
    return row


@contextmanager
def _connected(owner_url: Secret) -> Iterator[Connection]:
    try:
        with psycopg.connect(owner_url.reveal(), application_name="counterfoil backup") as connection:
            yield connection
    except psycopg.OperationalError as problem:
        raise EnvironmentProblem(
            "The centre's database can't be reached. See COUNTERFOIL_DATABASE_OWNER_URL, and that PostgreSQL runs.",
            code="database_unavailable",
        ) from problem
    except psycopg.errors.UndefinedTable as problem:
        raise EnvironmentProblem(
            "The centre's database has no tables yet. There is nothing to back up.", code="database_empty"
        ) from problem


def _run(name: str, server_major: int, owner_url: Secret, *words: str, failed: str) -> None:
    """One of PostgreSQL's programs; the password goes by the environment, which other users can't see."""
    parts = conninfo_to_dict(owner_url.reveal())
    password = str(parts.pop("password", "") or "")
    kept = {variable: os.environ[variable] for variable in _KEPT_VARIABLES if variable in os.environ}
    done = subprocess.run(
        [_program(name, server_major), f"--dbname={make_conninfo('', **parts)}", "--no-password", *words],
        env={**kept, "LC_ALL": "C", "PGPASSWORD": password},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip()[:_SAID_MAX]
        raise EnvironmentProblem(f"{name} did not do it: {said}", code=failed)


def _program(name: str, server_major: int) -> str:
    """The oldest one here that knows the server: an older one refuses, a newer one says what old servers don't know."""
    found = {major: path for path in _candidates(name) if (major := _major_of(path)) >= server_major}
    if not found:
        raise EnvironmentProblem(
            f"{name} for PostgreSQL {server_major} is not here. Install PostgreSQL's client programs of that version.",
            code="postgres_tools_missing",
        )
    return found[min(found)]


def _candidates(name: str) -> Iterator[str]:
    with suppress(PostgresProblem):
        yield str(packaged_binaries() / (f"{name}.exe" if sys.platform == "win32" else name))
    on_path = shutil.which(name)
    if on_path is not None:
        yield on_path


def _major_of(program: str) -> int:
    """Its major version; 0 where it is none of PostgreSQL's."""
    if not Path(program).is_file():
        return 0
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(version[1]) if version else 0


def _digest(path: Path) -> tuple[int, str]:
    """Size and SHA-256 (base64url)."""
    running, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_READ_AT_ONCE):
            running.update(piece)
            size += len(piece)
    return size, base64url(running.digest())
