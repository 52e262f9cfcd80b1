"""The same targets under atheris: libFuzzer chooses the bytes that decisions are read from, by the code they reach.

`python -m tests.reliability.fuzzing.guided --only push --seconds 300 --seed 1` runs one target until the first finding,
which ends the process as libFuzzer does: with a stack trace, and the input in a file `crash-…`. A folder named by
`--corpus` keeps the inputs that reached something new, and a later run begins from them.
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
    parser.add_argument("--inputs", type=int, default=-1, help="so many (any number unless given)")
    parser.add_argument("--seconds", type=int, default=0, help="for so long (without end unless given)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, help="a folder of inputs to begin from and to add to")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="counterfoil-fuzzing-") as folder, opened(Path(folder)) as targets:
        target, name = targets[given.only], given.only

        def one(data: bytes) -> None:
            report = Report()
            try_one(target, name, data.hex(), from_bytes(data), report, _unwatched)
            for finding in report.findings.values():
                raise Found(finding)

        bounds = (f"-max_len={BYTES_MAX}", "-len_control=0", f"-timeout={SECONDS_MAX}")
        ends = (f"-runs={given.inputs}", f"-max_total_time={given.seconds}")
        corpus = (_made(given.corpus),) if given.corpus else ()
        atheris.Setup([sys.argv[0], *ends, f"-seed={given.seed}", *bounds, *corpus], one)
        atheris.Fuzz()


def _made(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


def _unwatched(_seconds: float) -> None:
    """libFuzzer watches the time itself."""


if __name__ == "__main__":
    main()
