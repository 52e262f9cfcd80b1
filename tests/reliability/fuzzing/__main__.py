"""`python -m tests.reliability.fuzzing --inputs 1000000 --seed 1 --jobs 2`: exit code 1 if anything is found.

`--again 1/changed/123` makes one input of a run once more and shows where it ends.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.reliability.fuzzing.choices import from_seed
from tests.reliability.fuzzing.engine import Report
from tests.reliability.fuzzing.processes import run
from tests.reliability.fuzzing.targets import SHARES, opened

_OUTCOMES_SHOWN = 3


def main(arguments: list[str] | None = None) -> int:
    """Fuzz as the command line says; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.fuzzing", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", choices=sorted(SHARES), action="append", help="these targets alone")
    parser.add_argument("--again", metavar="SEED/TARGET/NUMBER", help="make one input once more")
    given = parser.parse_args(arguments)
    if given.again:
        return _again(given.again)
    only = tuple(given.only or SHARES)
    begun = time.perf_counter()
    report = run(given.inputs, given.seed, given.jobs, only)
    _show(report, time.perf_counter() - begun)
    return 1 if report.findings else 0


def _again(label: str) -> int:
    with TemporaryDirectory(prefix="counterfoil-fuzzing-") as folder, opened(Path(folder)) as targets:
        _say(targets[label.split("/")[-2]](from_seed(label)))
    return 0


def _show(report: Report, seconds: float) -> None:
    _say(f"{'target':<14}{'inputs':>10}{'per second':>12}  outcomes")
    for target, counts in report.outcomes.items():
        inputs = sum(counts.values())
        rate = inputs / report.seconds[target] if report.seconds[target] else 0
        most = ", ".join(f"{what} {count / inputs:.0%}" for what, count in counts.most_common(_OUTCOMES_SHOWN))
        _say(f"{target:<14}{inputs:>10,}{rate:>12,.0f}  {most} (of {len(counts)})")
    _say(f"{report.inputs:,} inputs in {seconds:,.0f} s: {report.inputs / seconds:,.0f} a second")
    for key, finding in report.findings.items():
        _say(f"FOUND {report.found[key]} times: {finding.seed}: {finding.what} at {finding.where}")
    _say("Nothing was found." if not report.findings else f"{len(report.findings)} places to look at.")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
