"""The device's own line in its file: who it is, what the centre has acknowledged, how far the feeds are read."""

from __future__ import annotations

from typing import Any

import msgspec

_COLUMNS = (
    "device, epoch, branch, purpose, kid, centre_key, centre_url, "
    "acked_seq, acked_no, bank_position, branch_position, incarnation, last_stamp"
)
_LOAD = f"SELECT {_COLUMNS} FROM head WHERE no = 1"  # noqa: S608 - the columns above
_SAVE = f"INSERT OR REPLACE INTO head (no, {_COLUMNS}) VALUES (1{', ?' * 13})"  # noqa: S608 - the columns above


class Head(msgspec.Struct, frozen=True):
    """`acked_seq` is the last operation of the own chain that the centre has; `acked_no` its number in the file."""

    device: str
    epoch: int
    branch: str
    purpose: str
    kid: str
    centre_key: str
    centre_url: str
    acked_seq: int = 0
    acked_no: int = 0
    bank_position: int = 0
    branch_position: int = 0
    incarnation: int = 0
    last_stamp: str | None = None


def load_head(cursor: Any) -> Head | None:
    """The device's line, or None in a file that no device has been written into."""
    row = cursor.execute(_LOAD).fetchone()
    return Head(*row) if row else None


def save_head(cursor: Any, head: Head) -> None:
    """Write the device's line."""
    cursor.execute(_SAVE, msgspec.structs.astuple(head))
