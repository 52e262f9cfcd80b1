"""Making a new file that is filled before it counts, under the lock that keeps a second copy of the program out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.store.engine import check_sqlite_version
from core.store.lock import FileLock
from core.store.migrating import making
from core.store.problems import exists, problem_of_system


@contextlib.contextmanager
def new_file(path: Path, key: bytes) -> Iterator[Any]:
    """A cursor on an empty file of the newest schema (`migrating.making`), which becomes `path` at the end.

    Raises `StoreProblem` with `store_exists`, `store_in_use`, `store_old_sqlite` or what the disk does.
    """
    check_sqlite_version()
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.take()
        if path.exists():
            raise exists(path)
        with making(path, key) as cursor:
            yield cursor
    except OSError as problem:
        raise problem_of_system(problem, path) from problem
    finally:
        lock.release()
