"""The register of devices as a person at the centre reads it: how each epoch stands and when it was last heard."""

from __future__ import annotations

from typing import NamedTuple

from core.clock import instant
from sync_server.database import Connection
from sync_server.store.values import ChainName

HEARD_EVERY_MS = 60_000
"""How often one process writes down that it has heard of a device: polls come every few seconds."""

_NOTE = (
    b"INSERT INTO heard (device, epoch, heard_at) VALUES (%s, %s, %s) "
    b"ON CONFLICT (device, epoch) DO UPDATE SET heard_at = greatest(heard.heard_at, excluded.heard_at)"
)
_DEVICES = (
    b"SELECT d.device, d.epoch, d.branch, "
    b"CASE WHEN d.state = 'living' AND c.state = 'quarantined' THEN c.state ELSE d.state END, c.seq, h.heard_at, "
    b"l.ends_at, b.currency, "
    b"(SELECT coalesce(sum(greatest(0, r.granted + r.minted - r.used - r.returned)), 0)::bigint FROM rights r "
    b"WHERE r.device = d.device AND r.epoch = d.epoch AND NOT r.released), "
    b"(SELECT count(*) FROM quarantined_operations q LEFT JOIN late_booked k ON k.hash = q.hash "
    b"WHERE q.device = d.device AND q.epoch = d.epoch AND k.hash IS NULL), d.kid "
    b"FROM devices d JOIN chains c USING (device, epoch) LEFT JOIN branches b ON b.code = d.branch "
    b"LEFT JOIN heard h USING (device, epoch) LEFT JOIN leases l USING (device, epoch) "
    b"WHERE d.purpose <> 'centre' ORDER BY d.device, d.epoch"
)


class DeviceShown(NamedTuple):
    """A device epoch. `exposure` (minor units of `currency`) is what it may have paid out without having said so,
    `late` how many of its operations came after its end and are not booked. Instants are None where there are none.
    """

    device: str
    epoch: int
    branch: str
    state: str
    head_seq: int
    heard_at: str | None
    lease_ends_at: str | None
    currency: str
    exposure: int
    late: int
    fingerprint: str


def devices(connection: Connection) -> list[DeviceShown]:
    """Every device epoch that was ever trusted, by device and epoch."""
    return [DeviceShown(*row) for row in connection.execute(_DEVICES)]


class Hearing:
    """Remembers when each device was last written down. Safe from any thread: at worst one is written twice."""

    def __init__(self) -> None:
        self._written: dict[ChainName, int] = {}

    def note(self, connection: Connection, chain: ChainName, now_ms: int) -> None:
        """The device epoch has asked for something just now, and its signature held."""
        if abs(now_ms - self._written.get(chain, 0)) >= HEARD_EVERY_MS:
            connection.execute(_NOTE, (*chain, instant(now_ms)))
            self._written[chain] = now_ms
