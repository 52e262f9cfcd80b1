"""Files replaced whole: written beside, for their owner's eyes only, flushed to the disk, then swapped in."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

_OWNER_ONLY = 0o600


def replace_file(path: Path, content: bytes) -> None:
    """Put the content in place of the file; a power cut leaves the old file or the new, never a mixture."""
    beside = _write_beside(path, content)
    try:
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def create_file(path: Path, content: bytes) -> None:
    """Make the file with that content, whole or not at all. Raises FileExistsError if it is there already."""
    beside = _write_beside(path, content)
    try:
        # A link, unlike a rename, never takes the place of what is there.
        os.link(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    flush_folder(path.parent)


def _write_beside(path: Path, content: bytes) -> Path:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        beside.unlink()
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), _OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    return beside


def flush_folder(folder: Path) -> None:
    """Make a rename in the folder durable, where the system has a way to say so."""
    if sys.platform == "win32":
        return  # a folder can't be opened there; NTFS journals the rename
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
