"""At a desk: what earlier lives of its device have left on this computer, until the centre keeps all of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core.errors import EnvironmentProblem

if TYPE_CHECKING:
    from core.device.lives import Life
    from core.secrets.store import SecretStore

epochs = typer.Typer(help="Earlier lives of this desk's device: files and keys kept beside it.", no_args_is_help=True)
Data = Annotated[Path | None, typer.Option(help="The folder of this desk's file; the user's data folder unless told.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(epochs, name="epoch")


@epochs.command("list")
def list_epochs(data: Data = None) -> None:
    """Show the lives that were left behind, and how much of each the centre does not keep yet.

    The desk must not be running.
    """
    path, secrets = _desk(data)
    table = Table("Device", "Epoch", "Not handed over", "File", box=None, header_style="bold")
    from core.device.lives import left_behind

    for life in left_behind(path):
        table.add_row(life.device, str(life.epoch), escape(_unsent(life, secrets)), escape(life.path.name))
    Console(highlight=False, soft_wrap=True).print(table)


@epochs.command()
def remove(
    device: Annotated[str, typer.Argument(help="The device's short code.")],
    epoch: Annotated[int, typer.Option(min=1, max=10**6, help="Which life of its chain.")],
    data: Data = None,
) -> None:
    """Remove the file and the key of an earlier life, once the centre keeps everything that was done in it."""
    from core.clock import clock_from_environment
    from core.device import lives

    path, secrets = _desk(data)
    found = [life for life in lives.left_behind(path) if (life.device, life.epoch) == (device, epoch)]
    if not found:
        raise EnvironmentProblem(
            f"No life {epoch} of {device} was left behind in {path.parent}. See `counterfoil epoch list`.",
            code="life_unknown",
        )
    for life in found:
        lives.remove(life, secrets, clock_from_environment())
    Console(highlight=False).print(f"The file and the key of {escape(device)}, epoch {epoch}, are removed.")


def _desk(data: Path | None) -> tuple[Path, SecretStore]:
    from core.secrets.opening import open_secret_store
    from desktop.settings import desktop_settings

    settings = desktop_settings(os.environ, data_directory=data)
    return settings.store_path, open_secret_store(settings.secret_settings())


def _unsent(life: Life, secrets: SecretStore) -> str:
    """How many operations, or why that can't be said."""
    from core.clock import clock_from_environment
    from core.device.lives import open_left

    try:
        device = open_left(life, secrets, clock_from_environment())
    except EnvironmentProblem as problem:
        return f"can't be opened ({problem.code})"
    try:
        return str(device.outbox().length)
    finally:
        device.close()
