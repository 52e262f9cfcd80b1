"""A failing plan made short: steps are left out as long as the same promise breaks (delta debugging, Zeller 1999)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from counterfoil.simulation.running import Outcome, run

RUNS_MAX = 400


def shortened(outcome: Outcome, steps: int, *, runs: int = RUNS_MAX) -> tuple[int, ...]:
    """The places of steps that are enough to break the same promise by the same seed, as `runs` tries show."""
    if outcome.broken is None:
        raise ValueError("nothing was broken")
    invariant = outcome.broken.invariant
    last = outcome.broken.place
    places = list(range(steps if last is None else last + 1))

    def fails(kept: Sequence[int]) -> bool:
        found = run(outcome.seed, steps, places=frozenset(kept)).broken
        return found is not None and found.invariant == invariant

    return tuple(smallest(places, fails, runs))


def smallest(places: list[int], fails: Callable[[Sequence[int]], bool], tries: int = RUNS_MAX) -> list[int]:
    """The fewest of them that still fail, as far as a limited number of tries shows."""
    parts, runs = 2, 0
    while len(places) >= 2 and runs < tries:
        size = max(1, len(places) // parts)
        for start in range(0, len(places), size):
            rest = places[:start] + places[start + size :]
            runs += 1
            if fails(rest):
                places, parts = rest, max(2, parts - 1)
                break
            if runs >= tries:
                break
        else:
            if size == 1:
                return places
            parts = min(len(places), parts * 2)
    return places
