"""What a power cut may leave of the calls that were made: everything synced, and any part of the rest.

A file's content is durable as of its last sync; of what was written or cut off since, any subset survives, each write
in sectors of 512 bytes. Names made, replaced and removed are durable once the folder is synced (SQLite syncs it with
the first sync of a journal or log that it has made, and the program does so after it has put a file in place); until
then any of them may be lost. So a file may be back that was deleted, with what it last held.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from tests.reliability.device_crash.disk import Call

SECTOR = 512
Image = dict[str, bytes]
Keeps = Callable[[int], bool]


@dataclass
class _File:
    """A file apart from its name: what is durable of it, and what was done to it since."""

    durable: bytearray
    pending: list[Call] = field(default_factory=list)


@dataclass
class _Naming:
    """A change of names that is not durable yet."""

    call: Call
    file: _File | None


class PowerDisk:
    """Follows calls, and says what may be found after a cut."""

    def __init__(self, files: Image) -> None:
        self._names = {name: _File(bytearray(content)) for name, content in files.items()}
        self._durable_names = dict(self._names)
        self._namings: list[_Naming] = []
        self._new: set[str] = set()

    def follow(self, call: Call) -> None:
        """The call was made."""
        if call.what == "create":
            self._names[call.file] = made = _File(bytearray())
            self._namings.append(_Naming(call, made))
            self._new.add(call.file)
        elif call.what in ("write", "truncate"):
            self._names[call.file].pending.append(call)
        elif call.what == "sync":
            self._sync(call.file)
        elif call.what == "sync-folder":
            self._sync_folder()
        elif call.what == "delete":
            self._names.pop(call.file, None)
            self._namings.append(_Naming(call, None))
            if call.durable:
                self._sync_folder()
        elif call.what == "replace":
            self._names[call.target] = self._names.pop(call.file)
            self._namings.append(_Naming(call, self._names[call.target]))

    def _sync(self, name: str) -> None:
        file = self._names[name]
        file.durable = _survived(file, lambda _: True, lambda _: True)
        file.pending.clear()
        if name in self._new:
            self._sync_folder()

    def _sync_folder(self) -> None:
        self._durable_names = dict(self._names)
        self._namings.clear()
        self._new.clear()

    @property
    def unsynced(self) -> int:
        """How many changes may be lost now."""
        return sum(len(file.pending) for file in self._names.values()) + len(self._namings)

    def image(self, keeps: Keeps, keeps_sector: Keeps = lambda _: True) -> Image:
        """What is on the disk if of the unsynced changes, numbered from 0, those that `keeps` says survive."""
        names, number = dict(self._durable_names), 0
        for naming in self._namings:
            if keeps(number):
                _name(names, naming)
            number += 1
        files = {id(file): file for file in (*self._names.values(), *names.values())}
        contents = {}
        for key, file in files.items():
            first = number
            contents[key] = bytes(_survived(file, partial(_shifted, keeps, first), keeps_sector))
            number += len(file.pending)
        return {name: contents[id(file)] for name, file in names.items()}

    def images(self, rng: random.Random, count: int) -> Iterator[Image]:
        """Nothing, everything, all but the last, torn ones, then any: no more than `count`."""
        unsynced = self.unsynced
        if not unsynced:
            yield self.image(lambda _: True)
            return
        last, one = unsynced - 1, rng.randrange(unsynced)
        families: Sequence[tuple[Keeps, Keeps]] = (
            (lambda _: False, lambda _: True),
            (lambda _: True, lambda _: rng.random() < 0.5),
            (lambda at: at == last, lambda _: True),
            (lambda at: at != one, lambda _: True),
            (lambda _: True, lambda _: True),
        )
        for number in range(count):
            yield self.image(*(families[number] if number < len(families) else _any(rng)))


def _any(rng: random.Random) -> tuple[Keeps, Keeps]:
    share, whole = rng.random(), rng.random() < 0.5
    return lambda _: rng.random() < share, lambda _: whole or rng.random() < 0.5


def _shifted(keeps: Keeps, first: int, number: int) -> bool:
    return keeps(first + number)


def _name(names: dict[str, _File], naming: _Naming) -> None:
    call = naming.call
    if call.what == "delete":
        names.pop(call.file, None)
    elif naming.file is not None:
        if call.what == "replace":
            names.pop(call.file, None)
        names[call.target or call.file] = naming.file


def _survived(file: _File, keeps: Keeps, keeps_sector: Keeps) -> bytearray:
    content = bytearray(file.durable)
    for number, call in enumerate(file.pending):
        if not keeps(number):
            continue
        if call.what == "truncate":
            del content[call.offset :]
        else:
            _write(content, call, keeps_sector)
    return content


def _write(content: bytearray, call: Call, keeps_sector: Keeps) -> None:
    place, end = call.offset, call.offset + len(call.data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    while place < end:
        stop = min(end, (place // SECTOR + 1) * SECTOR)
        if keeps_sector(place // SECTOR):
            content[place:stop] = call.data[place - call.offset : stop - call.offset]
        place = stop
