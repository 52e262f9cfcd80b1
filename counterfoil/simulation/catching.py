"""How soon each known-bad variant is caught: seeds from 1 on until a promise breaks, then the shortened trace again."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from counterfoil.simulation.running import Outcome, prepared, run
from counterfoil.simulation.shrinking import shortened
from counterfoil.simulation.variants import VARIANTS

STEPS = 200


@dataclass(frozen=True)
class Caught:
    """What came of a variant: the outcome of the last seed that was run, and of its shortened plan.

    `outcome.broken` is None if the variant was not caught within its seeds. `seconds` are of CPU.
    """

    name: str
    outcome: Outcome
    places: tuple[int, ...]
    again: Outcome
    seconds: float

    def __str__(self) -> str:
        broken = self.outcome.broken
        enough = f", {len(self.places)} steps are enough" if self.places else ""
        what = f"{broken.invariant}{enough}" if broken else "not caught"
        return f"{self.name}: seed {self.outcome.seed} of {VARIANTS[self.name].seeds}, {what}, {self.seconds:.1f} s"


def catch(name: str, runs: int, *, second_bank: bool = True) -> Caught:
    """Run seeds under a variant until one breaks, and shorten its plan by at most so many runs (0: not at all).

    Without `second_bank` what that one would notice counts for nothing.
    """
    began = time.process_time()
    with prepared(name, second_bank=second_bank):
        outcome = run(1, STEPS)
        for seed in range(2, VARIANTS[name].seeds + 1):
            if outcome.broken is not None:
                break
            outcome = run(seed, STEPS)
        places = shortened(outcome, STEPS, runs=runs) if outcome.broken is not None and runs else ()
        again = run(outcome.seed, STEPS, places=frozenset(places)) if places else outcome
    return Caught(name, outcome, places, again, time.process_time() - began)


def catch_all(names: Iterable[str], *, jobs: int, runs: int, second_bank: bool = True) -> Iterator[Caught]:
    """Each of the variants, in several processes, as they come."""
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(partial(catch, runs=runs, second_bank=second_bank), names, chunksize=1)
