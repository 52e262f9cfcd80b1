"""A bank in memory and a desk on a real file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.clock import FixedClock, instant_ms
from core.device import OpenSession
from tests.bank import DATE
from tests.core.device.desk import Desk
from tests.core.device.memory_centre import MemoryCentre


@dataclass
class OpenBranch:
    """A desk with its day and a drawer open, and two people signed in."""

    centre: MemoryCentre
    clock: FixedClock
    desk: Desk
    teller: OpenSession
    supervisor: OpenSession


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(instant_ms(f"{DATE}T08:00:00.000Z"))


@pytest.fixture
def centre(clock: FixedClock) -> MemoryCentre:
    made = MemoryCentre(clock, "odense", "aarhus")
    made.admit("mette", "supervisor", "odense")
    made.admit("jens", "teller", "odense")
    return made


@pytest.fixture
def branch(
    request: pytest.FixtureRequest, tmp_path: Path, centre: MemoryCentre, clock: FixedClock
) -> Iterator[OpenBranch]:
    """Over a file, or over the home that `both_homes` names."""
    desk = Desk(tmp_path, centre, clock, "odense-1", "odense", getattr(request, "param", "file"))
    desk.read()
    desk.found("mette", "jens")
    supervisor, teller = desk.sign_in("mette"), desk.sign_in("jens")
    desk.open_day(teller, supervisor)
    yield OpenBranch(centre, clock, desk, teller, supervisor)
    desk.device.close()
