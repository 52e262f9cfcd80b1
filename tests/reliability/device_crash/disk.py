"""Calls to the disk, counted, and what is planned for them: to be died before or in, or to fail."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

_FULL, _CANTOPEN = 13, 14
IOERR_CODES = {"read": 266, "write": 778, "sync": 1034, "truncate": 1546, "delete": 2570, "share": 5386, "create": 14}
FULL_CODES = {"write": _FULL, "share": 4874, "create": _CANTOPEN, "replace": _FULL}
"""What needs room, and what is said when there is none."""
CHANGING = frozenset({"create", "write", "truncate", "sync", "delete", "share", "replace", "sync-folder"})
"""What may change the disk; `read` is counted apart, and only ever fails."""


@dataclass(frozen=True)
class Call:
    """One call to the disk: what it does to which file (by name), and with what."""

    what: str
    file: str
    offset: int = 0
    data: bytes = b""
    durable: bool = False
    target: str = ""


@dataclass
class Plan:
    """What happens at which call. `at` counts from 1; 0 never comes.

    `kill` dies before it, `tear` in the middle of it (writes only), `full` and `broken` fail it and, where `lasting`,
    all after it as well; `unreadable` fails the reading of that number. `torn` is how much of such a write goes out.
    """

    mode: str = "count"
    at: int = 0
    lasting: bool = False
    torn: float = 0.5


@dataclass
class Disk:
    """The interposer of this process. Nothing is counted until `armed`, and only files of that folder."""

    folder: Path | None = None
    plan: Plan = field(default_factory=Plan)
    calls: list[Call] = field(default_factory=list)
    reads: int = 0
    failed: int = 0

    @contextlib.contextmanager
    def armed(self, folder: Path, plan: Plan) -> Iterator[None]:
        """Count, and let happen what is planned."""
        self.folder, self.plan, self.calls, self.reads, self.failed = folder, plan, [], 0, 0
        try:
            yield
        finally:
            self.folder = None

    def watches(self, name: str) -> bool:
        return self.folder is not None and self.folder in Path(name).parents

    def named(self, name: str | Path) -> str:
        """The file as it is called within the folder."""
        return Path(name).relative_to(self.folder).as_posix() if self.folder is not None else ""

    def meet(self, call: Call) -> bool:
        """Count a call; True where it fails. Does not return where it kills."""
        if call.what == "read":
            self.reads += 1
            return self._fails("unreadable", self.reads)
        self.calls.append(call)
        number = len(self.calls)
        if self.plan.mode == "kill" and number == self.plan.at:
            die()
        if call.what in FULL_CODES and self._fails("full", number):
            return True
        return self._fails("broken", number)

    def _fails(self, mode: str, number: int) -> bool:
        """From the planned number on: the first such call, or where it is lasting all of them."""
        plan = self.plan
        fails = plan.mode == mode and 0 < plan.at <= number and (plan.lasting or not self.failed)
        self.failed += fails
        return fails

    def tears(self) -> bool:
        """Whether the call that was just counted is the one to die in."""
        return self.plan.mode == "tear" and len(self.calls) == self.plan.at

    def code(self, what: str) -> int:
        """The result code for a failure of that call."""
        return FULL_CODES[what] if self.plan.mode == "full" else IOERR_CODES[what]


def die() -> NoReturn:
    """As the power of the process goes: no handler, no flush, no farewell."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")
