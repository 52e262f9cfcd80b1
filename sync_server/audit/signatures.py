"""Signatures checked beside the replay, in a thread of its own: the library works outside Python's lock."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from nacl.signing import VerifyKey

from core.canonical import from_base64url
from core.envelope import check_signature
from core.errors import IntegrityFault
from sync_server.audit.faults import Faults

_AT_ONCE = 256
_WAITING_MAX = 8
_KEYS_MAX = 20_000
Named = tuple[str, str, VerifyKey]


class Signatures:
    """Takes (row, text, public key) in order; what does not hold is noted by the time the block ends."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="signatures")
        self._batch: list[Named] = []
        self._waiting: deque[Future[list[tuple[str, str]]]] = deque()
        self._keys: dict[str, VerifyKey] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._send()
                while self._waiting:
                    self._take()
        finally:
            self._thread.shutdown(cancel_futures=True)

    def check(self, row: str, jws: str, public_key: str) -> None:
        """Have one checked. `public_key` is base64url."""
        key = self._keys.get(public_key)
        if key is None:
            if len(self._keys) >= _KEYS_MAX:
                self._keys.clear()
            key = self._keys[public_key] = VerifyKey(from_base64url(public_key))
        self._batch.append((row, jws, key))
        if len(self._batch) >= _AT_ONCE:
            self._send()

    def _send(self) -> None:
        self._waiting.append(self._thread.submit(_failing, self._batch))
        self._batch = []
        while len(self._waiting) > _WAITING_MAX:
            self._take()

    def _take(self) -> None:
        for row, code in self._waiting.popleft().result():
            self._faults.add("operations", row, code)


def _failing(batch: list[Named]) -> list[tuple[str, str]]:
    failing = []
    for row, jws, key in batch:
        try:
            check_signature(jws, key)
        except IntegrityFault as fault:
            failing.append((row, fault.code))
    return failing
