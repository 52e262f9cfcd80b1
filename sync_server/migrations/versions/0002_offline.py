"""Leases, what was paid under them, recalls, holds, requests; and what else working without the line needs to know.

Revision ID: 0002
"""

from alembic import context, op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OFFLINE = """
ALTER TABLE devices ADD COLUMN head_seq bigint;
ALTER TABLE deposit_accounts ADD COLUMN limit_target bigint NOT NULL DEFAULT 0;
ALTER TABLE deposit_accounts ADD COLUMN closings bigint NOT NULL DEFAULT 0;
ALTER TABLE rights ADD COLUMN released boolean NOT NULL DEFAULT false;
CREATE INDEX rights_by_device ON rights (device, epoch);
CREATE TABLE leases (
    device text NOT NULL,
    epoch bigint NOT NULL,
    number bigint NOT NULL,
    ends_at text NOT NULL,
    currency text NOT NULL,
    per_payment bigint NOT NULL,
    payments_to bigint NOT NULL,
    sum_to bigint NOT NULL,
    standin_per_payment bigint NOT NULL,
    standin_payments_to bigint NOT NULL,
    standin_sum_to bigint NOT NULL,
    last_end text NOT NULL,
    PRIMARY KEY (device, epoch)
);
CREATE TABLE spending (
    device text NOT NULL,
    epoch bigint NOT NULL,
    payments bigint NOT NULL,
    paid bigint NOT NULL,
    standins bigint NOT NULL,
    stood_in bigint NOT NULL,
    PRIMARY KEY (device, epoch)
);
CREATE TABLE recalls (
    account text NOT NULL,
    device text NOT NULL,
    epoch bigint NOT NULL,
    keep bigint NOT NULL,
    recalled_by text NOT NULL,
    PRIMARY KEY (account, device, epoch)
);
CREATE TABLE account_holds (
    id text NOT NULL,
    account text NOT NULL,
    amount bigint NOT NULL,
    reason text NOT NULL,
    cause text,
    released_by text,
    PRIMARY KEY (id)
);
CREATE INDEX account_holds_by_account ON account_holds (account);
CREATE TABLE requests (
    id text NOT NULL,
    branch text NOT NULL,
    kind text NOT NULL,
    account text,
    currency text,
    amount bigint NOT NULL,
    state text NOT NULL,
    reason text,
    decided_by text,
    PRIMARY KEY (id)
);
CREATE INDEX requests_waiting ON requests (id) WHERE state = 'waiting';
CREATE INDEX accounts_in_motion ON deposit_accounts (id)
    WHERE state = 'open' AND (closings > 0 OR limit_target < overdraft_limit);
CREATE TABLE exposures (
    device text NOT NULL,
    epoch bigint NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL,
    booked_by text NOT NULL,
    PRIMARY KEY (device, epoch)
);
CREATE TABLE late_booked (
    hash text NOT NULL,
    booked_by text NOT NULL,
    PRIMARY KEY (hash)
);
CREATE TABLE grant_buckets (
    device text NOT NULL,
    epoch bigint NOT NULL,
    tokens bigint NOT NULL,
    filled_ms bigint NOT NULL,
    PRIMARY KEY (device, epoch)
);
"""
_TABLES = "leases, spending, recalls, account_holds, requests, late_booked, exposures, grant_buckets"


def upgrade() -> None:
    """Add the columns, make the tables, and give the application's role what it needs."""
    op.execute(OFFLINE)
    role = context.config.attributes["application_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {_TABLES} TO {quoted}")


def downgrade() -> None:
    """There is no way back: what is booked stays."""
    raise RuntimeError("the books are never taken down")
