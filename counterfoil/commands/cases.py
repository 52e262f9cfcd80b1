"""Cases at the centre: what a person must look at, and saying that they have."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from counterfoil.commands.connection import centre_transaction, must

cases = typer.Typer(help="Cases: what a person must look at.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(cases, name="case")


@cases.command("list")
def show_open() -> None:
    """Show the open cases, the oldest first."""
    table = Table("No", "Opened", "Why", "Device", "Operation", "Detail", box=None, header_style="bold")
    with centre_transaction() as (home, _centre):
        rows = home.connection.execute(
            b"SELECT no, opened_at, code, device, operation_id::text, detail FROM cases "
            b"WHERE state = 'open' ORDER BY no"
        )
        for no, opened, code, device, operation, detail in rows:
            table.add_row(str(no), opened, code, device or "", operation or "", escape(detail))
    Console(highlight=False, soft_wrap=True).print(table)


@cases.command("close")
def close(number: Annotated[int, typer.Argument(min=1, help="The case's number, as `list` shows it.")]) -> None:
    """Say that a case has been looked into. A device that was given no rights for it may be given them again."""
    from sync_server.ingest.cases import close_case

    with centre_transaction() as (home, _centre):
        must(close_case(home, number))
    Console(highlight=False).print(f"Case {number} is closed.")
