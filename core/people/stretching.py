"""A key from a password or passphrase by Argon2id (RFC 9106), at a cost that is passed in."""

from __future__ import annotations

import struct
import unicodedata
from dataclasses import dataclass

from nacl.pwhash import argon2id

SALT_BYTES = argon2id.SALTBYTES
KEY_BYTES = 32
PACKED_BYTES = 8
_PASSES_MAX = 16
_MEMORY_KIB_MIN = argon2id.MEMLIMIT_MIN // 1024
_MEMORY_KIB_MAX = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Stretching:
    """The cost of one derivation: `passes` over `memory_kib` KiB of memory, in one lane.

    Raises ValueError outside 1 to 16 passes and 8 KiB to 1 GiB, so that no damaged header takes all memory.
    """

    passes: int
    memory_kib: int

    def __post_init__(self) -> None:
        if not 1 <= self.passes <= _PASSES_MAX or not _MEMORY_KIB_MIN <= self.memory_kib <= _MEMORY_KIB_MAX:
            raise ValueError("the cost of stretching is outside its limits")

    def packed(self) -> bytes:
        """Eight bytes for a header: both numbers, big-endian."""
        return struct.pack(">II", self.passes, self.memory_kib)


def unpacked(data: bytes) -> Stretching:
    """The cost that `Stretching.packed` wrote. Raises ValueError for anything else."""
    if len(data) != PACKED_BYTES:
        raise ValueError("the cost of stretching takes eight bytes")
    passes, memory_kib = struct.unpack(">II", data)
    return Stretching(passes, memory_kib)


MODERATE = Stretching(argon2id.OPSLIMIT_MODERATE, argon2id.MEMLIMIT_MODERATE // 1024)
"""libsodium's "moderate": three passes over 256 MiB, about 0.7 s."""

CHEAPEST = Stretching(argon2id.OPSLIMIT_MIN, _MEMORY_KIB_MIN)
"""For tests and the demo's throw-away people only."""


def prepared(password: str) -> bytes:
    """The bytes that a password stands for: NFKC, so that all keyboards agree on a letter, then UTF-8."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def stretch(password: str, salt: bytes, cost: Stretching) -> bytes:
    """A key of 32 bytes from the password and a salt of 16 bytes."""
    return argon2id.kdf(KEY_BYTES, prepared(password), salt, opslimit=cost.passes, memlimit=cost.memory_kib * 1024)
