"""Where each operation stood in the feeds, so that a centre that was restored has them back in their order.

Revision ID: 0009
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE feed_items (
    feed TEXT NOT NULL,
    operation INTEGER NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (feed, operation),
    FOREIGN KEY(operation) REFERENCES operations (no)
)
 WITHOUT ROWID;
CREATE INDEX feed_items_in_order ON feed_items (feed, position);
"""


def upgrade() -> None:
    """Nobody knows it of what was read before, so both feeds are read once more; what is here is passed over."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
    op.execute("DELETE FROM settings WHERE name LIKE 'feed_hashes:%'")
    op.execute("UPDATE head SET bank_position = 0, branch_position = 0")


def downgrade() -> None:
    """There is no way back: what is written stays."""
    raise RuntimeError("a device's file is never taken down")
