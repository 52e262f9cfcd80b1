"""`python -m tests.reliability.device_crash --all [--seed N]`: the whole campaign, or `--sample N` points of each case.

Exit code 1 and the points that failed, if any did; each can be run again by its case and seed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.reliability.device_crash.campaign import MODES, POWER_IMAGES, run
from tests.reliability.device_crash.cases import CASES
from tests.reliability.device_crash.variants import VARIANTS


def main() -> int:
    """Run what was asked for, and say what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.device_crash", description=__doc__)
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--all", action="store_true", help="every point of every case")
    wanted.add_argument("--sample", type=int, metavar="N", help="so many points of each case")
    parser.add_argument("--seed", type=int, default=1, help="chooses the sample, and what a power cut leaves")
    parser.add_argument("--case", action="append", choices=sorted(CASES), help="only this case (repeatable)")
    parser.add_argument("--mode", action="append", choices=sorted(MODES), help="only this way (repeatable)")
    parser.add_argument("--variant", choices=sorted(VARIANTS), help="break this rule first, to see it caught")
    parser.add_argument("--power-images", type=int, default=POWER_IMAGES, help="images for a power cut at one call")
    asked = parser.parse_args()
    if asked.variant:
        VARIANTS[asked.variant]()
    begun = time.monotonic()
    # What a sync keeps is modelled, so where there is a folder in memory it spares the disk a hundred thousand of them.
    memory = Path("/dev/shm")  # noqa: S108
    with tempfile.TemporaryDirectory(prefix="counterfoil-crash-", dir=memory if memory.is_dir() else None) as folder:
        outcome = run(
            Path(folder),
            asked.case or CASES,
            seed=asked.seed,
            sample=asked.sample,
            modes=frozenset(asked.mode or MODES),
            power_images=asked.power_images,
            report=lambda line: print(line, file=sys.stderr, flush=True),
        )
    say = sys.stdout.write
    for failure in outcome.failures:
        say(f"FAILED {failure}\n")
    modes = ", ".join(f"{mode} {count}" for mode, count in sorted(outcome.points.items()))
    say(
        f"{outcome.points.total()} points ({modes}) of {len(outcome.calls)} cases with {sum(outcome.calls.values())} "
        f"calls, {len(outcome.failures)} failures, {time.monotonic() - begun:.0f} s, seed {asked.seed}\n"
    )
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    sys.exit(main())
