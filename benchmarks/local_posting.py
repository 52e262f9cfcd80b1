"""Durable signed local posting through the device's one door, against bare commits of the same SQLCipher build.

The baseline commits one row of 900 bytes at a time, with the same key, journal and durability. The subject deposits
and withdraws cash in turn on a few hundred customers' accounts: drafted, checked, signed, chained, posted, queued.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bench_branch import BenchBranch
from benchmarks.measuring import Benchmark, Pair
from core.store.engine import connect

ROW_BYTES = 900
ACCOUNTS = 300


@contextmanager
def prepare(folder: Path) -> Iterator[Pair]:
    """A branch with an open drawer, and a bare file beside it."""
    branch = BenchBranch(folder, accounts=ACCOUNTS)
    bare = connect(folder / "bare.db", os.urandom(32))
    cursor = bare.cursor()
    cursor.execute("CREATE TABLE bare (no INTEGER PRIMARY KEY, content BLOB)")
    row = os.urandom(ROW_BYTES)

    def commit(units: int) -> int:
        for _ in range(units):
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("INSERT INTO bare (content) VALUES (?)", (row,))
            cursor.execute("COMMIT")
        return units

    try:
        yield Pair(branch.post, commit)
    finally:
        bare.close()
        branch.close()


BENCHMARK = Benchmark(
    name="local_posting_ratio",
    about="durable signed local posting / bare commits of the same SQLCipher build",
    prepare=prepare,
    floor=0.20,
    goal=0.40,
)
