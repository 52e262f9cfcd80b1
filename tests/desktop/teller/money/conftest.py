"""A counter whose day and drawer are open, with 10,000.00 DKK in the drawer."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.clock import FixedClock, instant_ms
from desktop.tasks import Tasks
from tests.bank import DATE
from tests.core.device.desk import Desk as DeskUnderTest
from tests.core.device.memory_centre import MemoryCentre
from tests.desktop.teller.money.counter import Counter, open_counter


@pytest.fixture
def counter(qtbot: QtBot, tasks: Tasks, tmp_path: Path) -> Iterator[Counter]:
    clock = FixedClock(instant_ms(f"{DATE}T08:00:00.000Z"))
    centre = MemoryCentre(clock, "odense", "aarhus")
    centre.admit("mette", "supervisor", "odense")
    centre.admit("jens", "teller", "odense")
    bench = DeskUnderTest(tmp_path, centre, clock, "odense-1", "odense")
    bench.read()
    bench.found("mette", "jens")
    supervisor, teller = bench.sign_in("mette"), bench.sign_in("jens")
    bench.open_day(teller, supervisor)
    made = open_counter(qtbot, bench, centre, clock, (teller, supervisor), tasks, tmp_path / "papers")
    yield made
    tasks.shutdown()
    made.desk.close()
    bench.device.close()
