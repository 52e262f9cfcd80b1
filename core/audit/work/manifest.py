"""`work.json`, `verdicts.json` and the names of the files beside them."""

from __future__ import annotations

from typing import Literal, TypeVar

import msgspec

from core.envelope import Positive
from core.errors import IntegrityFault
from core.operations.kind import Digest, ShortCode

WORK_FILE = "work.json"
VERDICTS_FILE = "verdicts.json"
KEYS_FILE = "keys.jws"
README_FILE = "README.txt"


class ChainPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The part of a chain from `first` to `last` (both `seq`); `prev` is the hash before it."""

    device: ShortCode
    epoch: Positive
    first: Positive
    last: Positive
    prev: Digest | None

    @property
    def file(self) -> str:
        """The file's name."""
        return f"{self.device}-{self.epoch}.work"


class Work(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Whose work, in which days (ISO 8601, inclusive, None for no end), when and from what it was written out."""

    v: Literal[1]
    person: ShortCode
    from_: str | None
    to: str | None
    made_at: str
    made_from: str
    chains: tuple[ChainPart, ...]


class VerdictKnown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the centre said of an operation, as it was known where this was written out. Nobody signed this."""

    device: ShortCode
    epoch: Positive
    seq: Positive
    hash: Digest
    verdict: str
    accounting_date: str | None
    received_at: str
    exceptions: tuple[str, ...]


class Verdicts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By device, epoch and seq."""

    verdicts: tuple[VerdictKnown, ...]


S = TypeVar("S", Work, Verdicts)


def encode(value: Work | Verdicts) -> bytes:
    """The file's bytes: indented by one space a level, ended by LF."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def decode(data: bytes, kind: type[S]) -> S:
    """Raises `IntegrityFault("work_malformed")` for anything that is not in the one spelling."""
    try:
        value = msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as problem:
        raise IntegrityFault("work_malformed", str(problem)) from problem
    if encode(value) != data:
        raise IntegrityFault("work_malformed", "spelling")
    return value
