"""`counterfoil verify DIR`: check exported chains with no database and no network, and name the first bad line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.audit import Fault, verify_chains


def verify(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder with the .jws files.")],
    centre: Annotated[
        str | None,
        typer.Option(metavar="FINGERPRINT", help="The thumbprint that the centre's key must have."),
    ] = None,
) -> None:
    """Check exported chains: signatures, order, keys, signed heads, balanced entries."""
    found = verify_chains(directory, centre)
    if isinstance(found, Fault):
        typer.echo(str(found), err=True)
        raise typer.Exit(1)
    for line in found.lines():
        typer.echo(line)
