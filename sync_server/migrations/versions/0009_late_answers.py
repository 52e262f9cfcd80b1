"""An operation of an ended epoch is answered once, refused or booked; a recall says what is to be gone in all.

Revision ID: 0009
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Whatever was answered so far was booked. What was recalled before has lapsed: who lacks something asks again."""
    op.execute("ALTER TABLE late_booked RENAME TO late_answers")
    op.execute("ALTER TABLE late_answers RENAME COLUMN booked_by TO answered_by")
    op.execute("ALTER TABLE late_answers ADD COLUMN booked boolean NOT NULL DEFAULT true")
    op.execute("DELETE FROM recalls")
    op.execute("ALTER TABLE recalls RENAME COLUMN keep TO gone_to")


def downgrade() -> None:
    """There is no way back: what is booked stays."""
    raise RuntimeError("the books are never taken down")
