"""What devices give back to a centre that was restored, until each has its place again, and who was given up.

Revision ID: 0011
"""

from alembic import context, op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and give the application's role what it needs."""
    op.execute(
        "CREATE TABLE given_back (feed text NOT NULL, purpose text NOT NULL, position bigint NOT NULL, "
        "hash text NOT NULL, jws text NOT NULL, PRIMARY KEY (feed, purpose, hash))"
    )
    op.execute("ALTER TABLE incarnation_reports ADD COLUMN given_up boolean NOT NULL DEFAULT false")
    op.execute("CREATE INDEX given_back_in_order ON given_back (feed, purpose, position, hash)")
    role = context.config.attributes["application_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    op.execute(f"GRANT SELECT, INSERT, DELETE ON given_back TO {quoted}")


def downgrade() -> None:
    """There is no way back: what is booked stays."""
    raise RuntimeError("the books are never taken down")
