"""`counterfoil backup` and `counterfoil restore`, for both homes: a desk's file and the centre's database."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from core.clock import clock_from_environment
from core.errors import EnvironmentProblem

if TYPE_CHECKING:
    from core.audit.device_file import DeviceFile
    from sync_server.environment import Secret
    from sync_server.settings import ServerSettings

backup = typer.Typer(help="Backups of a desk's file and of the centre's database.", no_args_is_help=True)
restore = typer.Typer(help="Put a backup back, checked before it is used.", no_args_is_help=True)

NOT_HELD_EXIT = 1
Data = Annotated[Path | None, typer.Option(help="The folder of this desk's file; the user's data folder unless told.")]
_AFTER_DEVICE = (
    "This file is older than what the desk has said since. It shows what it has and hands over what was never sent, "
    "but it pays nothing out: enrol the desk anew once the line is up."
)
_AFTER_CENTRE = (
    "This database has forgotten what devices were told since the backup. No server answers from it until\n"
    "  counterfoil incarnation begin\n"
    "has been run; devices then give back what they keep."
)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(backup, name="backup")
    app.add_typer(restore, name="restore")


@backup.command("device")
def back_up_device(
    file: Annotated[Path, typer.Argument(help="The copy to make. It opens with this computer's secret store only.")],
    data: Data = None,
) -> None:
    """Copy this desk's file, also while the desk is at work, and check the whole copy."""
    from core.store.backup import back_up

    path, key = _device(data)
    found: list[DeviceFile] = []
    _judged(lambda: back_up(path, file, key, lambda copy: found.append(_check(copy, key))))
    _say(*found[0].lines(), f"The backup is {escape(str(file))}.")


@restore.command("device")
def restore_device(
    file: Annotated[Path, typer.Argument(help="A copy that `counterfoil backup device` made.")],
    data: Data = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Keep the file that is there under another name beside it.")
    ] = False,
) -> None:
    """Check a backup and put it in the place of this desk's file. The desk must not be running."""
    from core.store.backup import restore as put_back

    path, key = _device(data)
    found: list[DeviceFile] = []
    aside: list[Path | None] = []
    _judged(
        lambda: aside.append(put_back(file, path, key, lambda copy: found.append(_check(copy, key)), replace=replace))
    )
    kept = (f"The file that was there is kept as {escape(str(aside[0]))}.",) if aside[0] else ()
    _say(*found[0].lines(), f"It is restored to {escape(str(path))}.", *kept, _AFTER_DEVICE)


@backup.command("centre")
def back_up_centre(directory: Annotated[Path, typer.Argument(help="A new folder.")]) -> None:
    """Write the centre's whole database as it is at one moment, with every chain's head signed.

    It holds personal data as the database does: encrypt what you keep it on. The vault of the centre's keys is not in
    it; back that up apart.
    """
    from counterfoil import centre_backup
    from sync_server.centre.keys import open_centre_keys

    settings, owner_url = _centre()
    keys = open_centre_keys(settings.secrets_directory, settings.secrets_passphrase)
    manifest = centre_backup.back_up(owner_url, keys, clock_from_environment(), directory)
    _say(
        f"{manifest.operations:,} operations as of {manifest.at} are in {escape(str(directory))} "
        f"({manifest.dump_bytes:,} bytes, schema {manifest.schema})."
    )


@restore.command("centre")
def restore_centre(directory: Annotated[Path, typer.Argument(help="The folder of the backup.")]) -> None:
    """Bring a backup into an empty database, and replay and compare everything in it before anybody uses it."""
    from counterfoil import centre_backup
    from sync_server.centre.keys import open_centre_keys

    settings, owner_url = _centre()
    keys = open_centre_keys(settings.secrets_directory, settings.secrets_passphrase)
    done = centre_backup.restore(owner_url, settings.database_url, keys, clock_from_environment(), directory)
    for wrong in (*done.differs, *map(str, done.report.faults)):
        typer.echo(wrong, err=True)
    _say(*done.report.lines())
    if not done.holds:
        _say("Do not use this database. Restore another backup into a new one.")
        raise typer.Exit(NOT_HELD_EXIT)
    _say(f"Restored as of {done.manifest.at}.", _AFTER_CENTRE)


def _device(data: Path | None) -> tuple[Path, bytes]:
    """This desk's file and the key that it is encrypted under."""
    from core.device.keys import DATABASE_KEY, secret
    from core.secrets.opening import open_secret_store
    from desktop.settings import desktop_settings

    settings = desktop_settings(os.environ, data_directory=data)
    return settings.store_path, secret(open_secret_store(settings.secret_settings()), DATABASE_KEY)


def _check(path: Path, key: bytes) -> DeviceFile:
    from core.audit.device_file import check_device_file

    return check_device_file(path, key)


def _judged(work: Callable[[], object]) -> None:
    """Do it; what contradicts itself is named, and the command ends."""
    from core.audit.report import Faulty

    try:
        work()
    except Faulty as faulty:
        typer.echo(str(faulty.fault), err=True)
        typer.echo("Nothing was written: the copy contradicts itself.", err=True)
        raise typer.Exit(NOT_HELD_EXIT) from faulty


def _centre() -> tuple[ServerSettings, Secret]:
    from sync_server.settings import server_settings

    settings = server_settings(os.environ)
    if settings.database_owner_url is None:
        raise EnvironmentProblem(
            "This needs COUNTERFOIL_DATABASE_OWNER_URL, the role that owns the tables.", code="setting_missing"
        )
    return settings, settings.database_owner_url


def _say(*lines: str) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        console.print(line)
