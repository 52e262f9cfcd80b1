"""Identifiers: UUIDv7 (RFC 9562) made from a clock and a source of randomness that are passed in, and short codes."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from functools import lru_cache

from core.clock import Clock

Randomness = Callable[[int], bytes]
"""Gives that many random bytes."""

_CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def system_randomness(count: int) -> bytes:
    """`count` bytes from the operating system."""
    return secrets.token_bytes(count)


class Identifiers:
    """Makes UUIDv7 text that grows strictly within one maker, even within one millisecond or when the clock goes back.

    Layout of RFC 9562 section 5.7 with method 1 of section 6.2: the 12 bits after the version count within a
    millisecond.
    """

    def __init__(self, clock: Clock, randomness: Randomness = system_randomness) -> None:
        self._clock = clock
        self._randomness = randomness
        self._last = 0

    def new(self) -> str:
        """A new identifier in the canonical lower-case form."""
        stamp = max(self._clock.now_ms() << 12, self._last + 1)
        self._last = stamp
        tail = int.from_bytes(self._randomness(8), "big") & ((1 << 62) - 1)
        value = (stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62 | tail
        digits = f"{value:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def made_at_ms(identifier: str) -> int:
    """When a UUIDv7 was made by its maker's clock, in milliseconds since 1970 UTC."""
    return int(identifier[:8] + identifier[9:13], 16)


def is_identifier(text: str) -> bool:
    """Whether the text is a canonical lower-case UUIDv7."""
    return _UUID7.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def is_code(text: str) -> bool:
    """Whether the text may name a branch, device, drawer or member of staff: `a-z 0-9 -`, 1 to 32 characters."""
    return _CODE.fullmatch(text) is not None
