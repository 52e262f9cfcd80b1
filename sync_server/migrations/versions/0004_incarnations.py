"""The lives of the centre's database, who has reported in which, and which transfers have been credited.

Revision ID: 0004
"""

from alembic import context, op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INCARNATIONS = """
CREATE TABLE incarnations (
    number bigint NOT NULL,
    begun_at text NOT NULL,
    numbers_from bigint NOT NULL,
    PRIMARY KEY (number)
);
INSERT INTO incarnations VALUES (1, '', 0);
CREATE TABLE incarnation_reports (
    device text NOT NULL,
    epoch bigint NOT NULL,
    incarnation bigint NOT NULL,
    PRIMARY KEY (device, epoch)
);
CREATE TABLE received_transfers (
    transfer_id uuid NOT NULL,
    PRIMARY KEY (transfer_id)
);
"""
_TABLES = "incarnations, incarnation_reports, received_transfers"


def upgrade() -> None:
    """Make the tables, and give the application's role what it needs."""
    op.execute(INCARNATIONS)
    role = context.config.attributes["application_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {_TABLES} TO {quoted}")


def downgrade() -> None:
    """There is no way back: what is booked stays."""
    raise RuntimeError("the books are never taken down")
