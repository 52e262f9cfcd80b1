"""`counterfoil incarnation`: a new life of the centre's database, and whom it waits for."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.table import Table

from counterfoil.commands.connection import centre_reading, centre_transaction

incarnation = typer.Typer(help="Lives of the centre's database, after a restore.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(incarnation, name="incarnation")


@incarnation.command("begin")
def begin() -> None:
    """Begin the next incarnation of a database that was restored, or that took over behind what the last one said.

    Stop every server of the old database for good before. Devices then give back what they keep; for a branch nothing
    is granted, drawn or sent until all its devices have reported or were written off.
    """
    from sync_server.centre.incarnations import begin_incarnation

    with centre_transaction() as (home, centre):
        issued = begin_incarnation(home, centre)
        waiting = len(home.incarnations.awaited(None))
    typer.echo(f"Incarnation {issued.settled.decoded.body.incarnation} has begun. {waiting} devices are awaited.")
    typer.echo("`counterfoil incarnation status` says which.")


@incarnation.command("status")
def status() -> None:
    """Show the incarnation, and for each branch which devices have reported and which are awaited."""
    table = Table("Branch", "Device", "Epoch", "", box=None, header_style="bold")
    with centre_reading() as home:
        number, begun_at = home.incarnations.number(), home.incarnations.begun_at()
        awaited = {(row.device, row.epoch) for row in home.incarnations.awaited(None)}
        for branch in home.lookups.branches() if number > 1 else ():
            for row in home.lookups.devices_of(branch):
                waits = (row.device, row.epoch) in awaited
                table.add_row(branch, row.device, str(row.epoch), "awaited" if waits else "reported")
    console = Console(highlight=False, soft_wrap=True)
    if number == 1:
        console.print("The first incarnation: this centre was never restored.")
        return
    console.print(f"Incarnation {number}, since {begun_at}: {len(awaited)} devices are awaited.")
    console.print(table)
