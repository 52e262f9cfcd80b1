"""Runs targets over inputs made from a seed, and keeps what no caller of theirs is prepared for."""

from __future__ import annotations

import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from core.errors import EnvironmentProblem, IntegrityFault, Refusal, Refused
from sync_server.problems import Problem
from tests.reliability.fuzzing.choices import Choices, from_seed

SECONDS_MAX = 1.0
"""An input that keeps the processor busy for longer hangs whoever reads it."""

FuzzTarget = Callable[[Choices], str]
"""Handles one input and says what became of it; raises AssertionError where something that must hold does not."""


class TooSlow(Exception):
    """An input that took longer than `SECONDS_MAX`."""


@dataclass(frozen=True)
class Finding:
    """What was not foreseen: the target, the seed that makes the input again, and where it was raised."""

    target: str
    seed: str
    what: str
    where: str


@dataclass
class Report:
    """Inputs and outcomes by target, and findings by place: one for each place is kept, all are counted."""

    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    findings: dict[tuple[str, str, str], Finding] = field(default_factory=dict)
    found: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    @property
    def inputs(self) -> int:
        """How many there were."""
        return sum(sum(each.values()) for each in self.outcomes.values())

    def note(self, target: str, outcome: str, seconds: float) -> None:
        """Count one input."""
        self.outcomes.setdefault(target, Counter())[outcome] += 1
        self.seconds[target] = self.seconds.get(target, 0.0) + seconds

    def find(self, finding: Finding) -> None:
        """Keep a finding, the first of its place."""
        key = (finding.target, finding.what.partition(":")[0], finding.where)
        self.found[key] += 1
        self.findings.setdefault(key, finding)

    def add(self, other: Report) -> None:
        """Take in another's."""
        for target, counts in other.outcomes.items():
            self.outcomes.setdefault(target, Counter()).update(counts)
            self.seconds[target] = self.seconds.get(target, 0.0) + other.seconds[target]
        for key, finding in other.findings.items():
            self.findings.setdefault(key, finding)
        self.found.update(other.found)


def schedule(shares: Mapping[str, int], inputs: int) -> Iterator[tuple[str, int]]:
    """Targets in turn by their shares, with each one's own number of the input."""
    cycle = [name for name, share in shares.items() for _ in range(share)]
    counts: Counter[str] = Counter()
    for number in range(inputs):
        name = cycle[number % len(cycle)]
        yield name, counts[name]
        counts[name] += 1


def fuzz(
    targets: Mapping[str, FuzzTarget], plan: Sequence[tuple[str, int]] | Iterator[tuple[str, int]], seed: str
) -> Report:
    """Run the planned inputs."""
    report = Report()
    with _watch() as watch:
        for name, number in plan:
            label = f"{seed}/{name}/{number}"
            begun = time.perf_counter()
            outcome = try_one(targets[name], name, label, from_seed(label), report, watch)
            report.note(name, outcome, time.perf_counter() - begun)
    return report


def try_one(
    target: FuzzTarget, name: str, label: str, choices: Choices, report: Report, watch: Callable[[float], None]
) -> str:
    """Run one input; answers what became of it, in a word or two."""
    watch(SECONDS_MAX)
    try:
        return target(choices)
    except IntegrityFault as fault:
        return f"fault {fault.code}"
    except Refused as refused:
        return f"refused {refused.refusal.code}"
    except (Problem, EnvironmentProblem) as problem:
        return f"problem {problem.kind.code if isinstance(problem, Problem) else problem.code}"
    except Exception as bug:  # noqa: BLE001 - whatever else is raised is what is looked for
        report.find(Finding(name, label, f"{type(bug).__name__}: {bug}"[:300], _place(bug)))
        return f"BUG {type(bug).__name__}"
    finally:
        watch(0)


def said(outcome: object) -> str:
    """An outcome that is a value: a refusal by its code, anything else as read."""
    return f"refused {outcome.code}" if isinstance(outcome, Refusal) else "read"


def _place(bug: BaseException) -> str:
    frames = traceback.extract_tb(bug.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename and "/lib/python" not in frame.filename]
    frame = (ours or frames)[-1]
    return f"{'/'.join(frame.filename.rsplit('/', 3)[1:])}:{frame.lineno}"


@contextmanager
def _watch() -> Iterator[Callable[[float], None]]:
    """A clock that breaks off what keeps the processor busy too long (where the system has such a clock)."""
    if not hasattr(signal, "setitimer"):
        yield lambda _seconds: None
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooSlow(f"more than {SECONDS_MAX:g} s")

    before = signal.signal(signal.SIGVTALRM, stop)
    try:
        yield lambda seconds: (signal.setitimer(signal.ITIMER_VIRTUAL, seconds), None)[1]
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
