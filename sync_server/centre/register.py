"""The register of devices as a person at the centre reads it: how each epoch stands and when it was last heard."""

from __future__ import annotations

from typing import NamedTuple

from sync_server.database import Connection

_DEVICES = (
    b"SELECT d.device, d.epoch, d.branch, "
    b"CASE WHEN d.state = 'living' AND c.state = 'quarantined' THEN c.state ELSE d.state END, c.seq, h.heard_at, "
    b"l.ends_at, b.currency, "
    b"(SELECT coalesce(sum(greatest(0, r.granted + r.minted - r.used - r.returned)), 0)::bigint FROM rights r "
    b"WHERE r.device = d.device AND r.epoch = d.epoch AND NOT r.released), "
    b"(SELECT count(*) FROM quarantined_operations q LEFT JOIN late_answers k ON k.hash = q.hash "
    b"WHERE q.device = d.device AND q.epoch = d.epoch AND k.hash IS NULL), d.kid "
    b"FROM devices d JOIN chains c USING (device, epoch) LEFT JOIN branches b ON b.code = d.branch "
    b"LEFT JOIN heard h USING (device, epoch) LEFT JOIN leases l USING (device, epoch) "
    b"WHERE d.purpose <> 'centre' ORDER BY d.device, d.epoch"
)


class DeviceShown(NamedTuple):
    """A device epoch. `exposure` (minor units of `currency`) is what it may have paid out without having said so,
    `late` how many of its operations came after its end and are not decided. Instants are None where there are none.
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
