"""The branch's other desks as this file has heard of them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

from core.store.queries.notes import read

_LAST = text(
    "SELECT o.jws FROM operations AS o JOIN chains AS c ON c.no = o.chain WHERE c.device = :device "
    "AND c.epoch = :epoch ORDER BY o.no DESC LIMIT 1"
)


def last_heard(connection: Connection, chains: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """The time, by its own clock, of the last operation of each device epoch that is here."""
    found: dict[tuple[str, int], str] = {}
    for device, epoch in chains:
        jws = connection.execute(_LAST, {"device": device, "epoch": epoch}).scalar_one_or_none()
        if jws is not None:
            found[device, epoch] = read(jws).operation.at
    return found
