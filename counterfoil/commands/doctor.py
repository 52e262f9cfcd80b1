"""`counterfoil doctor`: is everything here that a desk or a centre needs?"""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core.clock import SimulatedClockRefused, clock_from_environment, instant
from core.errors import EnvironmentProblem

if TYPE_CHECKING:
    from sync_server.store.postgres import PostgresHome

SQLITE_VERSION_MIN = (3, 51, 3)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, whether it is well, and what was seen or is to be done."""

    what: str
    well: bool
    told: str


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor() -> int:
    """Look whether this machine has what a desk needs and, where its settings are given, what a centre needs."""
    findings = [_safely(name, check) for name, check in _CHECKS.items()]
    table = Table("", "What", "Found", box=None, header_style="bold")
    for finding in findings:
        table.add_row("[green]ok[/green]" if finding.well else "[red]no[/red]", finding.what, escape(finding.told))
    Console(highlight=False, soft_wrap=True).print(table)
    return 0 if all(finding.well for finding in findings) else 1


def _safely(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, check())
    except EnvironmentProblem as problem:
        return Finding(name, False, f"{problem.message} ({problem.code})")
    except SimulatedClockRefused as problem:
        return Finding(name, False, f"{problem} (simulated_clock_refused)")
    except (ImportError, OSError) as problem:
        return Finding(name, False, f"{type(problem).__name__}: {problem}")


def _python() -> str:
    return f"{platform.python_version()} on {platform.system()}"


def _sqlcipher() -> str:
    import sqlcipher3

    connection = sqlcipher3.connect(":memory:")
    try:
        (cipher,) = connection.execute("PRAGMA cipher_version").fetchone()
        (version,) = connection.execute("SELECT sqlite_version()").fetchone()
    finally:
        connection.close()
    if tuple(int(part) for part in version.split(".")) < SQLITE_VERSION_MIN:
        raise EnvironmentProblem(
            f"SQLite {version} may lose commits; at least {'.'.join(map(str, SQLITE_VERSION_MIN))} is needed.",
            code="store_old_sqlite",
        )
    return f"SQLCipher {cipher}, SQLite {version} (Python's own SQLite {sqlite3.sqlite_version} is not used)"


def _keyring() -> str:
    from core.secrets.keyring_store import KeyringStore

    KeyringStore("doctor").get("no-such-secret")
    return "the operating system's keyring answers"


def _window() -> str:
    import PySide6.QtWidgets  # noqa: F401
    from PySide6.QtCore import qVersion

    from resources import FONT_FILES, font_path

    missing = [name for name in FONT_FILES if not font_path(name).exists()]
    if missing:
        raise EnvironmentProblem(f"Typefaces are missing: {', '.join(missing)}.", code="typeface_missing")
    return f"Qt {qVersion()}, {len(FONT_FILES)} typefaces"


def _clock() -> str:
    clock = clock_from_environment()
    return instant(clock.now_ms()) + (" (simulated)" if clock.simulated else "")


def _centre(environment: Mapping[str, str] = os.environ) -> str:
    if "COUNTERFOIL_DATABASE_URL" not in environment and "COUNTERFOIL_DATABASE_URL_FILE" not in environment:
        return "no settings of a centre here; nothing to look at"
    from counterfoil.commands.connection import centre_transaction
    from sync_server.store.migrate import head_revision

    with centre_transaction() as (home, centre):
        row = home.connection.execute(b"SELECT version_num FROM alembic_version").fetchone()
        awaited = _awaited(home) if row and row[0] == head_revision() else ""
    revision = row[0] if row else "none"
    if revision != head_revision():
        raise EnvironmentProblem(
            f"The database stands at schema {revision}; run `counterfoil migrate`.", code="database_old"
        )
    return f"schema {revision}, centre's key {centre.keys.kid}{awaited}"


def _awaited(home: PostgresHome) -> str:
    """What is to be said of an incarnation: that none has begun after a restore, or whom the centre waits for."""
    from sync_server.restored import awaits_incarnation

    if awaits_incarnation(home.connection):
        raise EnvironmentProblem(
            "The database was restored; run `counterfoil incarnation begin`.", code="incarnation_missing"
        )
    devices = [f"{row.device}/{row.epoch}" for row in home.incarnations.awaited(None)]
    return f"; incarnation {home.incarnations.number()} awaits {', '.join(devices)}" if devices else ""


_CHECKS: dict[str, Callable[[], str]] = {
    "Python": _python,
    "Local database": _sqlcipher,
    "Keyring": _keyring,
    "Window": _window,
    "Clock": _clock,
    "Centre": _centre,
}
