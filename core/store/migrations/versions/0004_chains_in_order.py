"""A chain's operations are found in order without reading all others': on a young desk these are nearly all.

Revision ID: 0004
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.execute("CREATE INDEX operations_of_chain ON operations (chain)")
