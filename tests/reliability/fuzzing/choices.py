"""The decisions that one input consists of: drawn from a seed, or from bytes that a coverage-guided engine chose."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

BOUNDARIES = (
    0,
    1,
    -1,
    2,
    99,
    100,
    2**15,
    2**31 - 1,
    2**31,
    10**12,
    10**12 + 1,
    2**53 - 1,
    2**53,
    2**63 - 1,
    2**63,
    2**64,
    -(2**63) - 1,
    10**30,
)
STRANGE_TEXTS = (
    "",
    " ",
    "\x00",
    "\n",
    "\u202e",
    "\ufeff",
    "é",
    "\u0661",
    "\U0001d7cf",
    "ß",
    "\U0001f4a9",
    "null",
    "../../etc/passwd",
    "' OR 1=1 --",
    "%00",
    "a" * 33,
    "x" * 129,
    "-",
    "--",
    "centre",
    "bank",
    "staff:",
    "device",
    "9999-12-31T23:59:59.999Z",
    "0001-01-01T00:00:00.000Z",
    "2026-02-30T00:00:00.000Z",
    "2026-11-20T24:00:00.000Z",
    "2026-11-20T23:59:60.000Z",
    "0000-00-00",
    "9999-12-31",
)


class Choices:
    """Decisions in their order; the same source gives the same ones."""

    def __init__(self, source: random.Random) -> None:
        self._source = source

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1."""
        return int(self._source.random() * limit)

    def one_in(self, count: int) -> bool:
        """True once in `count` times."""
        return self._source.random() * count < 1

    def pick(self, among: Sequence[T]) -> T:
        """One of them."""
        return among[int(self._source.random() * len(among))]

    def number(self) -> int:
        """A boundary of some type, a neighbour of one, or any number of up to fifty bits."""
        kind = self.below(4)
        if kind == 0:
            return self.below(10**4)
        if kind == 1:
            return self._source.getrandbits(1 + self.below(50))
        return self.pick(BOUNDARIES) + (self.below(3) - 1 if kind == 2 else 0)

    def text(self) -> str:
        """A text that programs stumble over, or a few characters of any plane."""
        if self.below(3):
            return self.pick(STRANGE_TEXTS)
        return "".join(chr(self._character()) for _ in range(self.below(12)))

    def _character(self) -> int:
        found = self._source.getrandbits(self.pick((7, 7, 8, 11, 16, 20)))
        return found if not 0xD800 <= found < 0xE000 else 0x20

    def data(self, length_max: int = 40) -> bytes:
        """Any bytes."""
        length = self.below(length_max + 1)
        return self._source.getrandbits(8 * length).to_bytes(length, "big") if length else b""


def from_seed(seed: str) -> Choices:
    """The choices of one input of a seeded run."""
    return Choices(random.Random(seed))


class _Bytes(random.Random):
    """Randomness that is read off given bytes; what comes after their end is drawn from a seed."""

    def __init__(self, data: bytes) -> None:
        super().__init__(len(data))
        self._data = data
        self._place = 0

    def random(self) -> float:
        left = self._data[self._place : self._place + 2]
        if len(left) < 2:
            return super().random()
        self._place += 2
        return int.from_bytes(left, "big") / 65536

    def getrandbits(self, k: int, /) -> int:
        length = (k + 7) // 8
        left = self._data[self._place : self._place + length]
        if len(left) < length:
            return super().getrandbits(k)
        self._place += length
        return int.from_bytes(left, "big") >> (8 * length - k)


def from_bytes(data: bytes) -> Choices:
    """The choices that an engine's bytes stand for: a byte changed there is one decision changed here."""
    return Choices(_Bytes(data))
