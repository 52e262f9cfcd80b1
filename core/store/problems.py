"""What the driver and the system say of the file, in words that help a person at the screen."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

from core.errors import StoreProblem

_BUSY, _READONLY, _IOERR, _CORRUPT, _FULL, _CANTOPEN, _NOTADB = 5, 8, 10, 11, 13, 14, 26
_SAID = {
    "disk I/O error": _IOERR,
    "database or disk is full": _FULL,
    "database disk image is malformed": _CORRUPT,
    "unable to open database file": _CANTOPEN,
}
"""SQLite's own words, where the driver gives no code with them (in a backup)."""
DRIVER_ERROR: type[Exception] = dbapi2.DatabaseError
BROKEN_RULE: type[Exception] = dbapi2.IntegrityError
"""A rule of the schema speaks against what is written: a key that is there already, say."""


def store_problem(problem: Exception, path: Path) -> StoreProblem | None:
    """The problem in the program's words, or None if it is not of the environment but a bug (a bad statement, say)."""
    driver: Any = getattr(problem, "orig", None) or problem
    said = str(driver)
    code = getattr(driver, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else _SAID.get(said)
    if primary == _NOTADB:
        return wrong_key(path)
    if primary == _CORRUPT:
        return damaged(path, said)
    if primary == _FULL:
        return StoreProblem(
            "The disk is full. Nothing of the last step was kept. Make room on the disk, then try again.",
            code="store_disk_full",
            retry=True,
        )
    if primary == _READONLY:
        return StoreProblem(
            f"The bank's file {path} can't be written: it, its folder or the disk is read-only. "
            "Give this user the right to write there, then start again.",
            code="store_read_only",
        )
    if primary == _BUSY:
        return in_use(path)
    if primary in {_IOERR, _CANTOPEN}:
        return StoreProblem(
            f"The bank's file {path} can't be read or written ({said}). Look at the disk and the folder's "
            "permissions, then start again, and see in the journal whether the last step was kept.",
            code="store_disk_error",
        )
    return None


def wrong_key(path: Path) -> StoreProblem:
    """The file does not open under the key from the secret store."""
    return StoreProblem(
        f"The bank's file {path} does not open with the key of this computer's secret store. It was made on another "
        "computer or for another user, or its beginning is damaged. Put the right file back, or enrol the device anew.",
        code="store_wrong_key",
    )


def damaged(path: Path, said: str = "") -> StoreProblem:
    """The file opens but contradicts itself."""
    return StoreProblem(
        f"The bank's file {path} is damaged{f' ({said})' if said else ''}. Don't work with it: keep a copy, put back "
        "the last backup or enrol the device anew; what the centre has is safe there.",
        code="store_damaged",
    )


def in_use(path: Path) -> StoreProblem:
    """Another copy of the program has the file."""
    return StoreProblem(
        f"Counterfoil is running already with the file {path}. Use the window that is open, or close it first.",
        code="store_in_use",
        retry=True,
    )


def missing(path: Path) -> StoreProblem:
    """There is no file yet."""
    return StoreProblem(f"There is no bank's file at {path}. Enrol this device first.", code="store_missing")


def exists(path: Path) -> StoreProblem:
    """There is a file where one was to be made."""
    return StoreProblem(
        f"There is a bank's file at {path} already, and it may hold work that was never sent. Choose another folder.",
        code="store_exists",
    )


def newer(path: Path, revision: str) -> StoreProblem:
    """A newer version of the program has written the file."""
    return StoreProblem(
        f"The bank's file {path} was written by a newer version of Counterfoil (schema {revision}). "
        "Install that version again; this one leaves the file as it is.",
        code="store_newer",
    )


def problem_of_system(problem: OSError, path: Path) -> StoreProblem:
    """What the operating system said of the file or its folder."""
    code = "store_disk_full" if problem.errno == errno.ENOSPC else "store_disk_error"
    if problem.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        code = "store_read_only"
    return StoreProblem(
        f"The bank's file {path} can't be opened: {problem.strerror}. Look at the disk and at the permissions of its "
        "folder, then start again.",
        code=code,
        retry=code == "store_disk_full",
    )
