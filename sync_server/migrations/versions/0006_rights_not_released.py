"""What a device epoch holds is found among rights that count: the jobs ask twice a second, of every one written off.

Revision ID: 0006
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Leave what was released out of the index."""
    op.execute("DROP INDEX rights_by_device")
    op.execute("CREATE INDEX rights_not_released ON rights (device, epoch) WHERE NOT released")


def downgrade() -> None:
    """There is no way back: what is booked stays."""
    raise RuntimeError("the books are never taken down")
