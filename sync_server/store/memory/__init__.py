"""The centre's home in memory: for simulations and tests. It knows nothing of PostgreSQL."""

from sync_server.store.memory.database import MemoryDatabase
from sync_server.store.memory.home import MemoryHome

__all__ = ["MemoryDatabase", "MemoryHome"]
