"""Payments at the centre that wait for a person: see them, let one go."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from core.errors import Refusal
from core.money import Money, format_money
from counterfoil.commands.connection import centre_reading, centre_transaction, must

payments = typer.Typer(help="Payments that wait for a person.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(payments, name="payment")


@payments.command("held")
def show_held() -> None:
    """Show transfers that were booked with an exception and so have not been sent on."""
    table = Table("Transfer", "Branch", "Amount", box=None, header_style="bold")
    with centre_reading() as home:
        for transfer, branch, currency, amount in home.payments.held():
            table.add_row(transfer, branch, format_money(Money(amount, currency)))
    Console(highlight=False, soft_wrap=True).print(table)


@payments.command("release")
def let_go(transfer: Annotated[str, typer.Argument(help="The transfer's id, as `held` shows it.")]) -> None:
    """Let a held payment go, once its case has been looked into."""
    with centre_transaction() as (home, _centre):
        must(None if home.payments.release(transfer) else Refusal("payment_not_held", "transfer"))
    Console(highlight=False).print(f"{transfer} goes on.")
