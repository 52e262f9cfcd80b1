"""Many devices on one account, against as many devices with accounts of their own: what contention costs.

Eight devices of one branch push through two server processes, batches of 500, every signature checked and every rule
run. On one side all of them work on one account; on the other each has a hundred. Both enter the same branch's feed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measuring import Benchmark, Pair
from benchmarks.settling import ONE_BRANCH, durable_postgres, settling

ACCOUNTS_PER_DEVICE = 100


@contextmanager
def prepare(folder: Path) -> Iterator[Pair]:
    """Two banks in one PostgreSQL, at work in turn."""
    with (
        durable_postgres(folder) as cluster,
        settling(cluster, folder, accounts=0, desks=ONE_BRANCH, database="hot") as hot,
        settling(cluster, folder, accounts=ACCOUNTS_PER_DEVICE, desks=ONE_BRANCH, database="spread") as spread,
    ):
        sides = (hot, spread)
        yield Pair(hot.push, spread.push, lambda turn, units: sides[turn].sign(units))


HOT_ACCOUNT = Benchmark(
    name="hot_account_ratio",
    about="operations settled a second, all devices on one account / each on a hundred of its own",
    prepare=prepare,
    floor=0.9,
)
