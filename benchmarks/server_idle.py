"""How much memory one process of the sync server holds while nobody asks it anything."""

from __future__ import annotations

from pathlib import Path

import httpx
import psutil

from benchmarks.measuring import Quantity
from benchmarks.settling import durable_postgres
from tests.sync_server.centre_bank import found_bank
from tests.sync_server.serving import program

_BYTES_PER_MEGABYTE = 1_000_000


def take(folder: Path) -> float:
    """Resident megabytes of a server that is ready and has been asked once whether it is."""
    with durable_postgres(folder) as cluster:
        bank = found_bank(cluster.url, folder / "secrets")
        with program("server", bank.environment(), folder / "log") as server:
            ready = httpx.get(f"{server.address}/readyz", timeout=30, trust_env=False)
            assert ready.status_code == 200, ready.text
            return psutil.Process(server.process.pid).memory_info().rss / _BYTES_PER_MEGABYTE


QUANTITY = Quantity(
    name="server_idle_megabytes",
    about="resident memory of one idle process of the sync server, in megabytes",
    take=take,
)
