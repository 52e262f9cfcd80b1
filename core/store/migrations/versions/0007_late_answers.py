"""An operation of an ended epoch is answered once: refused is as final as booked.

Revision ID: 0007
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Whatever was answered so far was booked."""
    op.execute("ALTER TABLE late_booked RENAME TO late_answers")
    op.execute("ALTER TABLE late_answers RENAME COLUMN booked_by TO answered_by")
    op.execute("ALTER TABLE late_answers ADD COLUMN booked BOOLEAN DEFAULT 1 NOT NULL")
