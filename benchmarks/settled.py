"""Signed operations settled through the push endpoint over HTTP, against pgbench on the same PostgreSQL.

Every signature is checked and every rule run; batches of 500, two server processes, the load generator beside them
on the same machine. The baseline is pgbench's tpcb-like transaction, prepared, scale 20, at its best client count.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.measuring import Benchmark, Pair
from benchmarks.settling import Pgbench, Settling, durable_postgres, settling

ACCOUNTS_PER_DEVICE = 100
_FIRST_STOCK = 40_000


@contextmanager
def prepare(folder: Path, *, accounts: int) -> Iterator[Pair]:
    """A bank and a pgbench database in one PostgreSQL."""
    with durable_postgres(folder) as cluster, settling(cluster, folder, accounts=accounts) as work:
        yield pair_of(work, Pgbench(cluster))


def pair_of(work: Settling, pgbench: Pgbench) -> Pair:
    """Pushes against transactions."""
    pushed = 0
    work.sign(_FIRST_STOCK)

    def push(units: int) -> int:
        nonlocal pushed
        pushed = units
        return work.push(units)

    def transact(units: int) -> int:
        """Answers what pgbench does in the time this takes: the next pushes are signed in it as well."""
        started = time.perf_counter()
        rate = pgbench.rate(pgbench.clients, "-t", str(max(1, units // pgbench.clients)))
        # Two slices of pushes may follow one another.
        work.sign(2 * pushed)
        return round(rate * (time.perf_counter() - started))

    return Pair(push, transact)


BENCHMARK = Benchmark(
    name="settled_ratio",
    about="signed operations settled over HTTP / pgbench tpcb-like transactions on the same PostgreSQL",
    prepare=partial(prepare, accounts=ACCOUNTS_PER_DEVICE),
    floor=1.2,
    goal=2.5,
)
