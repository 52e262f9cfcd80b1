"""A drawer's session belongs to the device epoch that opened it, so that two desks that use one code do not meet.

Revision ID: 0007
"""

import base64
import json
from typing import Any

from alembic import context, op
from sqlalchemy import text

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = """
DELETE FROM drawers;
ALTER TABLE drawers DROP CONSTRAINT drawers_pkey;
ALTER TABLE drawers ADD PRIMARY KEY (branch, drawer, currency, device, epoch);
CREATE TABLE drawer_codes (
    branch text NOT NULL,
    drawer text NOT NULL,
    currency text NOT NULL,
    open_at text NOT NULL,
    PRIMARY KEY (branch, drawer, currency)
);
"""
_OPERATIONS = text(
    "SELECT jws FROM operations WHERE kind IN ('drawer.opened', 'drawer.counted', 'drawer.closed', 'operation.booked') "
    "ORDER BY no"
)
_DRAWER = text(
    "INSERT INTO drawers (branch, drawer, currency, device, epoch, person, state, business_date, opened_by, counted) "
    "VALUES (:branch, :drawer, :currency, :device, :epoch, :person, :state, :business_date, :opened_by, :counted)"
)
_CODE = text(
    "INSERT INTO drawer_codes (branch, drawer, currency, open_at) VALUES (:branch, :drawer, :currency, :open_at)"
)


def upgrade() -> None:
    """Work every session out anew from what was signed: one code's sessions at two desks stood in one row."""
    connection = op.get_bind()
    texts = [str(row[0]) for row in connection.execute(_OPERATIONS)]
    op.execute(TABLES)
    role = context.config.attributes["application_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON drawer_codes TO {quoted}")
    sessions, codes = sessions_of(texts)
    for session in sessions:
        connection.execute(_DRAWER, session)
    for code in codes:
        connection.execute(_CODE, code)


def downgrade() -> None:
    """There is no way back: what is booked stays."""
    raise RuntimeError("the books are never taken down")


def sessions_of(texts: list[str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows that these operations, in their order, have led to: sessions, and which devices have a code open."""
    sessions: dict[tuple[Any, ...], dict[str, Any]] = {}
    codes: dict[tuple[Any, ...], set[tuple[str, int]]] = {}
    for jws in texts:
        made = _payload(jws)
        if made["kind"] == "operation.booked":
            made = _payload(made["body"]["jws"])
        kind, body = made["kind"], made["body"]
        if not kind.startswith("drawer."):
            continue
        place = {"branch": made["branch"] or "", "drawer": made["drawer"] or "", "currency": body["currency"]}
        here = (made["device"], made["epoch"])
        code = tuple(place.values())
        key = (*code, *here)
        if kind == "drawer.opened":
            codes.setdefault(code, set()).add(here)
            sessions[key] = place | {
                "device": made["device"],
                "epoch": made["epoch"],
                "person": made["actor"].removeprefix("staff:"),
                "state": "open",
                "business_date": made["business_date"] or "",
                "opened_by": made["id"],
                "counted": None,
            }
            continue
        state = "closed" if kind == "drawer.closed" else "open"
        if key in sessions:
            sessions[key] = sessions[key] | {"state": state, "counted": body["counted"]}
        if state == "closed":
            codes.setdefault(code, set()).discard(here)
    rows = []
    for (branch, drawer, currency), devices in codes.items():
        open_at = " ".join(f"{device}/{epoch}" for device, epoch in sorted(devices))
        rows.append({"branch": branch, "drawer": drawer, "currency": currency, "open_at": open_at})
    return list(sessions.values()), rows


def _payload(jws: str) -> dict[str, Any]:
    middle = jws.split(".")[1]
    content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return content
