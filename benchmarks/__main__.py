"""`python -m benchmarks [--only NAME] [--json FILE] [--seconds S]`: measure the ratios and say whether floors hold."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks.measuring import Benchmark, Figure, Quantity, Reported, measure, report


def every_benchmark() -> tuple[Benchmark | Quantity, ...]:
    """All figures; a module is imported only for measuring, so that one can run where another's parts are missing."""
    from benchmarks import hot_account, local_posting, server_idle, settled, snapshot, window

    return (
        local_posting.BENCHMARK,
        settled.BENCHMARK,
        hot_account.HOT_ACCOUNT,
        snapshot.RATE,
        snapshot.SECONDS,
        server_idle.QUANTITY,
        window.START,
        window.IDLE_MEMORY,
    )


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, write. Answers 1 if a floor does not hold, 2 for an unknown name."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Ratios against a baseline in the same run.")
    parser.add_argument("--only", metavar="NAME", help="run this one alone")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write every figure there")
    parser.add_argument("--seconds", metavar="S", type=float, default=20.0, help="about how long each runs (20)")
    asked = parser.parse_args(arguments)
    known = every_benchmark()
    chosen = [one for one in known if asked.only in (None, one.name)]
    if not chosen:
        print(f"no benchmark is called {asked.only}; there are: {', '.join(one.name for one in known)}")
        return 2
    figures = [_run(one, max(1.0, asked.seconds)) for one in chosen]
    if asked.json is not None:
        asked.json.write_text(json.dumps({figure.name: _values(figure) for figure in figures}, indent=2) + "\n")
    return 0 if all(figure.holds for figure in figures) else 1


def _run(benchmark: Benchmark | Quantity, seconds: float) -> Figure | Reported:
    with tempfile.TemporaryDirectory(prefix="counterfoil-bench-") as folder:
        if isinstance(benchmark, Quantity):
            return _say(report(benchmark, Path(folder)))
        figure = measure(benchmark, Path(folder), seconds)
    limits = [f"{name} {value:g}" for name, value in (("floor", figure.floor), ("goal", figure.goal)) if value]
    print(
        f"{figure.name}: {figure.median:.3f}  ({figure.lowest:.3f} to {figure.highest:.3f} in {figure.rounds} rounds)"
    )
    print(f"  {figure.about}")
    print(f"  {figure.subject_per_second:,.0f} / {figure.baseline_per_second:,.0f} a second; {', '.join(limits)}")
    return figure


def _say(reported: Reported) -> Reported:
    print(f"{reported.name}: {reported.median:.2f}  ({reported.lowest:.2f} to {reported.highest:.2f})")
    print(f"  {reported.about}")
    return reported


def _values(figure: Figure | Reported) -> dict[str, object]:
    return {**asdict(figure), "spread": figure.spread, "holds": figure.holds}


if __name__ == "__main__":
    sys.exit(main())
