"""Running seeds: one after another, or over several processes; a seed's outcome is the same wherever it is run."""

from __future__ import annotations

import gc
import hashlib
import multiprocessing
import traceback
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, partial

from counterfoil.simulation import invariants, variants
from counterfoil.simulation.chance import Chance
from counterfoil.simulation.happenings import ALWAYS, HAPPENINGS, let_time_pass
from counterfoil.simulation.healing import heal
from counterfoil.simulation.invariants import Watch
from counterfoil.simulation.remembering import remembering
from counterfoil.simulation.replacing import swapped
from counterfoil.simulation.simulation import Simulation, Violation
from counterfoil.simulation.steps import Step, only, plan
from counterfoil.simulation.world import begin, founded

_WEIGHTS = {kind: weight for kind, (_, weight) in HAPPENINGS.items() if weight}
_SEEDS_AT_ONCE = 8
_SEEDS_BETWEEN_COLLECTIONS = 50


@dataclass(frozen=True)
class Broken:
    """A violation: the invariant, what was seen, and the place of the step after which it was (None: at the end)."""

    invariant: str
    seen: str
    place: int | None


@dataclass(frozen=True)
class Outcome:
    """What came of a seed. `digest` is over every operation that the centre has, in order."""

    seed: int
    steps: int
    operations: int
    digest: str
    broken: Broken | None
    journal: tuple[str, ...] = ()


@cache
def _watch() -> Watch:
    """What a founded bank has come to, looked at once."""
    simulation = begin(0)
    watch = Watch()
    simulation.active = {desk.title: desk for desk in simulation.desks}
    watch.look(simulation)
    simulation.conversations.close()
    return watch


def run(seed: int, steps: int, *, places: frozenset[int] | None = None, journal: bool = False) -> Outcome:
    """Run one seed; with `places`, only those steps of its plan. What is raised as a bug is an outcome too."""
    planned = plan(seed, steps, _WEIGHTS, ALWAYS)
    if places is not None:
        planned = only(planned, places)
    simulation, watch = begin(seed), _watch().copy()
    simulation.journal = [] if journal else None
    place: int | None = None
    broken: Broken | None = None
    try:
        for step in planned:
            place = step.place
            _take(simulation, watch, step)
        place = None
        simulation.chance = Chance(f"healing/{seed}")
        heal(simulation, watch, _watch().feeds)
    except Violation as violation:
        broken = Broken(violation.invariant, violation.seen, place)
    except Exception as bug:  # noqa: BLE001 - any bug on the way is what a run is there to find
        where = traceback.format_exc(limit=-6) if journal else f"{type(bug).__name__}: {bug}"
        broken = Broken("no_bug", where, place)
    finally:
        simulation.conversations.close()
    count, digest = _digest(simulation)
    return Outcome(seed, len(planned), count, digest, broken, tuple(simulation.journal or ()))


def _take(simulation: Simulation, watch: Watch, step: Step) -> None:
    simulation.chance = Chance(step.number)
    simulation.active = {}
    let_time_pass(simulation)
    if simulation.journal is not None:
        simulation.note(f"step {step.place}: {step.kind}")
    HAPPENINGS[step.kind][0](simulation)
    watch.look(simulation)


def _digest(simulation: Simulation) -> tuple[int, str]:
    hashed = hashlib.sha256()
    texts = simulation.centre.texts()
    for text in texts:
        hashed.update(text.encode())
    return len(texts), hashed.hexdigest()


# Many seeds


def run_all(seeds: Iterable[int], steps: int, *, jobs: int = 1, variant: str | None = None) -> Iterator[Outcome]:
    """The outcomes of many seeds: in order with one job, as they come with several."""
    if jobs == 1:
        with prepared(variant):
            for seed in seeds:
                yield _one(seed, steps)
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs, initializer=_begin_worker, initargs=(variant,)) as pool:
        yield from pool.imap_unordered(partial(_one, steps=steps), seeds, chunksize=_SEEDS_AT_ONCE)


_worker = ExitStack()


def _begin_worker(variant: str | None) -> None:
    _worker.enter_context(prepared(variant))


@contextmanager
def prepared(variant: str | None = None, *, second_bank: bool = True) -> Iterator[None]:
    """Inside, seeds can be run: the bank is founded by the true rules, then the variant's wrong one counts.

    Without `second_bank` nothing is compared with that
    one (`model_agrees`). Cycles are collected between runs, not within one.
    """
    with ExitStack() as stack:
        stack.enter_context(remembering())
        founded()
        _watch()
        stack.enter_context(swapped(invariants, "WITH_SECOND_BANK", second_bank))
        if variant is not None:
            stack.enter_context(variants.VARIANTS[variant].applied())
        gc.collect()
        gc.freeze()
        gc.disable()
        try:
            yield
        finally:
            gc.enable()
            gc.unfreeze()


_since_collection = 0


def _one(seed: int, steps: int) -> Outcome:
    global _since_collection  # noqa: PLW0603 - one count in a worker process
    outcome = run(seed, steps)
    _since_collection += 1
    if _since_collection >= _SEEDS_BETWEEN_COLLECTIONS:
        _since_collection = 0
        gc.collect()
    return outcome
