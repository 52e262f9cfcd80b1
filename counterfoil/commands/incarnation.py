"""`counterfoil incarnation`: a new life of the centre's database, and whom it waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from core.errors import Refusal, Refused
from counterfoil.commands.connection import centre_reading, centre_transaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.book.rows import DeviceEpoch
    from sync_server.store.home import Home

incarnation = typer.Typer(help="Lives of the centre's database, after a restore.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(incarnation, name="incarnation")


@incarnation.command("begin")
def begin() -> None:
    """Begin the next incarnation of a database that was restored, or that took over behind what the last one said.

    Stop every server of the old database for good before. Devices then give back what they have read; nothing is
    granted, drawn or sent until all of them have reported or were written off.
    """
    from sync_server.centre.incarnations import begin_incarnation

    with centre_transaction() as (home, centre):
        issued = begin_incarnation(home, centre)
        waiting = len(home.incarnations.awaited(None))
    typer.echo(f"Incarnation {issued.settled.decoded.body.incarnation} has begun. {waiting} devices are awaited.")
    typer.echo("`counterfoil incarnation status` says which.")


@incarnation.command("status")
def status() -> None:
    """Show the incarnation: who has reported and who is awaited, and for each branch what still waits."""
    with centre_reading() as home:
        number, begun_at = home.incarnations.number(), home.incarnations.begun_at()
        awaited = home.incarnations.awaited(None)
        shown = (_devices(home), _branches(home)) if number > 1 else ()
    console = Console(highlight=False, soft_wrap=True)
    if number == 1:
        console.print("The first incarnation: this centre was never restored.")
        return
    console.print(f"Incarnation {number}, since {begun_at}: {len(awaited)} devices are awaited.")
    for table in shown:
        console.print(table)


def _devices(home: Home) -> Table:
    table = Table("Branch", "Device", "Epoch", "", box=None, header_style="bold")
    awaited = {(row.device, row.epoch) for row in home.incarnations.awaited(None)}
    unaccounted = {(row.device, row.epoch): row for row in home.incarnations.unaccounted(None)}
    living = {(row.device, row.epoch): row for each in home.lookups.branches() for row in home.lookups.devices_of(each)}
    for chain, row in sorted((living | unaccounted).items(), key=lambda item: (item[1].branch or "", item[0])):
        said = "awaited" if chain in awaited else "to be written off" if chain in unaccounted else "reported"
        table.add_row(row.branch, row.device, str(row.epoch), said)
    return table


def _branches(home: Home) -> Table:
    table = Table("Branch", "Waits for", box=None, header_style="bold")
    for branch in home.lookups.branches():
        awaited = home.incarnations.awaited(branch)
        unaccounted = home.incarnations.unaccounted(branch)
        ended = [row for row in unaccounted if row not in awaited]
        waits = [
            f"what {_names(awaited)} has to report" if awaited else "",
            f"two supervisors to write {_names(ended)} off" if ended else "",
            "what was given back to find its place" if home.incarnations.has_given(branch) else "",
        ]
        table.add_row(branch, "; ".join(filter(None, waits)) or "nothing")
    return table


def _names(rows: Sequence[DeviceEpoch]) -> str:
    return ", ".join(f"{row.device}/{row.epoch}" for row in rows)


@incarnation.command("give-up")
def give_up(
    branches: Annotated[list[str], typer.Argument(metavar="BRANCH...", help="The branches that wait for them.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Revoke every device that a branch waits for since the restore: those that will never report.

    Its other desks send again at once. What only the devices given up had heard of is lost but for its receipts.
    What they hold stays reserved, and the bank grants, draws and sends nothing, until two supervisors write each off.
    """
    from sync_server.centre.devices import give_up as give_them_up

    named = sorted(set(branches))
    with centre_reading() as home:
        unknown = set(named) - set(home.lookups.branches())
        awaited = {(row.device, row.epoch): row for name in named for row in home.incarnations.awaited(name)}
    if unknown:
        raise Refused(Refusal("branch_unknown", "branch", {"branch": min(unknown)}))
    if not awaited:
        typer.echo("Nobody is awaited there.")
        return
    if not yes:
        typer.echo(f"These will be revoked: {_names([awaited[chain] for chain in sorted(awaited)])}.")
        typer.echo("What only they had heard of since the backup is lost, but for what customers' receipts say.")
        typer.echo("The bank grants and sends nothing until two supervisors have written each off. It can't be undone.")
        typer.confirm("Give them up?", abort=True)
    with centre_transaction() as (changing, centre):
        given_up = give_them_up(changing, centre, named)
        if isinstance(given_up, Refusal):
            raise Refused(given_up)
        if {(row.device, row.epoch) for row in given_up} - awaited.keys():
            raise Refused(Refusal("centre_recovering", "branch"))
    typer.echo(f"Given up: {_names(given_up)}. Two supervisors of the branch write each off at a desk.")
