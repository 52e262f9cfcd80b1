"""Leases, what was paid under them, recalls, holds, requests; and what else working without the line needs to know.

Revision ID: 0003
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OFFLINE = """
ALTER TABLE devices ADD COLUMN head_seq BIGINT;
ALTER TABLE deposit_accounts ADD COLUMN limit_target BIGINT DEFAULT 0 NOT NULL;
ALTER TABLE deposit_accounts ADD COLUMN closings BIGINT DEFAULT 0 NOT NULL;
ALTER TABLE rights ADD COLUMN released BOOLEAN DEFAULT 0 NOT NULL;
CREATE TABLE leases (
    device TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    number BIGINT NOT NULL,
    ends_at TEXT NOT NULL,
    currency TEXT NOT NULL,
    per_payment BIGINT NOT NULL,
    payments_to BIGINT NOT NULL,
    sum_to BIGINT NOT NULL,
    standin_per_payment BIGINT NOT NULL,
    standin_payments_to BIGINT NOT NULL,
    standin_sum_to BIGINT NOT NULL,
    last_end TEXT NOT NULL,
    PRIMARY KEY (device, epoch)
)
 WITHOUT ROWID;
CREATE TABLE spending (
    device TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    payments BIGINT NOT NULL,
    paid BIGINT NOT NULL,
    standins BIGINT NOT NULL,
    stood_in BIGINT NOT NULL,
    PRIMARY KEY (device, epoch)
)
 WITHOUT ROWID;
CREATE TABLE recalls (
    account TEXT NOT NULL,
    device TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    keep BIGINT NOT NULL,
    recalled_by TEXT NOT NULL,
    PRIMARY KEY (account, device, epoch)
)
 WITHOUT ROWID;
CREATE TABLE account_holds (
    id TEXT NOT NULL,
    account TEXT NOT NULL,
    amount BIGINT NOT NULL,
    reason TEXT NOT NULL,
    cause TEXT,
    released_by TEXT,
    PRIMARY KEY (id)
)
 WITHOUT ROWID;
CREATE TABLE requests (
    id TEXT NOT NULL,
    branch TEXT NOT NULL,
    kind TEXT NOT NULL,
    account TEXT,
    currency TEXT,
    amount BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    decided_by TEXT,
    PRIMARY KEY (id)
)
 WITHOUT ROWID;
CREATE TABLE exposures (
    device TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL,
    booked_by TEXT NOT NULL,
    PRIMARY KEY (device, epoch)
)
 WITHOUT ROWID;
CREATE TABLE late_booked (
    hash TEXT NOT NULL,
    booked_by TEXT NOT NULL,
    PRIMARY KEY (hash)
)
 WITHOUT ROWID;
"""


def upgrade() -> None:
    """Add the columns and make the tables."""
    for statement in OFFLINE.split(";\n"):
        if statement.strip():
            op.execute(statement)
