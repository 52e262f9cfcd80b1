"""A run spread over processes: the same inputs whatever their number."""

from __future__ import annotations

import gc
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.reliability.fuzzing.engine import Report, fuzz, schedule
from tests.reliability.fuzzing.targets import SHARES, opened


def run(inputs: int, seed: str, jobs: int, only: tuple[str, ...] = tuple(SHARES)) -> Report:
    """Fuzz in so many processes; the same inputs whatever their number."""
    work = partial(_part, inputs, seed, jobs, only)
    report = Report()
    if jobs == 1:
        return work(0)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for part in pool.map(work, range(jobs)):
            report.add(part)
    return report


def _part(inputs: int, seed: str, jobs: int, only: tuple[str, ...], place: int) -> Report:
    """Every `jobs`-th input, from `place` on."""
    plan = schedule({name: SHARES[name] for name in only}, inputs)
    with TemporaryDirectory(prefix="counterfoil-fuzzing-") as folder, opened(Path(folder)) as targets:
        # The banks stay to the end: a collector that looks them through again and again takes a tenth of the time.
        gc.freeze()
        return fuzz(targets, (each for number, each in enumerate(plan) if number % jobs == place), seed)
