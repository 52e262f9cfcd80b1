"""The running hash of every feed, beside its head: worked out once for what is there already.

Revision ID: 0003
"""

import hashlib

from alembic import op
from sqlalchemy import text

from core.canonical import base64url, from_base64url

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ITEMS = text(
    "SELECT i.feed, o.hash FROM feed_items i JOIN operations o ON o.no = i.operation_no ORDER BY i.feed, i.position"
)
_SET = text("UPDATE feed_heads SET hash = :hash WHERE feed = :feed")


def upgrade() -> None:
    """Add the column and fill it, as `core.operations.checkpoints.running_hash` does."""
    op.execute("ALTER TABLE feed_heads ADD COLUMN hash text NOT NULL DEFAULT ''")
    connection = op.get_bind()
    hashes: dict[str, bytes] = {}
    with connection.execute(_ITEMS.execution_options(stream_results=True, max_row_buffer=1000)) as rows:
        for feed, operation_hash in rows:
            hashes[feed] = hashlib.sha256(hashes.get(feed, b"") + from_base64url(operation_hash)).digest()
    for feed, running in hashes.items():
        connection.execute(_SET, {"feed": feed, "hash": base64url(running)})


def downgrade() -> None:
    """There is no way back: what is booked stays."""
    raise RuntimeError("the books are never taken down")
