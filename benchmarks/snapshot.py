"""A new device started from the centre's snapshot over HTTP, against bare SQLCipher inserts of the same bytes.

The server is a process of its own; the snapshot holds ten entries for each customer, and all texts of operations as
they were signed. `snapshot_seconds` starts devices of branches of three sizes, each in a process of its own, and prints
how long each took and how much memory it held: both are to grow no faster than the branch.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import msgspec
import psutil

from benchmarks.large_branch import ENTRIES_PER_CUSTOMER, LargeBranch
from benchmarks.measuring import Benchmark, Pair, Quantity
from benchmarks.settling import durable_postgres
from benchmarks.snapshot_device import NewDevice, Ready, ready
from core.canonical import base64url
from core.people.keys import key_name
from core.store.engine import connect
from tests.sync_server.centre_bank import CentreBank, found_bank
from tests.sync_server.serving import Program, program

SIZES = (2_500, 5_000, 10_000)
"""Customers, with ten entries each."""

_RATED = 1_000
_FIRST_NUMBER = 10_000_000
_MEGABYTE = 1_000_000


class Branches:
    """Branches of some sizes at one served centre; `start` starts one more device of a branch."""

    def __init__(self, bank: CentreBank, server: Program, folder: Path, sizes: tuple[int, ...]) -> None:
        self._bank, self.server, self._folder = bank, server, folder
        self._numbers = count(2)
        for place, size in enumerate(sizes, start=1):
            LargeBranch(bank, _code(size), place * _FIRST_NUMBER).fill(size)

    def start(self, size: int, run: Callable[[NewDevice], Ready]) -> tuple[Ready, int]:
        """How it went, and the bytes of the device's file."""
        device = f"{_code(size)}-{next(self._numbers)}"
        chain = self._bank.enrol(device, _code(size))
        path = self._folder / f"{device}.db"
        identity: dict[str, str | int] = {
            "device": device,
            "epoch": chain.epoch,
            "branch": _code(size),
            "purpose": "desktop",
            "kid": key_name(chain.key),
            "centre_key": self._bank.keys.public,
            "centre_url": self.server.address,
        }
        asked = NewDevice(str(path), base64url(bytes(chain.key)), identity)
        done = run(asked)
        size_bytes = path.stat().st_size
        path.unlink()
        return done, size_bytes


def _apart(device: NewDevice) -> Ready:
    """In a process of its own, whose memory is nobody else's."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.snapshot_device"],
        input=msgspec.json.encode(device),
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=Ready)


def _code(size: int) -> str:
    return f"c{size}"


@contextmanager
def branches(folder: Path, sizes: tuple[int, ...]) -> Iterator[Branches]:
    """A served bank with branches of those sizes."""
    with durable_postgres(folder) as cluster:
        bank = found_bank(cluster.url, folder / "secrets", branches=tuple(map(_code, sizes)))
        with program("server", bank.environment(), folder / "log") as server:
            yield Branches(bank, server, folder, sizes)


@contextmanager
def prepare(folder: Path) -> Iterator[Pair]:
    """Starts of one size against bare inserts; the file of the first start says how many bytes an entry takes."""
    entries = _RATED * ENTRIES_PER_CUSTOMER
    with branches(folder, (_RATED,)) as made:
        _, size_bytes = made.start(_RATED, ready)
        row = os.urandom(size_bytes // entries)

        def start(_units: int) -> int:
            made.start(_RATED, ready)
            return entries

        def insert(_units: int) -> int:
            bare = folder / "bare.db"
            connection = connect(bare, os.urandom(32))
            cursor = connection.cursor()
            cursor.execute("CREATE TABLE bare (no INTEGER PRIMARY KEY, content BLOB)")
            cursor.execute("BEGIN IMMEDIATE")
            cursor.executemany("INSERT INTO bare (content) VALUES (?)", ((row,) for _ in range(entries)))
            cursor.execute("COMMIT")
            connection.close()
            bare.unlink()
            return entries

        yield Pair(start, insert)


def take(folder: Path) -> float:
    """Seconds for the largest size, having printed all three."""
    took = 0.0
    with branches(folder, SIZES) as made:
        server = psutil.Process(made.server.process.pid)
        for size in SIZES:
            done, size_bytes = made.start(size, _apart)
            took = done.seconds
            print(
                f"  {size:,} customers, {size * ENTRIES_PER_CUSTOMER:,} entries: {took:.2f} s, "
                f"{done.computed_seconds:.2f} s of them computing; "
                f"device {done.peak_bytes / _MEGABYTE:.0f} MB at most, its file {size_bytes / _MEGABYTE:.0f} MB; "
                f"server {server.memory_info().rss / _MEGABYTE:.0f} MB"
            )
    return took


RATE = Benchmark(
    name="snapshot_rate",
    about="entries of a new device started from a snapshot over HTTP / bare SQLCipher inserts of the same bytes",
    prepare=prepare,
)
SECONDS = Quantity(
    name="snapshot_seconds",
    about="10,000 customers with 100,000 entries until a new device can serve, over HTTP, in seconds (goal: 15)",
    take=take,
    rounds=1,
)
