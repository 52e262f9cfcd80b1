"""Files that are lent to devices of other branches.

Revision ID: 0005
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

VISITS = """
ALTER TABLE deposit_accounts ADD COLUMN lent_to TEXT DEFAULT '' NOT NULL;
CREATE TABLE lent_files (
    account TEXT NOT NULL,
    device TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    branch TEXT NOT NULL,
    visited TEXT NOT NULL,
    lent_by TEXT NOT NULL,
    as_of TEXT NOT NULL,
    until TEXT NOT NULL,
    ended_by TEXT,
    PRIMARY KEY (account, device, epoch)
)
 WITHOUT ROWID;
CREATE TABLE visiting (
    device TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    branches TEXT NOT NULL,
    PRIMARY KEY (device, epoch)
)
 WITHOUT ROWID;
"""


def upgrade() -> None:
    """Add the column and make the tables."""
    for statement in VISITS.split(";\n"):
        if statement.strip():
            op.execute(statement)
