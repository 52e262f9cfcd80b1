"""A served bank for the tests of a module, and a founded desk for each test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.clock import FixedClock, SystemClock
from tests.core.signing_in.new_devices import Trusted, Worked, trusted, worked_bank
from tests.signing_bank import RealDesk, SigningBank
from tests.sync_server.centre_bank import found_bank


@pytest.fixture(scope="module")
def bank(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigningBank]:
    clock = FixedClock(SystemClock().now_ms())
    centre = found_bank(postgres, tmp_path_factory.mktemp("centre") / "secrets", clock=clock)
    with centre.served() as address:
        yield SigningBank(centre, address, clock)


@dataclass
class Founded:
    """A branch's first desk with a supervisor and a teller who have signed in before; their codes."""

    bank: SigningBank
    branch: str
    desk: RealDesk
    supervisor: str
    teller: str


@pytest.fixture
def founded(bank: SigningBank, tmp_path: Path) -> Iterator[Founded]:
    branch = bank.found_branch()
    with bank.desk(tmp_path, f"{branch}-1", branch) as desk:
        supervisor, teller = f"kb-{branch}", f"ah-{branch}"
        desk.found(supervisor, teller, branch)
        yield Founded(bank, branch, desk, supervisor, teller)


@pytest.fixture(scope="package")
def worked(make_database: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worked]:
    """A bank whose first branch has worked a day, for new devices to start from."""
    clock = FixedClock(SystemClock().now_ms())
    centre = found_bank(make_database(), tmp_path_factory.mktemp("centre") / "secrets", clock=clock)
    with centre.served() as address:
        made = SigningBank(centre, address, clock)
        with worked_bank(made, tmp_path_factory.mktemp("desks")) as here:
            yield here


@pytest.fixture
def newcomer(worked: Worked, tmp_path: Path) -> Trusted:
    """A device of that branch that is trusted and has no file."""
    return trusted(worked.bank, tmp_path / "new", worked.next_device(), worked.branch)
