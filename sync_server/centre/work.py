"""The centre's database as the source of one person's work."""

from __future__ import annotations

from collections.abc import Iterator

from core.audit.work import VerdictKnown
from core.envelope import Signed
from sync_server.audit.reading import StoredOperation, stream
from sync_server.database import Connection

_CHAINS = b"SELECT DISTINCT device, epoch FROM sessions WHERE person = %s ORDER BY 1, 2"
_OF_KINDS = b"SELECT jws FROM operations WHERE kind = ANY(%s) ORDER BY no"
_CHAIN = b"SELECT jws FROM operations WHERE device = %s AND epoch = %s ORDER BY seq"
_VERDICT = (
    b"SELECT no, id::text, device, epoch, seq, hash, kind, business_date::text, accounting_date::text, received_at, "
    b"verdict, exceptions, stamp, records, jws FROM operations WHERE id = %s"
)


class CentreWork:
    """Inside one consistent view (`sync_server.audit.reading.one_view`)."""

    def __init__(self, connection: Connection, person: str) -> None:
        self._connection = connection
        self._person = person

    def chains(self) -> list[tuple[str, int]]:
        """The chains on which the person has signed in."""
        return [(device, epoch) for device, epoch in self._connection.execute(_CHAINS, (self._person,))]

    def chain(self, device: str, epoch: int) -> Iterator[str]:
        """A chain's operations, oldest first."""
        for (jws,) in stream(self._connection, "chain", _CHAIN, (device, epoch)):
            yield jws

    def of_kinds(self, kinds: tuple[str, ...]) -> Iterator[str]:
        """The operations of these kinds, in central order."""
        for (jws,) in stream(self._connection, "of_kinds", _OF_KINDS, (list(kinds),)):
            yield jws

    def verdict(self, signed: Signed) -> VerdictKnown | None:
        """The verdict, for ever."""
        row = self._connection.execute(_VERDICT, (signed.operation.id,)).fetchone()
        if row is None:
            return None
        stored = StoredOperation._make(row)
        given = stored.verdict(signed.hash)
        return VerdictKnown(
            stored.device,
            stored.epoch,
            stored.seq,
            signed.hash,
            given.verdict,
            given.accounting_date,
            given.received_at,
            tuple(each.code for each in given.exceptions),
        )
