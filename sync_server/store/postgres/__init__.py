"""The centre's home in PostgreSQL."""

from sync_server.store.postgres.database import PostgresDatabase
from sync_server.store.postgres.home import PostgresHome, stored_verdict

__all__ = ["PostgresDatabase", "PostgresHome", "stored_verdict"]
