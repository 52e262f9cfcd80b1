"""The lock at the device's one door."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from core.errors import StoreProblem


class Door:
    """One thread at a time; who is in may come in again. What the home raises leaves in the program's words."""

    def __init__(self, explained: Callable[[BaseException], StoreProblem | None]) -> None:
        self._lock = threading.RLock()
        self._explained = explained

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, _kind: type[BaseException] | None, problem: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._lock.release()
        known = self._explained(problem) if problem is not None else None
        if known is not None:
            raise known from problem
