"""The teller's desktop."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from core.errors import EnvironmentProblem


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(desktop)


def desktop(
    data: Annotated[
        Path | None, typer.Option(help="The folder of this desk's file; the user's data folder unless told.")
    ] = None,
    theme: Annotated[str, typer.Option(help="light, dark or contrast; the system's unless told.")] = "",
    text_size: Annotated[float | None, typer.Option(min=1.0, max=2.0, help="1.0 is the ordinary size of text.")] = None,
) -> int:
    """Open the teller's window. The first time, it asks for the centre's address and an enrolment code.

    The environment sets the rest: COUNTERFOIL_DATA, COUNTERFOIL_SECRETS (keyring or vault), COUNTERFOIL_THEME,
    COUNTERFOIL_TEXT_SCALE, COUNTERFOIL_IDLE_SECONDS, COUNTERFOIL_LOCALE, COUNTERFOIL_PAPERS.
    """
    from counterfoil.demo.display import has_display

    if not has_display() and not os.environ.get("QT_QPA_PLATFORM"):
        raise EnvironmentProblem(
            "There is no display for a window here. Start it in a desktop session, or see DISPLAY.",
            code="display_missing",
        )
    from desktop.app import run
    from desktop.settings import THEME_VARIABLE, desktop_settings

    environment = {**os.environ, THEME_VARIABLE: theme} if theme else os.environ
    settings = desktop_settings(environment, data_directory=data)
    return run(replace(settings, text_scale=text_size) if text_size is not None else settings)
