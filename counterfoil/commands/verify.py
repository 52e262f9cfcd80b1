"""`counterfoil verify`: check exported chains, or the centre's own database, and name what does not hold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.audit import Fault, verify_chains
from core.audit.key_set import CENTRE
from core.audit.trust import Known, Trust, read_trust
from core.audit.work import WORK_FILE, verify_work
from core.errors import EnvironmentProblem

Fingerprints = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE|FINGERPRINT",
        help="What you have on paper: a fingerprint, or a file with one a line. May be given again.",
    ),
]


def verify(
    directory: Annotated[Path | None, typer.Argument(metavar="DIR", help="The folder with the .jws files.")] = None,
    database: Annotated[
        bool, typer.Option("--database", help="The centre's database, by COUNTERFOIL_DATABASE_URL.")
    ] = False,
    trust: Fingerprints = None,
    centre: Annotated[
        str | None,
        typer.Option(metavar="FINGERPRINT", help="The thumbprint that the centre's key must have."),
    ] = None,
) -> None:
    """Check exported chains: signatures, order, keys, signed heads, balanced entries. Or the centre's database.

    A folder of one person's work (`counterfoil export-work`) is known by its files, and checked as one.

    The database is only read (COUNTERFOIL_DATABASE_URL is the only setting that is needed): every operation is replayed
    by the rules, and balances, verdicts, cases, heads, feeds, rights and every other row are compared with what follows
    from the operations.
    """
    if database is (directory is not None):
        raise EnvironmentProblem("Name a folder of chains, or say --database.", code="option_malformed")
    known = _trusted(trust, centre)
    if directory is None:
        _verify_database(known)
        return
    work = (directory / WORK_FILE).exists()
    found = verify_work(directory, known) if work else verify_chains(directory, trust=known)
    if isinstance(found, Fault):
        typer.echo(str(found), err=True)
        raise typer.Exit(1)
    for line in found.lines():
        typer.echo(line)


def _trusted(given: list[str] | None, centre: str | None) -> Trust:
    known = read_trust(given or ())
    return Trust((*known.known, Known(centre, CENTRE))) if centre is not None else known


def _verify_database(trust: Trust) -> None:
    from counterfoil.commands.connection import centre_reading
    from sync_server.audit import verify_database

    with centre_reading() as home:
        report = verify_database(home.connection, trust)
    for fault in report.faults:
        typer.echo(str(fault), err=True)
    if report.fault_count > len(report.faults):
        typer.echo(f"... and {report.fault_count - len(report.faults):,} more; begin with the first.", err=True)
    for line in report.lines():
        typer.echo(line)
    if not report.holds:
        raise typer.Exit(1)
