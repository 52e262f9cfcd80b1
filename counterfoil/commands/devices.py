"""Devices at the centre: invite, see who waits, compare fingerprints and trust, revoke."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core.errors import Refusal, Refused
from core.ids import system_randomness
from counterfoil.commands.connection import centre_transaction, must

devices = typer.Typer(help="Devices: invite, trust, revoke.", no_args_is_help=True)
_FINGERPRINT_LENGTH = 43
_TABLE_WIDTH_MIN = 140
Device = Annotated[str, typer.Argument(help="The device's short code.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(devices, name="device")


@devices.command()
def invite(
    device: Device,
    branch: Annotated[str, typer.Option(help="The branch where it stands.")],
    purpose: Annotated[str, typer.Option(help="desktop or kiosk.")] = "desktop",
) -> None:
    """Give out a one-time code, good for a day, that the new device is enrolled with."""
    from sync_server.centre.devices import invite_device

    if purpose not in ("desktop", "kiosk"):
        raise typer.BadParameter("desktop or kiosk", param_hint="--purpose")
    with centre_transaction() as (home, centre):
        code = invite_device(home, centre, system_randomness, device=device, branch=branch, purpose=purpose)
    if isinstance(code, Refusal):
        raise Refused(code)
    Console(highlight=False).print(f"Type this code at {escape(device)} within a day: [bold]{code}[/bold]")


@devices.command("list")
def list_devices() -> None:
    """Show the devices: those that wait to be trusted, those that live, how far their chains are."""
    from sync_server.centre.devices import waiting_enrolments

    table = Table("Device", "Epoch", "Branch", "State", "Operations", box=None, header_style="bold")
    # The fingerprint is there to be compared: it is shown whole on however narrow a screen.
    table.add_column("Fingerprint", no_wrap=True, min_width=_FINGERPRINT_LENGTH)
    with centre_transaction() as (home, _centre):
        for state in waiting_enrolments(home):
            table.add_row(state.device, str(state.epoch), state.branch, "waiting for trust", "", state.fingerprint)
        rows = home.connection.execute(
            b"SELECT d.device, d.epoch, d.branch, CASE WHEN c.state = 'quarantined' THEN c.state ELSE d.state END, "
            b"c.seq, d.kid FROM devices d JOIN chains c USING (device, epoch) WHERE d.purpose <> 'centre' "
            b"ORDER BY d.device, d.epoch"
        )
        for device, epoch, branch, state, seq, kid in rows:
            table.add_row(device, str(epoch), branch, state, str(seq), kid)
    console = Console(highlight=False)
    console.width = max(console.width, _TABLE_WIDTH_MIN)
    console.print(table)


@devices.command()
def trust(
    device: Device,
    fingerprint: Annotated[str, typer.Option(help="What stands on the device's own screen.")],
) -> None:
    """Trust a device's key, once a person has compared its fingerprint."""
    from sync_server.centre.devices import trust_device

    with centre_transaction() as (home, centre):
        state = trust_device(home, centre, device, fingerprint.replace(" ", ""))
        if isinstance(state, Refusal):
            raise Refused(state)
    Console(highlight=False).print(f"{device} is trusted; its epoch {state.epoch} begins.")


@devices.command()
def revoke(
    device: Device,
    epoch: Annotated[int, typer.Option(min=1, max=10**6, help="Which life of its chain.")],
) -> None:
    """End a device's epoch at the head that the centre has."""
    from sync_server.centre.devices import revoke_device

    with centre_transaction() as (home, centre):
        must(revoke_device(home, centre, device, epoch))
    Console(highlight=False).print(f"Epoch {epoch} of {device} is revoked.")
