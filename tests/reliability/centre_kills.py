"""Kill the server and its PostgreSQL in mid-batch, again and again.

`python -m tests.reliability.centre_kills --times 300`

Every kill comes while devices push; afterwards everything that was acknowledged is there once, and nothing half.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.reliability.centre_site import KILLS, CentreSite, Kill, wait_for_commit, wait_until
from tests.reliability.held_true import assert_acknowledged, assert_settled, assert_whole
from tests.reliability.load import Load

_PUSHES_BETWEEN_MAX = 6


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run of kills came to. `in_flight`: pushes that were unanswered at the moments of the kills."""

    kills: dict[Kill, int]
    in_flight: int
    acknowledged: int
    lost_after_commit: int
    lost_before_commit: int
    seconds: float
    recovery_seconds_max: float
    said: dict[str, int]

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} {what}" for what, count in self.kills.items())
        return (
            f"{sum(self.kills.values())} kills ({kinds}) with {self.in_flight} pushes in flight, "
            f"{self.acknowledged:,} operations acknowledged, {self.lost_after_commit} answers lost after their commit, "
            f"{self.lost_before_commit} batches lost before it, {self.seconds:.0f} s, "
            f"at most {self.recovery_seconds_max:.1f} s until every device was answered again. Pushes said {self.said}."
        )


def run_kills(
    folder: Path,
    kills: Sequence[Kill],
    seed: int,
    *,
    devices: int = 4,
    settings: Mapping[str, str] | None = None,
    tell: bool = False,
) -> Figures:
    """Kill these one after another under load. Raises AssertionError for whatever does not hold."""
    dice = random.Random(seed)
    began = time.monotonic()
    with CentreSite(folder, settings=settings) as site:
        site.server.start()
        site.server.wait_ready()
        load = Load(site, dice, devices)
        load.start()
        in_flight, slowest, since = 0, 0.0, dict[str, int]()
        try:
            load.wait_for_progress()
            for number, what in enumerate(kills, start=1):
                in_flight += _strike(site, load, what, dice)
                recovering = time.monotonic()
                load.wait_for_progress()
                slowest = max(slowest, time.monotonic() - recovering)
                assert_acknowledged(load, since)
                if tell:
                    took = f"{time.monotonic() - began:.0f} s"
                    print(f"{number} {what}: {load.acknowledged:,} acknowledged, {took}", flush=True)
            assert_whole(site.bank)
        finally:
            load.stop()
        assert_settled(load)
        said = load.said
        return Figures(
            kills={what: count for what, count in site.killed.items() if count},
            in_flight=in_flight,
            acknowledged=load.acknowledged,
            lost_after_commit=said.pop("answers lost after commit", 0),
            lost_before_commit=said.pop("batches lost before commit", 0),
            seconds=time.monotonic() - began,
            recovery_seconds_max=slowest,
            said=dict(said),
        )


def _strike(site: CentreSite, load: Load, what: Kill, dice: random.Random) -> int:
    """Kill while at least two devices wait for an answer; answers how many did.

    Half of the kills of the server come just after a commit, when the answer is on its way or not yet written.
    """
    target = load.said["batches"] + dice.randint(0, _PUSHES_BETWEEN_MAX)
    wait_until(lambda: load.said["batches"] >= target and load.in_flight >= 2, "pushes in flight")
    if what in ("server", "worker") and dice.random() < 0.5:
        wait_for_commit(site)
    waiting = load.in_flight
    site.kill(what)
    return waiting


def main(arguments: Sequence[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.centre_kills", description=__doc__)
    parser.add_argument("--times", type=int, default=300, help="how many kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--devices", type=int, default=4)
    parser.add_argument("--only", choices=KILLS, help="always kill this")
    parser.add_argument(
        "--postgres", action="append", default=[], metavar="NAME=VALUE", help="a setting; synchronous_commit=off fails"
    )
    given = parser.parse_args(arguments)
    dice = random.Random(given.seed)
    kills = [given.only or dice.choice(KILLS) for _ in range(given.times)]
    with tempfile.TemporaryDirectory(prefix="counterfoil-kills-") as folder:
        settings = dict(pair.split("=", 1) for pair in given.postgres)
        figures = run_kills(Path(folder), kills, given.seed, devices=given.devices, settings=settings, tell=True)
    print(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
