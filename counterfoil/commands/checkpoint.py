"""`counterfoil checkpoint`: have the centre sign where every feed stands, at once."""

from __future__ import annotations

import typer

from counterfoil.commands.connection import centre_transaction


def checkpoint() -> None:
    """Sign a checkpoint of every feed. Every device that reads it compares it with what it has read."""
    from sync_server.centre.checkpoints import make_checkpoint

    with centre_transaction() as (home, centre):
        made = [issued.settled for issued in make_checkpoint(home, centre)]
    marks = [mark for settled in made for mark in settled.decoded.body.feeds]
    last = made[-1]
    typer.echo(f"Checkpoint {last.verdict.hash} of {last.decoded.operation.at} covers {len(marks)} feeds:")
    for mark in marks:
        typer.echo(f"  {mark.feed:<32}  {mark.position:>12,}  {mark.hash}")
