"""The same targets under atheris: libFuzzer chooses the bytes that decisions are read from, by the code they reach.

`python -m tests.reliability.fuzzing.guided --only changed --inputs 100000 --seed 1` runs one target until the first
finding, which ends the process as libFuzzer does: with a stack trace, and the input in a file `crash-…`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

# What is to be followed is instrumented as it is imported.
with atheris.instrument_imports(include=["core", "sync_server"]):
    from tests.reliability.fuzzing.choices import from_bytes
    from tests.reliability.fuzzing.engine import Report, try_one
    from tests.reliability.fuzzing.targets import SHARES, opened

BYTES_MAX = 512
"""Of an input: what comes after them is drawn from a seed."""

SECONDS_MAX = 5


class Found(Exception):
    """Something that no caller is prepared for."""


def main() -> None:
    """Fuzz one target. Does not return: libFuzzer ends the process."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.fuzzing.guided", description=__doc__)
    parser.add_argument("--only", choices=sorted(SHARES), required=True)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with TemporaryDirectory(prefix="counterfoil-fuzzing-") as folder, opened(Path(folder)) as targets:
        target, name = targets[given.only], given.only

        def one(data: bytes) -> None:
            report = Report()
            try_one(target, name, data.hex(), from_bytes(data), report, _unwatched)
            for finding in report.findings.values():
                raise Found(finding)

        bounds = (f"-max_len={BYTES_MAX}", "-len_control=0", f"-timeout={SECONDS_MAX}")
        options = (f"-runs={given.inputs}", f"-seed={given.seed}", *bounds)
        atheris.Setup([sys.argv[0], *options], one)
        atheris.Fuzz()


def _unwatched(_seconds: float) -> None:
    """libFuzzer watches the time itself."""


if __name__ == "__main__":
    main()
