"""Devices on their way to being trusted, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.errors import UniqueViolation

from sync_server.database import Connection
from sync_server.store.home import MetOthers
from sync_server.store.postgres.statements import ENROLMENT, INVITE
from sync_server.store.values import Enrolment


class PostgresEnrolments:
    """The table of enrolments, inside an open transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def invite(self, enrolment: Enrolment) -> None:
        """Keep an invitation in place of any for that device epoch that nobody has trusted."""
        self._connection.execute(
            b"DELETE FROM enrolments WHERE device = %s AND epoch = %s AND state IN ('issued', 'waiting')",
            (enrolment.device, enrolment.epoch),
        )
        try:
            self._connection.execute(INVITE, enrolment)
        except UniqueViolation as violation:
            raise MetOthers("the device was invited meanwhile") from violation

    def lock(self, code_digest: str) -> Enrolment | None:
        """The invitation with that code, locked."""
        return self._one(ENROLMENT + b"WHERE code_digest = %s FOR UPDATE", code_digest)

    def show_key(self, code_digest: str, public_key: str, fingerprint: str) -> bool:
        """Keep the key shown under an invitation, which waits from here on; False if it came under another code."""
        try:
            with self._connection.transaction():
                self._connection.execute(
                    b"UPDATE enrolments SET public_key = %s, fingerprint = %s, state = 'waiting' "
                    b"WHERE code_digest = %s",
                    (public_key, fingerprint, code_digest),
                )
        except UniqueViolation:
            return False
        return True

    def find(self, fingerprint: str) -> Enrolment | None:
        """The enrolment whose key has that thumbprint."""
        return self._one(ENROLMENT + b"WHERE fingerprint = %s", fingerprint)

    def waiting(self) -> Sequence[Enrolment]:
        """Those that wait to be trusted, by device."""
        rows = self._connection.execute(ENROLMENT + b"WHERE state = 'waiting' ORDER BY device")
        return [Enrolment(*row) for row in rows]

    def lock_waiting(self, device: str) -> Enrolment | None:
        """That device's enrolment that waits to be trusted, locked."""
        return self._one(ENROLMENT + b"WHERE device = %s AND state = 'waiting' FOR UPDATE", device)

    def trust(self, device: str, epoch: int) -> None:
        """Write that it is trusted, which stays."""
        self._connection.execute(
            b"UPDATE enrolments SET state = 'trusted' WHERE device = %s AND epoch = %s", (device, epoch)
        )

    def _one(self, statement: bytes, value: str) -> Enrolment | None:
        row = self._connection.execute(statement, (value,)).fetchone()
        return Enrolment(*row) if row is not None else None
