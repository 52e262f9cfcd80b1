"""A recall says what is to be gone in all, as a grant says what was granted in all; what was asked before has lapsed.

Revision ID: 0008
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The centre asks again for what is lacking."""
    op.execute("DELETE FROM recalls")
    op.execute("ALTER TABLE recalls RENAME COLUMN keep TO gone_to")
