"""What stands beside the books: personal data, keys that people trusted, and the lives of the database."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from core.book.rows import DeviceEpoch
from core.clock import instant_ms
from core.records import record_digest
from sync_server.audit.faults import Faults
from sync_server.audit.reading import stream
from sync_server.audit.replay import RACE_MS, Replay
from sync_server.database import Connection

_NAMED_BY_NOBODY = b"SELECT digest FROM records EXCEPT SELECT unnest(records) FROM operations ORDER BY digest"


def compare_records(connection: Connection, faults: Faults, kept: AbstractSet[str]) -> int:
    """Each record is what its digest says, and something names it (`kept`: what in quarantine does).

    One may be missing, since records can be erased by law.
    """
    count = 0
    for digest, data in stream(connection, "records", b"SELECT digest, data FROM records"):
        count += 1
        if record_digest(bytes(data)) != digest:
            faults.add("records", digest, "record_differs")
    for (digest,) in stream(connection, "unnamed", _NAMED_BY_NOBODY):
        if digest not in kept:
            faults.add("records", digest, "record_unexpected")
    return count


def compare_enrolments(connection: Connection, replay: Replay) -> None:
    """The key that a person compared and trusted is the device's."""
    query = b"SELECT device, epoch, branch, purpose, public_key, fingerprint FROM enrolments WHERE state = 'trusted'"
    for device, epoch, *said in stream(connection, "enrolments", query):
        row = replay.book.get(DeviceEpoch, device, epoch)
        if row is None or [row.branch, row.purpose, row.public_key, row.kid] != said:
            replay.faults.add("enrolments", f"{device}/{epoch}", "enrolment_differs")


def compare_incarnations(connection: Connection, replay: Replay) -> None:
    """The lives of the database are those that the centre has signed; reports are of devices that there are."""
    said = {number: (begun_at, first) for number, begun_at, first in replay.lives}
    for number, begun_at, first in connection.execute(b"SELECT number, begun_at, numbers_from FROM incarnations"):
        ours = said.pop(number, None)
        if ours is None:
            replay.faults.add("incarnations", number, "row_unexpected")
        elif first != ours[1] or not _at_once(begun_at, ours[0]):
            replay.faults.add("incarnations", number, "row_differs", f"{begun_at} {first}, not {ours[0]} {ours[1]}")
    for number in sorted(said):
        replay.faults.add("incarnations", number, "row_missing")
    numbers = {number for number, _begun_at, _first in replay.lives}
    for device, epoch, number in connection.execute(b"SELECT device, epoch, incarnation FROM incarnation_reports"):
        row = replay.book.get(DeviceEpoch, device, epoch)
        if row is None or row.purpose == "centre" or number not in numbers:
            replay.faults.add("incarnation_reports", f"{device}/{epoch}", "row_unexpected", str(number))


def _at_once(one: str, other: str) -> bool:
    """Whether two instants are of one transaction; the first life has none."""
    return one == other or (bool(one and other) and abs(instant_ms(one) - instant_ms(other)) <= RACE_MS)
