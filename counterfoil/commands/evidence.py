"""`counterfoil export-evidence`: what a desk keeps of the moment when the centre told another past."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from core.device.evidence import kept
from core.device.keys import DATABASE_KEY, secret
from core.errors import EnvironmentProblem


def export_evidence(
    out: Annotated[Path, typer.Option(metavar="FILE", help="A new file.")],
    data: Annotated[
        Path | None, typer.Option(help="The folder of the desk's file; the user's data folder unless told.")
    ] = None,
) -> None:
    """Write what this desk keeps of the moment when the centre told another past, for an auditor.

    The centre's operations as it signed them, the running hash that this desk had there, and the newest checkpoint
    that had agreed. Exit code 1: the past was always the one that this desk has read. Close the desk's window before.
    """
    from core.secrets.opening import open_secret_store
    from core.store.store import Store
    from desktop.settings import desktop_settings

    settings = desktop_settings(os.environ, data_directory=data)
    store = Store.open(settings.store_path, secret(open_secret_store(settings.secret_settings()), DATABASE_KEY))
    try:
        found = kept(store)
    finally:
        store.close()
    if found is None:
        typer.echo("The centre's past was always the one that this desk has read.")
        raise typer.Exit(1)
    try:
        with out.open("xb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(found)))
    except OSError as problem:
        raise EnvironmentProblem(f"{out} can't be written.", code="file_unwritable") from problem
    typer.echo(f"{found.feed} differs at {found.position:,}, seen at {found.seen_at}. It is in {out}.")
