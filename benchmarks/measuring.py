"""How a ratio is measured: subject and baseline in turn, in short slices, several rounds; the median and its spread."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

SLICES_PER_ROUND = 4
ROUNDS = 5

Work = Callable[[int], int]
"""Does about that many units of work and answers how many it did."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What is measured and what it is measured against; each unit of work is one operation.

    `prepare` is told which of them works next (0 or 1) and how many units it will be asked for; its time counts for
    nobody.
    """

    subject: Work
    baseline: Work
    prepare: Callable[[int, int], None] = lambda _turn, _units: None


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A ratio by name. `prepare` sets both sides up in a folder of their own and takes them down again."""

    name: str
    about: str
    prepare: Callable[[Path], AbstractContextManager[Pair]]
    floor: float | None = None
    goal: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """What came out: the median ratio of the rounds, the smallest and greatest, and both sides' rates a second."""

    name: str
    about: str
    median: float
    lowest: float
    highest: float
    rounds: int
    subject_per_second: float
    baseline_per_second: float
    floor: float | None
    goal: float | None

    @property
    def spread(self) -> float:
        """How far the rounds lie apart, as a part of the median."""
        return (self.highest - self.lowest) / self.median if self.median else 0.0

    @property
    def holds(self) -> bool:
        """Whether the floor is kept."""
        return self.floor is None or self.median >= self.floor


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure that stands for itself, in a unit: reported, held to no floor. `take` measures it once."""

    name: str
    about: str
    take: Callable[[Path], float]
    rounds: int = 3


@dataclass(frozen=True, slots=True)
class Reported:
    """What came out of a quantity: the median of the rounds, the smallest and the greatest."""

    name: str
    about: str
    median: float
    lowest: float
    highest: float
    rounds: int

    @property
    def spread(self) -> float:
        """How far the rounds lie apart, as a part of the median."""
        return (self.highest - self.lowest) / self.median if self.median else 0.0

    @property
    def holds(self) -> bool:
        """Nothing is asked of it."""
        return True


def report(quantity: Quantity, folder: Path) -> Reported:
    """Measure a quantity a few times, each in a folder of its own."""
    taken = []
    for number in range(quantity.rounds):
        place = folder / str(number)
        place.mkdir()
        taken.append(quantity.take(place))
    return Reported(quantity.name, quantity.about, statistics.median(taken), min(taken), max(taken), quantity.rounds)


def measure(benchmark: Benchmark, folder: Path, seconds: float) -> Figure:
    """Run a benchmark for about that many seconds."""
    slice_seconds = seconds / (ROUNDS * SLICES_PER_ROUND * 2)
    with benchmark.prepare(folder) as pair:
        sizes = [_size_of(pair, turn, slice_seconds) for turn in (0, 1)]
        rounds = [_round(pair, sizes) for _ in range(ROUNDS)]
    ratios = sorted(subject / baseline for subject, baseline in rounds)
    return Figure(
        name=benchmark.name,
        about=benchmark.about,
        median=statistics.median(ratios),
        lowest=ratios[0],
        highest=ratios[-1],
        rounds=len(ratios),
        subject_per_second=statistics.median(subject for subject, _ in rounds),
        baseline_per_second=statistics.median(baseline for _, baseline in rounds),
        floor=benchmark.floor,
        goal=benchmark.goal,
    )


def _size_of(pair: Pair, turn: int, seconds: float) -> int:
    """How many units fill a slice; finding out also warms up."""
    work, units = (pair.subject, pair.baseline)[turn], 8
    while True:
        pair.prepare(turn, units)
        rate, took = _timed(work, units)
        if took >= seconds / 2:
            return max(1, int(rate * seconds))
        units *= 2


def _round(pair: Pair, sizes: list[int]) -> tuple[float, float]:
    """Both rates over a round, slice by slice in turn, each side first as often as the other."""
    done, took = [0, 0], [0.0, 0.0]
    for turn in _turns():
        work = (pair.subject, pair.baseline)[turn]
        pair.prepare(turn, sizes[turn])
        started = time.perf_counter()
        done[turn] += work(sizes[turn])
        took[turn] += time.perf_counter() - started
    return done[0] / took[0], done[1] / took[1]


def _turns() -> Iterator[int]:
    for number in range(SLICES_PER_ROUND):
        yield from ((0, 1) if number % 2 == 0 else (1, 0))


def _timed(work: Work, units: int) -> tuple[float, float]:
    started = time.perf_counter()
    done = work(units)
    took = time.perf_counter() - started
    return done / took, took
