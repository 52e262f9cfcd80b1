"""The check of the living database: every operation replayed, every row compared."""

from sync_server.audit.report import DatabaseReport
from sync_server.audit.verification import verify_database, verify_view

__all__ = ["DatabaseReport", "verify_database", "verify_view"]
