"""A copy of the whole file, made while the program works on it, and a file put back from one.

A copy counts only once it has been read from end to end: it is made beside its place, checked there, and renamed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.secrets.durable_file import flush_folder
from core.store.engine import check_sqlite_version, connect
from core.store.lock import FileLock
from core.store.migrating import check_whole, made_beside, swap_in
from core.store.problems import DRIVER_ERROR, exists, missing, problem_of_system, store_problem

Check = Callable[[Path], None]
"""Looks at the finished copy; whatever it raises leaves nothing behind."""

_SIDE_FILES = ("", "-wal", "-shm", "-journal")


def back_up(source: Path, target: Path, key: bytes, check: Check) -> None:
    """Copy the file, whoever works on it meanwhile, under the same key. Raises `StoreProblem`; `store_exists`, too."""
    check_sqlite_version()
    _require(source)
    try:
        if target.exists():
            raise exists(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy_checked(source, target, key, check)
    except OSError as problem:
        raise problem_of_system(problem, target) from problem


def restore(backup: Path, path: Path, key: bytes, check: Check, *, replace: bool = False) -> Path | None:
    """Put a copy of the backup in the place of the file, which no program may have open.

    A file that is there is refused (`store_exists`), or with `replace` kept beside under the name that is answered: it
    may hold work that was never sent. Raises `StoreProblem`, and what `check` raises; then nothing has changed.
    """
    check_sqlite_version()
    _require(backup)
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.take()
        if path.exists() and not replace:
            raise exists(path)
        kept: list[Path] = []

        def check_then_set_aside(beside: Path) -> None:
            check(beside)
            if path.exists():
                kept.append(_set_aside(path))

        _copy_checked(backup, path, key, check_then_set_aside)
        return kept[0] if kept else None
    except OSError as problem:
        raise problem_of_system(problem, path) from problem
    finally:
        lock.release()


def _copy_checked(source: Path, target: Path, key: bytes, check: Check) -> None:
    with made_beside(target) as beside:
        _copy_pages(source, beside, key)
        check_whole(beside, key)
        check(beside)
        swap_in(beside, target)


def _copy_pages(source: Path, target: Path, key: bytes) -> None:
    """SQLite's online backup: one consistent state, however much is written meanwhile."""
    one = connect(source, key, read_only=True)
    try:
        other = connect(target, key, write_ahead=False)
        try:
            one.backup(other)
        finally:
            other.close()
    except DRIVER_ERROR as problem:
        raise store_problem(problem, source) or problem from problem
    finally:
        one.close()


def _set_aside(path: Path) -> Path:
    """Rename the file with its log, so that it can still be opened under the new name."""
    number = 1
    while (aside := path.with_name(f"{path.name}.replaced-{number}")).exists():
        number += 1
    for side in _SIDE_FILES:
        found = path.with_name(path.name + side)
        if found.exists():
            found.rename(aside.with_name(aside.name + side))
    flush_folder(path.parent)
    return aside


def _require(path: Path) -> None:
    if not path.is_file():
        raise missing(path)
