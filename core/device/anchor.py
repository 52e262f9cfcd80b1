"""The anchor: what the device remembers of its own chain outside its file, so that an older file is recognised.

Whoever puts an old copy of the file back has money that was paid out already seem to be there still, and no line to
ask. The anchor names the last operation of the chain. It is written after the operation is durable in the file, and
not flushed but for the first time: it may lag behind after a power cut, which is harmless, and never leads. A file that
is behind its anchor, or differs from it, was put back.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
from pathlib import Path
from typing import Protocol

import msgspec

from core.canonical import base64url
from core.secrets.durable_file import flush_folder
from core.store.home import DeviceHome
from core.store.log import ChainHead
from core.store.state import Head

ANCHOR_FILE_NAME = "anchor"
_SLOT_BYTES = 512
"""A sector: it is written whole or not at all. Two take turns, so one that is torn leaves the one before."""

_ANCHORED = "anchored"
"""The setting that says that the home was held to an anchor before."""

_USE = b"counterfoil anchor 1"


class Anchored(msgspec.Struct, frozen=True):
    """The last operation that an epoch's chain is known to have had; `seq` 0 and no hash before its first."""

    device: str
    epoch: int
    seq: int
    hash: str | None


class Anchor(Protocol):
    """Where the last operation is remembered. What the disk does is an OSError."""

    def read(self) -> Anchored | None:
        """What is remembered; None if nothing is, or nothing that this device wrote."""
        ...

    def write(self, head: Anchored) -> None:
        """Remember this in place of what was."""
        ...

    def flush(self) -> None:
        """Have it outlast a power cut that there is something here."""
        ...

    def close(self) -> None:
        """Let go, with everything flushed."""
        ...


class MemoryAnchor:
    """An anchor for tests and simulations: whoever rolls a home back may keep it, or roll it back too."""

    def __init__(self, head: Anchored | None = None) -> None:
        self.head = head

    def read(self) -> Anchored | None:
        """What is remembered."""
        return self.head

    def write(self, head: Anchored) -> None:
        """Remember this."""
        self.head = head

    def flush(self) -> None:
        """Nothing is lost here."""

    def close(self) -> None:
        """Nothing is held."""


class FileAnchor:
    """A small file of two slots, each a line of JSON with its HMAC-SHA-256 under a key made from the device's own."""

    def __init__(self, path: Path, database_key: bytes) -> None:
        self.path = path
        self._key = hmac.digest(database_key, _USE, hashlib.sha256)
        self._descriptor: int | None = None
        self._turn = 0

    def read(self) -> Anchored | None:
        """What is remembered: of the slots that hold, the one that is further on. Raises OSError."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        slots = [self._head_in(content[start : start + _SLOT_BYTES]) for start in (0, _SLOT_BYTES)]
        found = [(head.epoch, head.seq, turn, head) for turn, head in enumerate(slots) if head is not None]
        if not found:
            return None
        *_, turn, head = max(found, key=lambda one: one[:3])
        self._turn = 1 - turn
        return head

    def _head_in(self, slot: bytes) -> Anchored | None:
        text, _, code = slot.rstrip().rpartition(b" ")
        if not hmac.compare_digest(code, self._code(text)):
            return None
        with contextlib.suppress(msgspec.MsgspecError, UnicodeError):
            return msgspec.json.decode(text, type=Anchored)
        return None

    def _code(self, text: bytes) -> bytes:
        return base64url(hmac.digest(self._key, text, hashlib.sha256)).encode()

    def write(self, head: Anchored) -> None:
        """Remember this, in the slot whose turn it is. Raises OSError."""
        text = msgspec.json.encode(head)
        slot = (text + b" " + self._code(text)).ljust(_SLOT_BYTES - 1) + b"\n"
        descriptor = self._opened()
        os.lseek(descriptor, self._turn * _SLOT_BYTES, os.SEEK_SET)
        os.write(descriptor, slot)
        self._turn = 1 - self._turn

    def _opened(self) -> int:
        if self._descriptor is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        return self._descriptor

    def flush(self) -> None:
        """The file, its name and its folder's. Raises OSError."""
        os.fsync(self._opened())
        flush_folder(self.path.parent)
        flush_folder(self.path.parent.parent)

    def close(self) -> None:
        """Flush and let go."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.fsync(descriptor)
            os.close(descriptor)


def anchor_path(store_path: Path) -> Path:
    """Where the anchor of that file is, unless somebody has said another place: in a folder of its own beside it."""
    return store_path.parent / "anchor" / f"{store_path.name}.{ANCHOR_FILE_NAME}"


class Mooring:
    """Holds a device's home to its anchor, and the anchor to what is done. Without an anchor it holds nothing."""

    def __init__(self, anchor: Anchor | None) -> None:
        self._anchor = anchor
        self._blind = False
        self.kept = True
        """Whether the anchor says what was done last; while it does not, nothing may be spent."""

    def fault(self, home: DeviceHome, head: Head, own: ChainHead) -> str | None:
        """Why this home may not be gone on with: `rolled_back`, `anchor_missing`; None if it is what it was left as."""
        if self._anchor is None:
            return None
        try:
            found = self._anchor.read()
        except OSError:
            # What can't be read is not written over either.
            self._blind, self.kept = True, False
            return None
        fault = _fault(found, home, head, own)
        if fault is None:
            self.keep(head, own)
            if self.kept and home.setting(_ANCHORED) is None:
                self._expect_anchor(home)
        return fault

    def _expect_anchor(self, home: DeviceHome) -> None:
        """From now on a home without its anchor is stopped, so first the anchor is there whatever happens."""
        try:
            if self._anchor is not None:
                self._anchor.flush()
        except OSError:
            self.kept = False
            return
        with home.transaction():
            home.put_setting(_ANCHORED, "1")

    def keep(self, head: Head, own: ChainHead) -> None:
        """Remember the chain's last operation, which is durable in the home."""
        if self._anchor is None or self._blind:
            return
        try:
            self._anchor.write(Anchored(head.device, head.epoch, own.seq, own.hash))
        except OSError:
            self.kept = False
        else:
            self.kept = True

    def close(self) -> None:
        """Let go of the anchor."""
        if self._anchor is not None:
            self._anchor.close()


def _fault(found: Anchored | None, home: DeviceHome, head: Head, own: ChainHead) -> str | None:
    if found is None or found.device != head.device or found.epoch < head.epoch:
        # A home that was never held to an anchor is new, or from before there were any.
        return "anchor_missing" if home.setting(_ANCHORED) is not None else None
    if found.epoch > head.epoch or found.seq > own.seq:
        return "rolled_back"
    return None if _hash_at(found.seq, home, head, own) == found.hash else "rolled_back"


def _hash_at(seq: int, home: DeviceHome, head: Head, own: ChainHead) -> str | None:
    if seq in {0, own.seq}:
        return own.hash if seq else None
    found = home.log.at_seq(own.no, seq, after_no=head.acked_no - 1 if seq >= head.acked_seq else 0)
    return found[1] if found is not None else None
