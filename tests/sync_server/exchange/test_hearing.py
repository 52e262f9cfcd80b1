"""When a device was last heard is written down, but not at each of its polls."""

import pytest

from core.clock import instant
from sync_server.exchange.hearing import HEARD_EVERY_MS, Hearing
from sync_server.store.memory import MemoryDatabase
from sync_server.store.memory.tables import HEARD

NOON = 1_800_000_000_000
DESK = ("nor-1", 1)


def heard(database: MemoryDatabase, hearing: Hearing, *times_ms: int) -> str:
    """When the desk was last heard, as the database has it behind all these."""
    for now_ms in times_ms:
        with database.transaction() as home:
            hearing.note(home, DESK, now_ms)
    return database.committed(HEARD)[DESK]


@pytest.mark.parametrize(("later_ms", "written_ms"), [(HEARD_EVERY_MS - 1, 0), (HEARD_EVERY_MS, HEARD_EVERY_MS)])
def test_it_is_written_down_once_a_minute(later_ms: int, written_ms: int) -> None:
    assert heard(MemoryDatabase(), Hearing(), NOON, NOON + 1_000, NOON + later_ms) == instant(NOON + written_ms)


def test_a_server_whose_clock_is_behind_takes_nothing_back() -> None:
    database = MemoryDatabase()
    heard(database, Hearing(), NOON)
    assert heard(database, Hearing(), NOON - 5_000) == instant(NOON)


def test_devices_are_written_down_each_for_itself() -> None:
    database, hearing = MemoryDatabase(), Hearing()
    heard(database, hearing, NOON)
    with database.transaction() as home:
        hearing.note(home, ("nor-2", 1), NOON + 1)
    assert database.committed(HEARD) == {DESK: instant(NOON), ("nor-2", 1): instant(NOON + 1)}
