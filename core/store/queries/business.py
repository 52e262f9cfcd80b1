"""On which accounts there was business last."""

from __future__ import annotations

from sqlalchemy import Connection, text

from core.ledger import deposit

# One step down an index for each account: what was posted to it is not read.
_RECENT = text(
    "SELECT id FROM (SELECT a.id, (SELECT p.operation FROM postings AS p WHERE p.account = l.no "
    "ORDER BY p.operation DESC LIMIT 1) AS last FROM deposit_accounts AS a JOIN ledger_accounts AS l "
    "ON l.branch = a.branch AND l.account = :prefix || a.id AND l.currency = a.currency "
    "WHERE a.branch = :branch AND a.state = 'open') WHERE last IS NOT NULL ORDER BY last DESC LIMIT :limit"
)


def recent_accounts(connection: Connection, branch: str, limit: int) -> list[str]:
    """Up to `limit` open accounts of the branch, the one that was posted to last first."""
    values = {"prefix": deposit(""), "branch": branch, "limit": limit}
    return [str(account) for (account,) in connection.execute(_RECENT, values)]
