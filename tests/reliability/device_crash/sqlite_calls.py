"""Every call by which the real SQLCipher build changes the disk, counted, and any of them killed, torn or failed.

SQLite reaches the disk through a table of functions, its `sqlite3_vfs`, and each open file through another, its
`sqlite3_io_methods`. sqlcipher3's module exports `sqlite3_vfs_find` and `sqlite3_vfs_register`, so ctypes registers a
copy of the default table whose `xOpen` and `xDelete` are ours, and gives every file that is opened a copy of its
methods in which `xRead`, `xWrite`, `xTruncate`, `xSync` and `xShmMap` are ours too. What was considered besides:

- `xSetSystemCall` of that same build knows `pwrite64` and `ftruncate`, but not `fsync`;
- patching the module's relocations (GOT) reaches `fsync` too, but is right for one object format and one processor;
- a preloaded library needs a compiler; ptrace and seccomp need rights and are slow;
- apsw's VFS in Python belongs to another SQLite, with another page cipher: another program than the one shipped.

This one is the shipped build, needs nothing that is not installed, and holds on Linux, macOS and Windows alike. Where
the program itself asks the system (a new schema is swapped in by `os.replace`), the functions of `os` are counted too.
What a full or broken disk answers is said in SQLite's result codes, exactly as its own Unix layer would say it.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any

from sqlcipher3 import _sqlite3 as build

from tests.reliability.device_crash.disk import IOERR_CODES, Call, Disk, die

_P, _I, _L = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
_OPEN = ctypes.CFUNCTYPE(_I, _P, _P, _P, _I, _P)
_DELETE = ctypes.CFUNCTYPE(_I, _P, ctypes.c_char_p, _I)
_TRANSFER = ctypes.CFUNCTYPE(_I, _P, _P, _I, _L)
_TRUNCATE = ctypes.CFUNCTYPE(_I, _P, _L)
_SYNC = ctypes.CFUNCTYPE(_I, _P, _I)
_MAP = ctypes.CFUNCTYPE(_I, _P, _I, _I, _I, ctypes.POINTER(_P))
_CREATE_FLAG = 0x4
_TEMPORARY_FLAGS = 0x8 | 0x200 | 0x400 | 0x1000 | 0x2000

_VFS_FIELDS = [
    "xOpen",
    "xDelete",
    "xAccess",
    "xFullPathname",
    "xDlOpen",
    "xDlError",
    "xDlSym",
    "xDlClose",
    "xRandomness",
    "xSleep",
    "xCurrentTime",
    "xGetLastError",
    "xCurrentTimeInt64",
    "xSetSystemCall",
    "xGetSystemCall",
    "xNextSystemCall",
]
_METHODS = [
    "xClose",
    "xRead",
    "xWrite",
    "xTruncate",
    "xSync",
    "xFileSize",
    "xLock",
    "xUnlock",
    "xCheckReservedLock",
    "xFileControl",
    "xSectorSize",
    "xDeviceCharacteristics",
    "xShmMap",
    "xShmLock",
    "xShmBarrier",
    "xShmUnmap",
    "xFetch",
    "xUnfetch",
]


class _Vfs(ctypes.Structure):
    _fields_ = [
        ("iVersion", _I),
        ("szOsFile", _I),
        ("mxPathname", _I),
        ("pNext", _P),
        ("zName", ctypes.c_char_p),
        ("pAppData", _P),
        *((name, _P) for name in _VFS_FIELDS),
    ]


class _Methods(ctypes.Structure):
    _fields_ = [("iVersion", _I), *((name, _P) for name in _METHODS)]


class _File(ctypes.Structure):
    _fields_ = [("methods", ctypes.POINTER(_Methods))]


_KEPT: list[Any] = []
"""What C points to, for as long as the process lives."""


class SqliteCalls:
    """Puts a disk between this process's SQLCipher and the system's files, for the rest of the process."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self._files: dict[int, str] = {}
        self._vfs, self._real_delete = _Vfs(), None

    def install(self) -> None:
        """Become the default way to the disk of this process's SQLCipher."""
        library = ctypes.CDLL(build.__file__)
        library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        real = library.sqlite3_vfs_find(None).contents
        ours, self._real_delete = self._vfs, real.xDelete
        ctypes.memmove(ctypes.byref(ours), ctypes.byref(real), ctypes.sizeof(_Vfs))
        ours.zName = b"counted"
        open_, delete = self._opening(_OPEN(real.xOpen)), self._deleting(_DELETE(real.xDelete))
        ours.xOpen, ours.xDelete = _address(open_), _address(delete)
        _KEPT.extend([ours, open_, delete])
        problem = library.sqlite3_vfs_register(ctypes.byref(ours), 1)
        if problem:
            raise OSError(problem, "sqlite3_vfs_register")

    def leave_deletes(self) -> None:
        """From now on files are deleted uncounted.

        Where a page could not be read, the driver has an error ready to raise as SQLite deletes what it gives up, and
        a callback in Python would lose it.
        """
        self._vfs.xDelete = self._real_delete

    def _opening(self, real: Any) -> Any:
        methods: dict[int, Any] = {}

        def opened(vfs: int, name: int | None, file: int, flags: int, out_flags: int | None) -> int:
            path = os.fsdecode(ctypes.string_at(name)) if name else ""
            watched = bool(path) and not flags & _TEMPORARY_FLAGS
            fresh = watched and bool(flags & _CREATE_FLAG) and not Path(path).exists()
            if fresh and self.disk.watches(path) and self.disk.meet(Call("create", self.disk.named(path))):
                ctypes.cast(file, ctypes.POINTER(_File)).contents.methods = None
                return self.disk.code("create")
            done = int(real(vfs, name, file, flags, out_flags))
            if done == 0 and watched:
                handle = ctypes.cast(file, ctypes.POINTER(_File)).contents
                self._files[file] = path
                there = ctypes.addressof(handle.methods.contents)
                if there not in methods:
                    methods[there] = self._counted(handle.methods.contents)
                handle.methods = ctypes.pointer(methods[there])
            return done

        return _OPEN(opened)

    def _counted(self, real: _Methods) -> _Methods:
        ours = _Methods()
        ctypes.memmove(ctypes.byref(ours), ctypes.byref(real), ctypes.sizeof(_Methods))
        made = {
            "xRead": self._reading(_TRANSFER(real.xRead)),
            "xWrite": self._writing(_TRANSFER(real.xWrite)),
            "xTruncate": self._truncating(_TRUNCATE(real.xTruncate)),
            "xSync": self._syncing(_SYNC(real.xSync)),
        }
        if real.xShmMap:
            made["xShmMap"] = self._sharing(_MAP(real.xShmMap))
        for name, function in made.items():
            setattr(ours, name, _address(function))
        _KEPT.extend([ours, made])
        return ours

    def _reading(self, real: Any) -> Any:
        def read(file: int, data: int, length: int, offset: int) -> int:
            path = self._files.get(file, "")
            if self.disk.watches(path) and self.disk.meet(Call("read", self.disk.named(path), offset)):
                return IOERR_CODES["read"]
            return int(real(file, data, length, offset))

        return _TRANSFER(read)

    def _writing(self, real: Any) -> Any:
        def write(file: int, data: int, length: int, offset: int) -> int:
            path = self._files.get(file, "")
            if not self.disk.watches(path):
                return int(real(file, data, length, offset))
            failing = self.disk.meet(Call("write", self.disk.named(path), offset, ctypes.string_at(data, length)))
            if failing or self.disk.tears():
                # The part of it that found room, or that had gone out before.
                part = int(length * self.disk.plan.torn)
                if part:
                    real(file, data, part, offset)
                if not failing:
                    die()
                return self.disk.code("write")
            return int(real(file, data, length, offset))

        return _TRANSFER(write)

    def _truncating(self, real: Any) -> Any:
        def truncate(file: int, size: int) -> int:
            path = self._files.get(file, "")
            if self.disk.watches(path) and self.disk.meet(Call("truncate", self.disk.named(path), size)):
                return self.disk.code("truncate")
            return int(real(file, size))

        return _TRUNCATE(truncate)

    def _syncing(self, real: Any) -> Any:
        def sync(file: int, flags: int) -> int:
            path = self._files.get(file, "")
            if self.disk.watches(path) and self.disk.meet(Call("sync", self.disk.named(path))):
                return self.disk.code("sync")
            return int(real(file, flags))

        return _SYNC(sync)

    def _sharing(self, real: Any) -> Any:
        def share(file: int, region: int, size: int, extend: int, out: Any) -> int:
            path = self._files.get(file, "")
            if (
                extend
                and self.disk.watches(path)
                and self.disk.meet(Call("share", self.disk.named(path) + "-shm", region))
            ):
                out[0] = None
                return self.disk.code("share")
            return int(real(file, region, size, extend, out))

        return _MAP(share)

    def _deleting(self, real: Any) -> Any:
        def delete(vfs: int, name: bytes, durable: int) -> int:
            path = os.fsdecode(name)
            watched = self.disk.watches(path) and Path(path).exists()
            if watched and self.disk.meet(Call("delete", self.disk.named(path), durable=bool(durable))):
                return self.disk.code("delete")
            return int(real(vfs, name, durable))

        return _DELETE(delete)


def _address(function: Any) -> int | None:
    return ctypes.cast(function, _P).value
