"""`counterfoil export-work`: what one person signed in a period, for them to carry away."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from core.audit.work import WorkSource, write_work
from core.clock import clock_from_environment, instant
from core.errors import EnvironmentProblem
from core.ids import is_code

if TYPE_CHECKING:
    from core.audit.work.manifest import Work

Day = Annotated[str | None, typer.Option(metavar="DATE", help="A business date as 2026-11-20, inclusive.")]


def export_work(
    staff: Annotated[str, typer.Option(metavar="CODE", help="Whose work.")],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="A new or empty folder.")],
    from_: Annotated[str | None, typer.Option("--from", metavar="DATE", help="The first business date.")] = None,
    to: Day = None,
    data: Annotated[
        Path | None, typer.Option(help="The folder of the desk's file; the user's data folder unless told.")
    ] = None,
    centre: Annotated[bool, typer.Option("--centre", help="From the centre's database, by its address.")] = False,
) -> None:
    """Write what one person signed in a period, checkable without the bank (`counterfoil verify FOLDER`).

    From this desk's file, or at the centre from all desks: their operations and approvals exactly as signed, their
    place in the chains, the keys with the witnesses' signatures, and what the centre said of each. Close the desk's
    window before.
    """
    if not is_code(staff):
        raise EnvironmentProblem("staff must be a short code: a-z, 0-9 and -.", code="option_malformed")
    period = (_day(from_), _day(to))
    work = _from_centre(staff, out, period) if centre else _from_desk(staff, out, period, data)
    places = sum(part.last - part.first + 1 for part in work.chains)
    Console(highlight=False, soft_wrap=True).print(
        f"What {staff} signed is in {escape(str(out))}: {len(work.chains)} chains, {places:,} places. "
        f"Check it with `counterfoil verify {escape(str(out))} --trust FINGERPRINTS`."
    )


def _day(text: str | None) -> str | None:
    try:
        return date.fromisoformat(text).isoformat() if text is not None else None
    except ValueError as problem:
        raise EnvironmentProblem(
            f"“{(text or '')[:40]}” is no date; write it as 2026-11-20.", code="option_malformed"
        ) from problem


def _from_desk(person: str, out: Path, period: tuple[str | None, str | None], data: Path | None) -> Work:
    from core.audit.work.desk import DeskWork
    from core.device.keys import DATABASE_KEY, secret
    from core.secrets.opening import open_secret_store
    from core.store.state import load_head
    from core.store.store import Store
    from desktop.settings import desktop_settings

    settings = desktop_settings(os.environ, data_directory=data)
    store = Store.open(settings.store_path, secret(open_secret_store(settings.secret_settings()), DATABASE_KEY))
    try:
        head = load_head(store.cursor)
        made_from = f"the desk {head.device}, life {head.epoch}" if head is not None else "a desk"
        with store.reading() as connection:
            return _write(DeskWork(connection), person, out, period, made_from)
    finally:
        store.close()


def _from_centre(person: str, out: Path, period: tuple[str | None, str | None]) -> Work:
    from counterfoil.commands.connection import centre_reading
    from sync_server.audit.reading import one_view
    from sync_server.centre.work import CentreWork

    with centre_reading() as home, one_view(home.connection):
        return _write(CentreWork(home.connection, person), person, out, period, "the bank's centre")


def _write(source: WorkSource, person: str, out: Path, period: tuple[str | None, str | None], made_from: str) -> Work:
    made_at = instant(clock_from_environment().now_ms())
    first_day, last_day = period
    return write_work(
        out, source, person=person, first_day=first_day, last_day=last_day, made_at=made_at, made_from=made_from
    )
