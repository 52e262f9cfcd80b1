"""What the program itself asks of the system for its files, counted with SQLite's calls."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.reliability.device_crash.disk import Call, Disk, die

Named = Callable[..., Call | None]


@contextlib.contextmanager
def system_counted(disk: Disk) -> Iterator[None]:
    """Count `os.open` that makes a file, write, fsync, replace and unlink."""
    named: dict[str, Named] = {
        "open": _making,
        "write": _writing,
        "fsync": _flushing,
        "replace": _replacing,
        "unlink": _unlinking,
    }
    kept = {name: getattr(os, name) for name in named}
    for name, function in named.items():
        setattr(os, name, _counted(disk, kept[name], function))
    try:
        yield
    finally:
        for name, function in kept.items():
            setattr(os, name, function)


def _counted(disk: Disk, real: Callable[..., Any], named: Named) -> Callable[..., Any]:
    def asked(*values: Any, **more: Any) -> Any:
        found = named(disk, *values, **more) if disk.folder is not None else None
        if found is None:
            return real(*values, **more)
        failing = disk.meet(found)
        if disk.tears():
            real(values[0], found.data[: int(len(found.data) * disk.plan.torn)])
            die()
        if failing:
            number = errno.ENOSPC if disk.plan.mode == "full" else errno.EIO
            raise OSError(number, os.strerror(number))
        return real(*values, **more)

    return asked


def _making(disk: Disk, path: Any, flags: int, *_: Any, **__: Any) -> Call | None:
    file = Path(path)
    # The lock beside the file holds nothing.
    if not disk.watches(str(file)) or not flags & os.O_CREAT or file.exists() or file.suffix == ".lock":
        return None
    return Call("create", disk.named(file))


def _open_as(disk: Disk, descriptor: int) -> Path | None:
    """The file of the watched folder that the descriptor stands for."""
    status = os.fstat(descriptor)
    files = disk.folder.rglob("*") if disk.folder is not None else ()
    return next((file for file in files if file.is_file() and os.path.samestat(status, file.stat())), None)


def _flushing(disk: Disk, descriptor: int) -> Call | None:
    folder = disk.folder
    if folder is not None and os.path.samestat(os.fstat(descriptor), folder.stat()):
        return Call("sync-folder", ".")
    file = _open_as(disk, descriptor)
    return Call("sync", disk.named(file)) if file is not None else None


def _writing(disk: Disk, descriptor: int, data: bytes) -> Call | None:
    file = _open_as(disk, descriptor)
    if file is None:
        return None
    return Call("write", disk.named(file), os.lseek(descriptor, 0, os.SEEK_CUR), bytes(data))


def _replacing(disk: Disk, source: Any, target: Any) -> Call | None:
    if not disk.watches(str(source)):
        return None
    return Call("replace", disk.named(source), target=disk.named(target))


def _unlinking(disk: Disk, path: Any, **_: Any) -> Call | None:
    file = Path(path)
    return Call("delete", disk.named(file)) if disk.watches(str(file)) and file.exists() else None
