"""Lets one run at a time change .venv/; the operating system frees the lock if its holder is killed."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from installer.environment.progress import Progress


def lock_at_once(file: BinaryIO) -> bool:
    """Take the lock if nobody has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def lock_when_free(file: BinaryIO) -> None:
    """Wait for the lock as long as it takes."""
    if sys.platform == "win32":
        import msvcrt

        waiting = True
        while waiting:
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # gives up by itself after ten seconds
                waiting = False
            except OSError:
                continue
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)


@contextmanager
def one_at_a_time(path: Path, progress: Progress) -> Iterator[None]:
    """Hold the lock file at `path`, saying so when another run has to be waited for."""
    with path.open("a+b") as file:
        file.seek(0)
        if not lock_at_once(file):
            progress.note("another run.py is setting up this checkout; waiting for it")
            lock_when_free(file)
        yield
