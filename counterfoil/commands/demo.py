"""`counterfoil demo`: a whole bank on this machine; with a display to be used, without one to be watched."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(demo)
    app.command("demo-code")(demo_code)


def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="Play a scripted day through the real windows, off the screen.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Where the scripted day leaves its summary, papers, pictures and chains.")
    ] = None,
    theme: Annotated[str, typer.Option(help="light, dark or contrast.")] = "light",
) -> int:
    """Start a bank with two branches, a partner bank and a teller's window; or play a scripted day.

    Without a display the scripted day is played anyway. Ctrl+C, or closing the window, ends everything.
    """
    from counterfoil.demo.display import has_display

    if theme not in ("light", "dark", "contrast"):
        raise typer.BadParameter("light, dark or contrast", param_hint="--theme")
    if headless or out is not None or not has_display():
        from counterfoil.demo.scripted import play

        return play(out or Path("counterfoil-demo"), theme=theme, asked=headless or out is not None)
    from counterfoil.demo.shown import show

    return show(theme=theme)


def demo_code(
    person: Annotated[str, typer.Argument(help="A demo user, such as ane.")],
    folder: Annotated[Path, typer.Option("--in", help="The folder that the running demo names.")],
) -> int:
    """Print what a demo user's authenticator shows now."""
    from counterfoil.demo.authenticator import code_now

    code, seconds = code_now(folder, person)
    Console(highlight=False).print(f"[bold]{code}[/bold]  good for {seconds} s more; it serves once")
    return 0
