"""A simulator that is ready to run seeds: the bank founded, pure functions remembered."""

from collections.abc import Iterator

import pytest

from counterfoil.simulation.running import prepared


@pytest.fixture(scope="module")
def simulator() -> Iterator[None]:
    with prepared():
        yield
