"""What the centre does to an account by hand: limits, fees, holds; and recalling what a device holds on it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from core.book.rows import DepositAccount
from core.errors import Refusal, Refused
from core.money import Money, format_money
from counterfoil.commands.connection import centre_transaction

accounts = typer.Typer(help="Limits, fees and holds on an account; recalls of rights.", no_args_is_help=True)
Account = Annotated[str, typer.Argument(help="The account's id.")]
Minor = Annotated[int, typer.Argument(min=0, help="In minor units: 12500 is 125.00.")]
Reason = Annotated[str, typer.Option(help="A short code: a-z, 0-9 and -.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(accounts, name="account")


@accounts.command("limit")
def set_overdraft_limit(account: Account, amount: Minor) -> None:
    """Set how far the account may go below zero; what devices hold is recalled, the rest follows as it comes back."""
    from sync_server.centre.terms import set_limit

    with centre_transaction() as (home, centre):
        set_limit(home, centre, account, amount)
        row = home.book(locking=False).get(DepositAccount, account)
    if row is not None:
        here, target = (format_money(Money(each, row.currency)) for each in (row.overdraft_limit, row.limit_target))
        said = "" if row.overdraft_limit == row.limit_target else f"; it goes down to {target} as rights come back"
        Console(highlight=False).print(f"The limit is {here}{said}.")


@accounts.command("fee")
def charge(account: Account, amount: Minor, reason: Reason = "fee") -> None:
    """Charge a fee, from what no device holds and no hold binds."""
    from sync_server.centre.terms import charge_fee

    with centre_transaction() as (home, centre):
        issued = charge_fee(home, centre, account, amount, reason)
    Console(highlight=False).print(f"Charged, as {issued.id}.")


@accounts.command("hold")
def hold(account: Account, amount: Minor, reason: Reason = "by-hand") -> None:
    """Hold money back on the account until the hold is released."""
    from sync_server.centre.terms import place_hold

    with centre_transaction() as (home, centre):
        issued = place_hold(home, centre, account, amount, reason)
    Console(highlight=False).print(f"Held, as {issued.id}.")


@accounts.command("release-hold")
def release(hold_id: Annotated[str, typer.Argument(help="The hold's id.", metavar="HOLD")]) -> None:
    """Release a hold by naming it."""
    from sync_server.centre.terms import release_hold

    with centre_transaction() as (home, centre):
        release_hold(home, centre, hold_id)
    Console(highlight=False).print(f"{hold_id} is released.")


@accounts.command("recall")
def recall_rights(
    account: Account,
    device: Annotated[str, typer.Option(help="The device that holds the rights.")],
    epoch: Annotated[int, typer.Option(min=1, help="Its epoch.")],
    keep: Annotated[int, typer.Option(min=0, help="What it may keep, in minor units.")] = 0,
) -> None:
    """Have a device hand back what it may pay out of the account."""
    from sync_server.centre.recalls import recall

    with centre_transaction() as (home, centre):
        if home.chain((device, epoch)) is None:
            raise Refused(Refusal("device_unknown", "device"))
        recall(home, centre, account, device, epoch, keep)
    Console(highlight=False).print(f"{device} is asked, and answers when its line is up.")
