"""When each device epoch was last heard, to the minute.

Revision ID: 0008
"""

from alembic import context, op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and give the application's role what it needs."""
    op.execute(
        "CREATE TABLE heard (device text NOT NULL, epoch bigint NOT NULL, heard_at text NOT NULL, "
        "PRIMARY KEY (device, epoch))"
    )
    role = context.config.attributes["application_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON heard TO {quoted}")


def downgrade() -> None:
    """There is no way back: what is booked stays."""
    raise RuntimeError("the books are never taken down")
