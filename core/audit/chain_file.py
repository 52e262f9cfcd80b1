"""One chain as a file: one operation a line in its compact form, every line ended by LF, nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from core.envelope import CARRYING_BYTES_MAX
from core.errors import IntegrityFault
from core.ids import is_code

HEADS_FILE = "heads.json"
KEYS_FILE = "keys.json"
_NAME = re.compile(r"([a-z0-9-]{1,32})-([1-9][0-9]{0,15})\.jws")


def chain_file_name(device: str, epoch: int) -> str:
    """The file's name; the epoch is what follows the last hyphen."""
    return f"{device}-{epoch}.jws"


def chain_of_file(name: str) -> tuple[str, int] | None:
    """Device and epoch of a chain's file, or None if no chain's file is called so."""
    found = _NAME.fullmatch(name)
    if found is None or not is_code(found[1]):
        return None
    return found[1], int(found[2])


def read_lines(path: Path) -> Iterator[str | IntegrityFault]:
    """Each line without its LF; a fault in place of the first line that has not the form, and nothing after it.

    Faults: `line_too_long`, `line_end_missing`, `line_blank`, `line_end_not_lf`, `line_not_ascii`.
    """
    with path.open("rb") as file:
        while line := file.readline(CARRYING_BYTES_MAX + 2):
            code = _line_fault(line)
            if code is not None:
                yield IntegrityFault(code)
                return
            yield line[:-1].decode("ascii")


def _line_fault(line: bytes) -> str | None:
    if not line.endswith(b"\n"):
        return "line_too_long" if len(line) > CARRYING_BYTES_MAX else "line_end_missing"
    if line == b"\n":
        return "line_blank"
    if b"\r" in line:
        return "line_end_not_lf"
    return None if line.isascii() else "line_not_ascii"
