"""Taking every chain out of the centre's database as plain files, from one consistent view."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.audit.export import ChainExport, write_chains
from core.clock import instant
from sync_server.centre.issue import Centre
from sync_server.database import Connection

_FETCHED_AT_ONCE = 1000


def export(connection: Connection, centre: Centre, directory: Path) -> int:
    """Write the chains, keys and signed heads; answers how many operations there are. The folder must be empty."""
    connection.rollback()
    connection.execute(b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    rows = connection.execute(b"SELECT device, epoch FROM chains ORDER BY device, epoch").fetchall()
    chains = (ChainExport(device, epoch, _operations(connection, device, epoch)) for device, epoch in rows)
    heads = write_chains(directory, chains, at=instant(centre.clock.now_ms()), centre_key=centre.keys.signing)
    return sum(head.seq for head in heads)


def _operations(connection: Connection, device: str, epoch: int) -> Iterator[str]:
    with connection.cursor(name="chain") as cursor:
        cursor.itersize = _FETCHED_AT_ONCE
        cursor.execute(b"SELECT jws FROM operations WHERE device = %s AND epoch = %s ORDER BY seq", (device, epoch))
        for (jws,) in cursor:
            yield jws
