"""Time is passed in, has one spelling, and is simulated only where nobody's money is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import (
    PURPOSE_VARIABLE,
    SIMULATED_CLOCK_VARIABLE,
    FixedClock,
    SharedClock,
    SimulatedClockRefused,
    SystemClock,
    clock_from_environment,
    instant,
    instant_ms,
    is_business_date,
    is_instant,
)

YEAR_9999_MS = 253_402_300_799_999


@given(now=st.integers(0, YEAR_9999_MS))
def test_an_instant_is_read_back_to_the_millisecond(now: int) -> None:
    assert instant_ms(instant(now)) == now
    assert is_instant(instant(now))


def test_an_early_year_has_four_digits_too() -> None:
    early = "0001-01-01T00:00:00.000Z"
    assert instant(instant_ms(early)) == early


@given(first=st.integers(0, YEAR_9999_MS), second=st.integers(0, YEAR_9999_MS))
def test_instants_sort_as_the_time_does(first: int, second: int) -> None:
    assert (instant(first) < instant(second)) is (first < second)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-20",
        "2026-11-20T09:42:00Z",
        "2026-11-20T09:42:00.000+00:00",
        "2026-11-20t09:42:00.000z",
        "2026-11-20 09:42:00.000Z",
        "2026-11-20T09:42:00.0000Z",
        "2026-11-20T24:00:00.000Z",
        "2026-11-20T09:42:60.000Z",
        "2026-02-30T09:42:00.000Z",
        "2026-11-20T09:42:00.000Z\n",
        "٢٠٢٦-11-20T09:42:00.000Z",
    ],
)
def test_another_spelling_of_an_instant_is_refused(text: str) -> None:
    assert not is_instant(text)
    with pytest.raises(ValueError):  # noqa: PT011 - what does not match, and what no calendar has
        instant_ms(text)


@pytest.mark.parametrize(
    "text", ["", "20261120", "2026-W47-5", "2026-02-29", "2026-11-20T00", " 2026-11-20", "2026-1-2"]
)
def test_another_spelling_of_a_business_date_is_refused(text: str) -> None:
    assert is_business_date("2026-11-20")
    assert not is_business_date(text)


@pytest.mark.parametrize("purpose", [None, "", "production", "Demo", "demo ", "testing"])
def test_a_simulated_clock_is_refused_where_money_is_real(tmp_path: Path, purpose: str | None) -> None:
    environment = {SIMULATED_CLOCK_VARIABLE: str(tmp_path / "clock")}
    if purpose is not None:
        environment[PURPOSE_VARIABLE] = purpose
    with pytest.raises(SimulatedClockRefused, match=SIMULATED_CLOCK_VARIABLE):
        clock_from_environment(environment)


@pytest.mark.parametrize("purpose", ["demo", "test"])
def test_demo_and_tests_may_simulate_time_and_say_so(tmp_path: Path, purpose: str) -> None:
    SharedClock(tmp_path / "clock").set(5)
    clock = clock_from_environment({SIMULATED_CLOCK_VARIABLE: str(tmp_path / "clock"), PURPOSE_VARIABLE: purpose})
    assert clock.simulated
    assert clock.now_ms() == 5


def test_without_a_simulated_clock_the_time_is_the_machines() -> None:
    clock = clock_from_environment({PURPOSE_VARIABLE: "demo"})
    assert isinstance(clock, SystemClock)
    assert not clock.simulated
    earlier = SystemClock().now_ms()
    assert earlier <= clock.now_ms() <= SystemClock().now_ms()


ADVANCE = """
import sys
from pathlib import Path
from core.clock import SharedClock
clock = SharedClock(Path(sys.argv[1]))
print(clock.now_ms())
clock.advance(60_000)
"""


def test_a_shared_clock_is_one_clock_for_several_processes(tmp_path: Path) -> None:
    clock = SharedClock(tmp_path / "clock")
    clock.set(1_795_167_720_000)
    checkout = Path(__file__).resolve().parents[2]
    for turn in range(2):
        done = subprocess.run(
            [sys.executable, "-c", ADVANCE, str(clock.path)], cwd=checkout, capture_output=True, text=True, check=True
        )
        assert int(done.stdout) == 1_795_167_720_000 + turn * 60_000
    assert clock.now_ms() == 1_795_167_840_000
    assert [path.name for path in tmp_path.iterdir()] == ["clock"]


def test_a_fixed_clock_stands_still_until_it_is_moved() -> None:
    clock = FixedClock(1000)
    assert (clock.now_ms(), clock.now_ms()) == (1000, 1000)
    clock.advance(-1)
    assert clock.now_ms() == 999
