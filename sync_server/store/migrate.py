"""Bring the centre's database to the newest schema, as the role that owns it."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg.conninfo import conninfo_to_dict

from sync_server.database import plain_engine
from sync_server.environment import Secret

_MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def head_revision() -> str:
    """The newest schema that this program knows."""
    head = ScriptDirectory(str(_MIGRATIONS)).get_current_head()
    if head is None:
        raise RuntimeError("there are no migrations")
    return head


def migrate(owner_url: Secret, application_url: Secret) -> None:
    """Run what migrations are missing. The role named in `application_url` gets what it needs, and no more."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with plain_engine(owner_url).connect() as connection:
        config.attributes["connection"] = connection
        config.attributes["application_role"] = str(conninfo_to_dict(application_url.reveal())["user"])
        command.upgrade(config, "head")
        connection.commit()
