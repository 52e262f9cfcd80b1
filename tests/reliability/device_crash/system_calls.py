"""What the program itself asks of the system for its files, counted with SQLite's calls."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.reliability.device_crash.disk import Call, Disk

Named = Callable[..., tuple[Path, Call] | None]


@contextlib.contextmanager
def system_counted(disk: Disk) -> Iterator[None]:
    """Count `os.open` that makes a file, fsync, replace and unlink."""
    named: dict[str, Named] = {"open": _making, "fsync": _flushing, "replace": _replacing, "unlink": _unlinking}
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
        if found is not None and disk.watches(str(found[0])) and disk.meet(found[1]):
            number = errno.ENOSPC if disk.plan.mode == "full" else errno.EIO
            raise OSError(number, os.strerror(number))
        return real(*values, **more)

    return asked


def _making(_disk: Disk, path: Any, flags: int, *_: Any, **__: Any) -> tuple[Path, Call] | None:
    file = Path(path)
    # The lock beside the file holds nothing.
    if not flags & os.O_CREAT or file.exists() or file.suffix == ".lock":
        return None
    return file, Call("create", file.name)


def _flushing(disk: Disk, descriptor: int) -> tuple[Path, Call] | None:
    folder = disk.folder
    if folder is None:
        return None
    status = os.fstat(descriptor)
    if os.path.samestat(status, folder.stat()):
        return folder / ".", Call("sync-folder", ".")
    file = next((file for file in folder.iterdir() if os.path.samestat(status, file.stat())), None)
    return (file, Call("sync", file.name)) if file is not None else None


def _replacing(_disk: Disk, source: Any, target: Any) -> tuple[Path, Call]:
    return Path(source), Call("replace", Path(source).name, target=Path(target).name)


def _unlinking(_disk: Disk, path: Any, **_: Any) -> tuple[Path, Call] | None:
    file = Path(path)
    return (file, Call("delete", file.name)) if file.exists() else None
