"""Files that are lent to devices of other branches.

Revision ID: 0005
"""

from alembic import context, op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

VISITS = """
ALTER TABLE deposit_accounts ADD COLUMN lent_to text NOT NULL DEFAULT '';
CREATE TABLE lent_files (
    account text NOT NULL,
    device text NOT NULL,
    epoch bigint NOT NULL,
    branch text NOT NULL,
    visited text NOT NULL,
    lent_by text NOT NULL,
    as_of text NOT NULL,
    until text NOT NULL,
    ended_by text,
    PRIMARY KEY (account, device, epoch)
);
CREATE INDEX lent_files_open ON lent_files (account) WHERE ended_by IS NULL;
CREATE TABLE visiting (
    device text NOT NULL,
    epoch bigint NOT NULL,
    branches text NOT NULL,
    PRIMARY KEY (device, epoch)
);
"""
_TABLES = "lent_files, visiting"


def upgrade() -> None:
    """Add the column, make the tables, and give the application's role what it needs."""
    op.execute(VISITS)
    role = context.config.attributes["application_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {_TABLES} TO {quoted}")


def downgrade() -> None:
    """There is no way back: what is booked stays."""
    raise RuntimeError("the books are never taken down")
