"""Staff at the centre: admit, suspend, reinstate, and the keys in their names."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core.canonical import digest
from core.errors import Refusal
from core.ids import system_randomness
from core.money import AMOUNT_MINOR_MAX
from core.operations.bank import StaffAdmitted, StaffReinstated, StaffSuspended
from core.operations.sessions import StaffKeyEnded
from counterfoil.commands.connection import centre_reading, centre_transaction, must
from counterfoil.commands.options import held, held_name

staff = typer.Typer(help="Staff: admit, suspend, reinstate, keys.", no_args_is_help=True)
Person = Annotated[str, typer.Argument(help="The person's short code: a-z, 0-9 and -.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(staff, name="staff")


@staff.command()
def admit(
    person: Person,
    name: Annotated[str, typer.Option(help="The person's name.")],
    branch: Annotated[str, typer.Option(help="Where they work.")],
    role: Annotated[str, typer.Option(help="teller or supervisor.")] = "teller",
    approval_limit: Annotated[
        int,
        typer.Option(min=0, max=AMOUNT_MINOR_MAX, help="Cash paid out above this needs a supervisor; in minor units."),
    ] = 1_000_000,
    currency: Annotated[str, typer.Option(help="Of that limit.")] = "DKK",
) -> None:
    """Admit a person, and give out the activation code for their first sign-in."""
    from sync_server.centre.people import admit_staff

    if role not in ("teller", "supervisor"):
        raise typer.BadParameter("teller or supervisor", param_hint="--role")
    held_name(name)
    held(
        StaffAdmitted(
            person=person,
            branch=branch,
            role="supervisor" if role == "supervisor" else "teller",
            currency=currency,
            approval_limit=approval_limit,
            record=digest(b"its record is made when it is signed"),
        )
    )
    with centre_transaction() as (home, centre):
        code = admit_staff(
            home,
            centre,
            system_randomness,
            person=person,
            name=name,
            branch=branch,
            role=role,
            currency=currency,
            approval_limit=approval_limit,
        )
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"Hand this activation code to {escape(name)}, for their first sign-in: [bold]{code}[/bold]")


@staff.command()
def suspend(person: Person) -> None:
    """Suspend a person; what they have signed stays theirs."""
    from sync_server.centre.issue import issue

    body = StaffSuspended(person=person)
    held(body)
    with centre_transaction() as (home, centre):
        issue(home, centre, None, body)
    Console(highlight=False).print(f"{person} is suspended.")


@staff.command()
def reinstate(person: Person) -> None:
    """Let a suspended person act again."""
    from sync_server.centre.issue import issue

    body = StaffReinstated(person=person)
    held(body)
    with centre_transaction() as (home, centre):
        issue(home, centre, None, body)
    Console(highlight=False).print(f"{person} is reinstated.")


@staff.command("keys")
def show_keys(person: Person) -> None:
    """Show every key ever registered in a person's name: where, since when, and whether it is good."""
    table = Table("Key", "Device", "Epoch", "Since", "State", box=None, header_style="bold")
    with centre_reading() as home:
        rows = home.connection.execute(
            b"SELECT k.kid, k.device, k.epoch, k.registered_at, CASE WHEN k.ended_by IS NOT NULL THEN 'ended' "
            b"WHEN d.state <> 'living' THEN 'its desk has ended' ELSE 'living' END FROM staff_keys k "
            b"JOIN devices d ON d.device = k.device AND d.epoch = k.epoch WHERE k.person = %s ORDER BY k.registered_at",
            (person,),
        )
        for kid, device, epoch, since, state in rows:
            table.add_row(kid, device, str(epoch), since, state)
    Console(highlight=False, soft_wrap=True).print(table)


@staff.command("end-key")
def end_key(
    person: Person,
    key: Annotated[str, typer.Argument(help="The key's thumbprint, as `staff keys` shows it.")],
    reason: Annotated[str, typer.Option(help="Why, as a short code: left, new-password, lost-device.")] = "left",
) -> None:
    """End a staff key: nothing that is signed under it from here on counts as the person's."""
    from sync_server.centre.issue import issue

    body = StaffKeyEnded(person=person, key=key, reason=reason)
    held(body)
    with centre_transaction() as (home, centre):
        known = home.connection.execute(
            b"SELECT 1 FROM staff_keys WHERE kid = %s AND person = %s AND ended_by IS NULL", (key, person)
        ).fetchone()
        must(None if known else Refusal("staff_key_unknown", "key"))
        issue(home, centre, None, body)
    Console(highlight=False, soft_wrap=True).print(f"The key {key} of {person} is ended.")
