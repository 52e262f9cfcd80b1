"""Who closed a case or opened it again: the operation that says so.

Revision ID: 0010
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Cases that were closed without a name are open again: somebody has to stand for it."""
    op.execute("ALTER TABLE cases ADD COLUMN decided_by uuid")
    op.execute("UPDATE cases SET state = 'open'")
    op.execute("ALTER TABLE cases ADD CHECK (state IN ('open', 'closed'))")


def downgrade() -> None:
    """There is no way back: what is booked stays."""
    raise RuntimeError("the books are never taken down")
