"""The centre's database as the source of one person's work."""

from __future__ import annotations

from collections.abc import Iterator

from core.audit.work import VerdictKnown
from core.envelope import Signed, read_operation
from core.operations import rules
from core.operations.ended import CARRYING, carried
from sync_server.audit.reading import StoredOperation, stream
from sync_server.database import Connection

_CHAINS = b"SELECT DISTINCT device, epoch FROM sessions WHERE person = %s ORDER BY 1, 2"
_OF_KINDS = b"SELECT jws FROM operations WHERE kind = ANY(%s) ORDER BY no"
_CHAIN = b"SELECT jws, seq, hash FROM operations WHERE device = %s AND epoch = %s ORDER BY seq"
_VERDICT = (
    b"SELECT no, id::text, device, epoch, seq, hash, kind, business_date::text, accounting_date::text, received_at, "
    b"verdict, exceptions, stamp, records, jws FROM operations WHERE id = %s"
)
_ANSWERED = b"SELECT answered_by FROM late_answers WHERE hash = %s AND booked"


class CentreWork:
    """Inside one consistent view (`sync_server.audit.reading.one_view`)."""

    def __init__(self, connection: Connection, person: str) -> None:
        self._connection = connection
        self._person = person

    def chains(self) -> list[tuple[str, int]]:
        """The chains on which the person has signed in."""
        return [(device, epoch) for device, epoch in self._connection.execute(_CHAINS, (self._person,))]

    def chain(self, device: str, epoch: int) -> Iterator[str]:
        """A chain's operations, oldest first; then those that came after its end and were booked word for word."""
        head: tuple[int, str | None] = (0, None)
        for jws, *place in stream(self._connection, "chain", _CHAIN, (device, epoch)):
            head = (place[0], place[1])
            yield jws
        for inside in self._late(device, epoch):
            if (inside.operation.seq - 1, inside.operation.prev) == head:
                head = (inside.operation.seq, inside.hash)
                yield inside.jws

    def _late(self, device: str, epoch: int) -> list[Signed]:
        """What the centre has carried of that chain, in its order."""
        rows = stream(self._connection, "late", _OF_KINDS, ([CARRYING],))
        inside = [carried(rules.decode(read_operation(jws)).body).signed for (jws,) in rows]
        ours = [signed for signed in inside if (signed.operation.device, signed.operation.epoch) == (device, epoch)]
        return sorted(ours, key=lambda signed: signed.operation.seq)

    def of_kinds(self, kinds: tuple[str, ...]) -> Iterator[str]:
        """The operations of these kinds, in central order."""
        for (jws,) in stream(self._connection, "of_kinds", _OF_KINDS, (list(kinds),)):
            yield jws

    def verdict(self, signed: Signed) -> VerdictKnown | None:
        """The verdict, for ever: for what was booked late, the one on what carries it."""
        answered = self._connection.execute(_ANSWERED, (signed.hash,)).fetchone()
        named = signed.operation.id if answered is None else answered[0]
        row = self._connection.execute(_VERDICT, (named,)).fetchone()
        if row is None:
            return None
        operation = signed.operation
        stored = StoredOperation._make(row)
        given = stored.verdict(signed.hash)
        return VerdictKnown(
            operation.device,
            operation.epoch,
            operation.seq,
            signed.hash,
            given.verdict,
            given.accounting_date,
            given.received_at,
            tuple(each.code for each in given.exceptions),
        )
