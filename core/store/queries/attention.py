"""What the centre found something about in this device's own work, and which of it somebody here has looked at."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, text

from core.store.queries.notes import standing

SEEN = "exceptions-seen"
"""The device's setting that names, newest last, the operations whose exceptions were looked at."""

SEEN_MAX = 200

_FOUND = text(
    "SELECT o.id FROM verdicts AS v JOIN operations AS o ON o.no = v.operation WHERE o.chain = :chain "
    "AND v.verdict IN ('applied_with_exception', 'quarantined') ORDER BY v.operation DESC LIMIT :limit"
)
_SAID = text(
    "SELECT v.verdict, count(*) AS number FROM verdicts AS v JOIN operations AS o ON o.no = v.operation "
    "WHERE o.chain = :chain AND o.seq > :after AND o.seq <= :through GROUP BY v.verdict"
)
_SEEN = text("SELECT value FROM settings WHERE name = :name")


def unseen_exceptions(connection: Connection, *, limit: int = SEEN_MAX) -> tuple[str, ...]:
    """Own operations with an exception that nobody has looked at here, the newest first."""
    kept = connection.execute(_SEEN, {"name": SEEN}).scalar_one_or_none() or ""
    seen = frozenset(kept.split())
    rows = connection.execute(_FOUND, {"chain": standing(connection).chain, "limit": limit}).all()
    found = (str(UUID(bytes=row.id)) for row in rows)
    return tuple(operation for operation in found if operation not in seen)


def verdicts_between(connection: Connection, after: int, through: int) -> dict[str, int]:
    """How many own operations after one place of the chain, up to another, were answered with each verdict.

    What was plainly applied has none of its own and is not counted.
    """
    values = {"chain": standing(connection).chain, "after": after, "through": through}
    return {row.verdict: row.number for row in connection.execute(_SAID, values)}


def with_seen(kept: str | None, operation: str) -> str:
    """The setting's value with one more."""
    before = [one for one in (kept or "").split() if one != operation]
    return " ".join([*before, operation][-SEEN_MAX:])
