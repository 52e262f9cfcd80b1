"""Devices: invited by a one-time code, known by a key made on the device, trusted by a person at the centre."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg.errors import UniqueViolation

from core.book import Book
from core.book.rows import DeviceEpoch
from core.canonical import from_base64url, thumbprint
from core.clock import instant
from core.errors import Refusal
from core.ids import Randomness, is_code
from core.operations.bank import DeviceEnrolled, DeviceRevoked, IbanBlockLeased
from sync_server.centre.issue import Centre, issue
from sync_server.centre.one_time import new_one_time_code, one_time_digest
from sync_server.database import Connection
from sync_server.store.rows import PostgresStore

INVITATION_MS = 24 * 60 * 60 * 1000
IBAN_BLOCK_SIZE = 1000
_FEW_NUMBERS = 500
_FIRST_ACCOUNT_NUMBER = 1_000_000


@dataclass(frozen=True, slots=True)
class EnrolmentState:
    """An enrolment as the centre keeps it. `fingerprint` is the key's thumbprint."""

    state: str
    device: str
    epoch: int
    branch: str
    purpose: str
    public_key: str

    @property
    def fingerprint(self) -> str:
        """What a person compares before trusting."""
        return thumbprint(from_base64url(self.public_key))


def invite_device(
    connection: Connection, centre: Centre, randomness: Randomness, *, device: str, branch: str, purpose: str
) -> str | Refusal:
    """A one-time code for the device's next epoch. Refusals: `device_code_malformed`, `branch_unknown`."""
    if not is_code(device) or device.startswith("centre"):
        return Refusal("device_code_malformed", "device")
    if connection.execute(b"SELECT 1 FROM branches WHERE code = %s", (branch,)).fetchone() is None:
        return Refusal("branch_unknown", "branch")
    code = new_one_time_code(randomness)
    epoch = _next_epoch(connection, device)
    connection.execute(
        b"DELETE FROM enrolments WHERE device = %s AND epoch = %s AND state IN ('issued', 'waiting')", (device, epoch)
    )
    connection.execute(
        b"INSERT INTO enrolments (code_digest, device, epoch, branch, purpose, expires_at) "
        b"VALUES (%s, %s, %s, %s, %s, %s)",
        (one_time_digest(code), device, epoch, branch, purpose, instant(centre.clock.now_ms() + INVITATION_MS)),
    )
    return code


def _next_epoch(connection: Connection, device: str) -> int:
    row = connection.execute(b"SELECT coalesce(max(epoch), 0) FROM devices WHERE device = %s", (device,)).fetchone()
    return int(row[0]) + 1 if row else 1


def request_enrolment(connection: Connection, centre: Centre, code: str, public_key: str) -> EnrolmentState | Refusal:
    """A device shows its key under an invitation. The same key may ask again; the code serves no second key.

    Refusals: `enrolment_code_wrong` (unknown, expired, used by another key, or the key used another code).
    """
    row = connection.execute(
        b"SELECT device, epoch, branch, purpose, expires_at, public_key, state FROM enrolments "
        b"WHERE code_digest = %s FOR UPDATE",
        (one_time_digest(code),),
    ).fetchone()
    if row is None or (row[5] is None and row[4] < instant(centre.clock.now_ms())):
        return Refusal("enrolment_code_wrong", "code")
    if row[5] is not None and row[5] != public_key:
        return Refusal("enrolment_code_wrong", "code")
    if row[5] is None:
        try:
            with connection.transaction():
                connection.execute(
                    b"UPDATE enrolments SET public_key = %s, fingerprint = %s, state = 'waiting' "
                    b"WHERE code_digest = %s",
                    (public_key, thumbprint(from_base64url(public_key)), one_time_digest(code)),
                )
        except UniqueViolation:
            return Refusal("enrolment_code_wrong", "code")
    state = "waiting" if row[6] == "issued" else str(row[6])
    return EnrolmentState(state, row[0], row[1], row[2], row[3], public_key)


def find_enrolment(connection: Connection, fingerprint: str) -> EnrolmentState | None:
    """The enrolment whose key has that fingerprint."""
    if "\x00" in fingerprint:
        return None
    row = connection.execute(
        b"SELECT state, device, epoch, branch, purpose, public_key FROM enrolments WHERE fingerprint = %s",
        (fingerprint,),
    ).fetchone()
    return EnrolmentState(*row) if row else None


def waiting_enrolments(connection: Connection) -> list[EnrolmentState]:
    """Devices that wait to be trusted."""
    rows = connection.execute(
        b"SELECT state, device, epoch, branch, purpose, public_key FROM enrolments WHERE state = 'waiting' "
        b"ORDER BY device"
    )
    return [EnrolmentState(*row) for row in rows]


def trust_device(connection: Connection, centre: Centre, device: str, fingerprint: str) -> EnrolmentState | Refusal:
    """A person has compared fingerprints: the epoch begins, with a block of account numbers of its own.

    Epochs of the same device before it end at the head that the centre has: one device signs on one chain.

    Refusals: `enrolment_unknown`, `fingerprint_differs`.
    """
    row = connection.execute(
        b"SELECT state, device, epoch, branch, purpose, public_key FROM enrolments "
        b"WHERE device = %s AND state = 'waiting' FOR UPDATE",
        (device,),
    ).fetchone()
    if row is None:
        return Refusal("enrolment_unknown", "device")
    state = EnrolmentState(*row)
    if state.fingerprint != fingerprint:
        return Refusal("fingerprint_differs", "fingerprint")
    _end_epochs_before(connection, centre, device, state.epoch)
    body = DeviceEnrolled(
        device=state.device,
        epoch=state.epoch,
        branch=state.branch,
        purpose="kiosk" if state.purpose == "kiosk" else "desktop",
        key=state.public_key,
    )
    issue(connection, centre, None, body)
    connection.execute(
        b"INSERT INTO chains (device, epoch, seq, hash, state) VALUES (%s, %s, 0, NULL, 'living')",
        (state.device, state.epoch),
    )
    connection.execute(
        b"UPDATE enrolments SET state = 'trusted' WHERE device = %s AND epoch = %s", (state.device, state.epoch)
    )
    lease_iban_block(connection, centre, state.device, state.epoch)
    return EnrolmentState("trusted", state.device, state.epoch, state.branch, state.purpose, state.public_key)


def _end_epochs_before(connection: Connection, centre: Centre, device: str, epoch: int) -> None:
    connection.execute(
        b"SELECT 1 FROM chains WHERE device = %s AND epoch < %s ORDER BY epoch FOR UPDATE", (device, epoch)
    )
    living = connection.execute(
        b"SELECT epoch FROM devices WHERE device = %s AND epoch < %s AND state = 'living' ORDER BY epoch",
        (device, epoch),
    ).fetchall()
    for (before,) in living:
        revoke_device(connection, centre, device, before)


def lease_iban_block(connection: Connection, centre: Centre, device: str, epoch: int) -> None:
    """The next account numbers that nobody has, for that device epoch alone."""
    connection.execute(b"SELECT 1 FROM feed_heads WHERE feed = 'bank' FOR UPDATE")
    row = connection.execute(b"SELECT max(last) FROM iban_blocks").fetchone()
    first = int(row[0]) + 1 if row and row[0] is not None else _FIRST_ACCOUNT_NUMBER
    body = IbanBlockLeased(device=device, epoch=epoch, first=first, last=first + IBAN_BLOCK_SIZE - 1)
    issue(connection, centre, None, body)


def lease_if_few(connection: Connection, centre: Centre, device: str, epoch: int) -> None:
    """Another block once the device epoch has few numbers left: a repeated request leases nothing more."""
    connection.execute(b"SELECT 1 FROM feed_heads WHERE feed = 'bank' FOR UPDATE")
    row = connection.execute(
        b"SELECT (SELECT coalesce(sum(last - first + 1), 0) FROM iban_blocks WHERE device = %s AND epoch = %s) - "
        b"(SELECT count(*) FROM operations WHERE device = %s AND epoch = %s AND kind = 'account.opened')",
        (device, epoch, device, epoch),
    ).fetchone()
    if row is not None and row[0] < _FEW_NUMBERS:
        lease_iban_block(connection, centre, device, epoch)


def revoke_device(connection: Connection, centre: Centre, device: str, epoch: int) -> Refusal | None:
    """End a device's epoch at the head that the centre has; what it sends from here on is kept, but not booked."""
    row = connection.execute(
        b"SELECT seq FROM chains WHERE device = %s AND epoch = %s FOR UPDATE", (device, epoch)
    ).fetchone()
    if row is None:
        return Refusal("device_unknown", "device")
    issue(connection, centre, None, DeviceRevoked(device=device, epoch=epoch, head_seq=int(row[0])))
    connection.execute(b"UPDATE chains SET state = 'quarantined' WHERE device = %s AND epoch = %s", (device, epoch))
    return None


def find_device(connection: Connection, device: str, epoch: int) -> DeviceEpoch | None:
    """A device epoch as the book has it."""
    return Book(PostgresStore(connection, locking=False)).get(DeviceEpoch, device, epoch)
