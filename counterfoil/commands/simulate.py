"""`counterfoil simulate`: the bank under faults, from seeds that anybody can run again."""

from __future__ import annotations

import time
from typing import Annotated

import typer


def simulate(
    seeds: Annotated[str, typer.Option(metavar="FIRST:LAST", help="The seeds to run, the last one included.")],
    steps: Annotated[int, typer.Option(min=1, max=100_000, help="How many things happen in each run.")] = 200,
    jobs: Annotated[int, typer.Option(min=1, max=256, help="How many processes run seeds at once.")] = 1,
    variant: Annotated[
        str | None, typer.Option(metavar="NAME", help="Put a wrong rule into the bank, to see that it is noticed.")
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(metavar="PLACES", help="Run one seed with only these steps of its plan, and tell what happens."),
    ] = None,
) -> None:
    """Run the bank under simulated faults, and stop with exit code 1 at the first promise that breaks.

    Each seed is a bank of its own: the real desks, sync loop and centre over a simulated network, clock and disk.
    What a seed does depends on the seed and the program alone, so a failing one fails again anywhere.
    """
    from counterfoil.simulation import running, variants

    chosen = _range(seeds)
    if variant is not None and variant not in variants.VARIANTS:
        raise typer.BadParameter(f"knows {', '.join(sorted(variants.VARIANTS))}.", param_hint="--variant")
    if only is not None:
        _replay(chosen, steps, variant, _places(only))
        return
    began = time.monotonic()
    done = operations = 0
    for outcome in running.run_all(chosen, steps, jobs=jobs, variant=variant):
        done += 1
        operations += outcome.operations
        if outcome.broken is not None:
            _tell(outcome.seed, steps, variant)
            raise typer.Exit(1)
    seconds = time.monotonic() - began
    typer.echo(
        f"{done:,} seeds of {steps} steps, {operations:,} operations: no promise broken. "
        f"{seconds:.0f} s with {jobs} {'process' if jobs == 1 else 'processes'}, "
        f"{seconds * jobs * 1000 / (done * steps):.2f} ms a step."
    )


def _range(text: str) -> range:
    first, colon, last = text.partition(":")
    if not (first.isdecimal() and (last.isdecimal() if colon else True)):
        raise typer.BadParameter("is FIRST:LAST, such as 1:200.", param_hint="--seeds")
    chosen = range(int(first), int(last if colon else first) + 1)
    if not chosen:
        raise typer.BadParameter("has its last seed before the first.", param_hint="--seeds")
    return chosen


def _places(text: str) -> frozenset[int]:
    numbers = text.split(",")
    if not all(number.isdecimal() for number in numbers):
        raise typer.BadParameter("is places of steps with commas between, such as 3,17,40.", param_hint="--only")
    return frozenset(map(int, numbers))


def _tell(seed: int, steps: int, variant: str | None) -> None:
    """Run it once more here, find the shortest plan that breaks the same promise, and print it."""
    from counterfoil.simulation import running, telling

    with running.prepared(variant):
        for line in telling.explained(running.run(seed, steps), steps, variant):
            typer.echo(line, err=True)


def _replay(chosen: range, steps: int, variant: str | None, places: frozenset[int]) -> None:
    from counterfoil.simulation import running

    if len(chosen) != 1:
        raise typer.BadParameter("goes with one seed.", param_hint="--only")
    with running.prepared(variant):
        outcome = running.run(chosen.start, steps, places=places, journal=True)
    for line in outcome.journal:
        typer.echo(line)
    if outcome.broken is not None:
        typer.echo(f"{outcome.broken.invariant}: {outcome.broken.seen}", err=True)
        raise typer.Exit(1)
