"""A device's file as the source of one person's work: its own chain, its colleagues', and what made keys known."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection, bindparam, text

from core.audit.work.manifest import VerdictKnown
from core.envelope import Signed

_CHAINS = text("SELECT device, epoch FROM chains ORDER BY 1, 2")
_CHAIN = text(
    "SELECT o.jws FROM operations o JOIN chains c ON c.no = o.chain WHERE c.device = :device AND c.epoch = :epoch "
    "ORDER BY o.seq"
)
_OF_KINDS = text("SELECT jws FROM operations WHERE kind IN :kinds ORDER BY no").bindparams(
    bindparam("kinds", expanding=True)
)
_VERDICT = text(
    "SELECT v.verdict, v.accounting_date, v.received_at, v.exceptions FROM verdicts v "
    "JOIN operations o ON o.no = v.operation WHERE o.id = :id"
)


class _Exception(msgspec.Struct):
    code: str


class DeskWork:
    """Over one reading connection (`Store.reading`), which is one consistent view."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def chains(self) -> list[tuple[str, int]]:
        """Every chain of which something may be here."""
        return [(row.device, row.epoch) for row in self._connection.execute(_CHAINS)]

    def chain(self, device: str, epoch: int) -> Iterator[str]:
        """A chain's operations, oldest first."""
        for (jws,) in self._connection.execute(_CHAIN, {"device": device, "epoch": epoch}):
            yield jws

    def of_kinds(self, kinds: tuple[str, ...]) -> Iterator[str]:
        """The operations of these kinds, in order of arrival."""
        for (jws,) in self._connection.execute(_OF_KINDS, {"kinds": kinds}):
            yield jws

    def verdict(self, signed: Signed) -> VerdictKnown | None:
        """The verdict, if the centre has said it here."""
        operation = signed.operation
        row = self._connection.execute(_VERDICT, {"id": bytes.fromhex(operation.id.replace("-", ""))}).fetchone()
        if row is None:
            return None
        found = msgspec.json.decode(row.exceptions, type=list[_Exception]) if row.exceptions else []
        codes = tuple(each.code for each in found)
        return VerdictKnown(
            operation.device,
            operation.epoch,
            operation.seq,
            signed.hash,
            row.verdict,
            row.accounting_date,
            row.received_at,
            codes,
        )
