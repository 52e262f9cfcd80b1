"""A new device in a process of its own: it starts from the snapshot, reads the feeds on, and finds an account.

Reads what to do as JSON from its input, and prints as JSON how long it took, and the most memory that it held.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Self

import msgspec
import psutil
from nacl.signing import SigningKey

from benchmarks.bench_branch import MemorySecrets
from core.canonical import from_base64url
from core.clock import SystemClock
from core.device import DeviceIdentity
from core.device.keys import DEVICE_KEY
from core.signing_in.enrolling import start
from core.store.queries.customers import customer_file, find_customers
from core.sync.loop import SyncLoop
from core.sync.transport import Transport

_LOOKED_AT_SECONDS = 0.02


class Ready(msgspec.Struct):
    """How long it took until it could serve, how much of that it computed, and the most memory that it held."""

    seconds: float
    computed_seconds: float
    peak_bytes: int


class NewDevice(msgspec.Struct):
    """Who it is, and where its file is to be."""

    path: str
    key: str
    identity: dict[str, str | int]


def ready(device: NewDevice) -> Ready:
    """Start it, and have it find a customer's account."""
    secrets, key = MemorySecrets(), SigningKey(from_base64url(device.key))
    secrets.put(DEVICE_KEY, bytes(key))
    identity = msgspec.convert(device.identity, DeviceIdentity)
    began, computed = time.perf_counter(), time.process_time()
    with Peak() as peak:
        made = start(Path(device.path), secrets, SystemClock(), identity)
        line = Transport.of_device(made)
        state = SyncLoop(made, line).step()
        assert state.all_sent, state
        with made.reading() as connection:
            (hit,) = find_customers(connection, "Holm7").hits[:1]
            found = customer_file(connection, hit.customer)
        assert found is not None
        assert found.accounts
    took = (time.perf_counter() - began, time.process_time() - computed)
    line.close()
    made.close()
    return Ready(*took, peak.bytes)


class Peak:
    """The most memory that this process holds, looked at every few milliseconds: what the system keeps of it may be
    its parent's."""

    def __init__(self) -> None:
        self.bytes = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_problem: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        process = psutil.Process()
        while not self._over.wait(_LOOKED_AT_SECONDS):
            self.bytes = max(self.bytes, process.memory_info().rss)


def main() -> None:
    """Do it."""
    device = msgspec.json.decode(sys.stdin.buffer.read(), type=NewDevice)
    sys.stdout.buffer.write(msgspec.json.encode(ready(device)))


if __name__ == "__main__":
    main()
