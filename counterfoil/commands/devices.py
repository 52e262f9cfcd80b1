"""Devices at the centre: invite, see who waits, compare fingerprints and trust, revoke."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core.errors import Refusal, Refused
from core.ids import system_randomness
from core.money import Money, format_money
from counterfoil.commands.connection import centre_reading, centre_transaction, must

if TYPE_CHECKING:
    from core.book.rows import DeviceEpoch
    from sync_server.store.postgres import PostgresHome

devices = typer.Typer(help="Devices: invite, trust, revoke.", no_args_is_help=True)
_FINGERPRINT_LENGTH = 43
_TABLE_WIDTH_MIN = 180
Device = Annotated[str, typer.Argument(help="The device's short code.")]
Epoch = Annotated[int, typer.Option(min=1, max=10**6, help="Which life of its chain.")]


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
    """Show the devices: who waits to be trusted, how far each chain is, and when each was last heard.

    Exposure is what a device may have paid out without having said so; late is what came after its end and waits for
    two people. Times are UTC.
    """
    from sync_server.centre.devices import waiting_enrolments
    from sync_server.centre.register import devices as registered

    titles = ("Device", "Epoch", "Branch", "State", "Head", "Last heard", "Lease ends", "Exposure", "Late")
    table = Table(*titles, box=None, header_style="bold")
    # The fingerprint is there to be compared: it is shown whole on however narrow a screen.
    table.add_column("Fingerprint", no_wrap=True, min_width=_FINGERPRINT_LENGTH)
    with centre_reading() as home:
        for state in waiting_enrolments(home):
            waiting = (state.device, str(state.epoch), state.branch, "waiting for trust", "", "", "", "", "")
            table.add_row(*waiting, state.fingerprint)
        for one in registered(home.connection):
            table.add_row(
                one.device,
                str(one.epoch),
                one.branch,
                one.state,
                str(one.head_seq),
                _minute(one.heard_at),
                _minute(one.lease_ends_at),
                format_money(Money(one.exposure, one.currency), "en_GB") if one.exposure else "",
                str(one.late) if one.late else "",
                one.fingerprint,
            )
    console = Console(highlight=False)
    console.width = max(console.width, _TABLE_WIDTH_MIN)
    console.print(table)


def _minute(at: str | None) -> str:
    """An instant as it is read: to the minute, UTC."""
    return at[:16].replace("T", " ") if at else ""


@devices.command()
def trust(
    device: Device,
    fingerprint: Annotated[str, typer.Option(help="What stands on the device's own screen.")],
) -> None:
    """Trust a device's key, once a person has compared its fingerprint."""
    from sync_server.centre.devices import trust_device
    from sync_server.settings import server_settings

    settings = server_settings(os.environ)
    with centre_transaction(settings) as (home, centre):
        state = trust_device(home, centre, device, fingerprint.replace(" ", ""), settings.lease)
        if isinstance(state, Refusal):
            raise Refused(state)
    Console(highlight=False).print(f"{device} is trusted; its epoch {state.epoch} begins.")


@devices.command()
def revoke(
    device: Device,
    epoch: Epoch,
) -> None:
    """End a device's epoch at the head that the centre has."""
    from sync_server.centre.devices import find_device, revoke_device

    with centre_transaction() as (home, centre):
        must(revoke_device(home, centre, device, epoch))
        row = find_device(home, device, epoch)
    said = f"Epoch {epoch} of {device} is revoked."
    if row is not None and row.state == "living":
        said = f"Epoch {epoch} of {device} is given up, and revoked once what others gave back of it has its place."
    Console(highlight=False).print(said)


@devices.command("end-lease")
def end_lease(device: Device, epoch: Epoch) -> None:
    """Let a device pay nothing more out by itself once it has heard of it; nothing it holds is freed.

    It gets no other lease until `renew-lease`.
    """
    from sync_server.centre.leases import end_lease as end

    with centre_transaction() as (home, centre):
        end(home, centre, _living(home, device, epoch))
    Console(highlight=False).print(f"The lease of {device}, epoch {epoch}, ends now. It pays nothing out by itself.")


@devices.command("renew-lease")
def renew_lease(device: Device, epoch: Epoch) -> None:
    """Give a device its next lease, also where a person had ended the last one."""
    from sync_server.centre.leases import renew_lease as renew
    from sync_server.settings import server_settings

    settings = server_settings(os.environ)
    with centre_transaction(settings) as (home, centre):
        issued = renew(home, centre, _living(home, device, epoch), settings.lease)
    said = "has its next lease" if issued is not None else "has a lease that will do"
    Console(highlight=False).print(f"{device}, epoch {epoch}, {said}.")


def _living(home: PostgresHome, device: str, epoch: int) -> DeviceEpoch:
    from sync_server.centre.devices import find_device

    found = find_device(home, device, epoch)
    if found is None or found.purpose == "centre":
        raise Refused(Refusal("device_unknown", "device"))
    if found.state != "living":
        raise Refused(Refusal("device_revoked_already", "device"))
    return found
