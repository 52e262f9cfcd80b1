"""`counterfoil checkpoint`: have the centre sign where every feed stands, at once."""

from __future__ import annotations

import typer

from counterfoil.commands.connection import centre_transaction


def checkpoint() -> None:
    """Sign a checkpoint of every feed. Every device that reads it compares it with what it has read."""
    from sync_server.centre.checkpoints import make_checkpoint

    with centre_transaction() as (home, centre):
        issued = make_checkpoint(home, centre)
    settled = issued.settled
    body = settled.decoded.body
    typer.echo(f"Checkpoint {settled.verdict.hash} of {settled.decoded.operation.at} covers {len(body.feeds)} feeds:")
    for mark in body.feeds:
        typer.echo(f"  {mark.feed:<32}  {mark.position:>12,}  {mark.hash}")
