"""The teller's desktop."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(desktop)


def desktop(
    data: Annotated[
        Path | None, typer.Option(help="The folder of this desk's file; the user's data folder unless told.")
    ] = None,
    theme: Annotated[str, typer.Option(help="light, dark or contrast.")] = "light",
    text_size: Annotated[float, typer.Option(min=1.0, max=2.0, help="1.0 is the ordinary size of text.")] = 1.0,
) -> int:
    """Open the teller's window. The first time, it asks for the centre's address and an enrolment code."""
    from desktop.app import run_desktop

    if theme not in ("light", "dark", "contrast"):
        raise typer.BadParameter("light, dark or contrast", param_hint="--theme")
    return run_desktop(data, theme=theme, text_size=text_size)
