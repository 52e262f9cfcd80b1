"""A clock that went back, stands still or is wrong spends nothing that it should not, and is believed again in time."""

import pytest

from core.book.rows import Lease
from core.clock import FixedClock, instant
from core.device.timekeeping import Timekeeper
from core.envelope import read_operation
from core.store.memory import MemoryHome
from tests.core.device.conftest import OpenBranch
from tests.core.device.desk import Desk, both_homes

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def account_with(branch: OpenBranch, amount: int) -> str:
    desk, teller = branch.desk, branch.teller
    account = desk.account(teller, desk.customer(teller, branch.supervisor))
    desk.perform(teller, desk.deposited(account, amount))
    return account


def paying(branch: OpenBranch, account: str) -> str | None:
    """What speaks first against paying out, if anything does."""
    draft = branch.desk.draft(branch.teller, branch.desk.withdrawn(account, 1))
    return draft.findings[0].code if draft.findings else None


def times_of(desk: Desk) -> list[str]:
    return [read_operation(jws).operation.at for jws in desk.device.export_chain("odense-1", 1)]


@both_homes
def test_a_clock_that_was_far_ahead_and_set_right_pays_again_once_the_centre_confirms_it(branch: OpenBranch) -> None:
    desk, clock = branch.desk, branch.clock
    account = account_with(branch, 1_000_00)
    clock.advance(2 * HOUR)
    desk.perform(branch.teller, desk.deposited(account, 1_00))
    clock.advance(-2 * HOUR)
    assert paying(branch, account) == "clock_went_back"
    desk.device.hear_time(clock.now_ms() + 3 * MINUTE)
    assert paying(branch, account) == "clock_went_back", "they do not agree"
    desk.device.hear_time(clock.now_ms() + MINUTE)
    assert paying(branch, account) is None
    desk.perform(branch.teller, desk.withdrawn(account, 1_00))
    assert times_of(desk) == sorted(times_of(desk))


@both_homes
def test_what_the_centre_confirmed_is_known_after_a_restart(branch: OpenBranch) -> None:
    desk, clock = branch.desk, branch.clock
    account = account_with(branch, 1_000_00)
    clock.advance(2 * HOUR)
    desk.perform(branch.teller, desk.deposited(account, 1_00))
    clock.advance(-2 * HOUR)
    desk.device.hear_time(clock.now_ms())
    clock.advance(10 * MINUTE)
    desk.perform(branch.teller, desk.deposited(account, 1_00))
    desk.reopen()
    branch.teller = desk.sign_in("jens")
    assert paying(branch, account) is None
    clock.advance(-8 * MINUTE)
    assert paying(branch, account) == "clock_went_back", "the clock went back behind what it showed since"


@both_homes
def test_once_time_has_caught_up_the_clock_is_watched_as_ever(branch: OpenBranch) -> None:
    desk, clock = branch.desk, branch.clock
    account = account_with(branch, 1_000_00)
    clock.advance(2 * HOUR)
    desk.perform(branch.teller, desk.deposited(account, 1_00))
    clock.advance(-2 * HOUR)
    desk.device.hear_time(clock.now_ms())
    clock.advance(3 * HOUR)
    desk.perform(branch.teller, desk.withdrawn(account, 1_00))
    desk.reopen()
    branch.teller = desk.sign_in("jens")
    clock.advance(-10 * MINUTE)
    assert paying(branch, account) == "clock_went_back"


def test_a_clock_that_stands_still_pays_nothing_until_the_centre_confirms_it(branch: OpenBranch) -> None:
    desk, clock = branch.desk, branch.clock
    account = account_with(branch, 1_000_00)
    clock.pass_unseen(14 * MINUTE)
    assert paying(branch, account) is None
    clock.pass_unseen(2 * MINUTE)
    assert paying(branch, account) == "clock_stands_still"
    desk.perform(branch.teller, desk.deposited(account, 1_00))
    desk.device.hear_time(clock.now_ms() + 16 * MINUTE)
    assert paying(branch, account) == "clock_stands_still"
    clock.set(clock.now_ms() + 16 * MINUTE)
    desk.device.hear_time(clock.now_ms())
    assert paying(branch, account) is None


def test_a_machine_that_slept_is_not_taken_for_one_whose_clock_is_wrong(branch: OpenBranch) -> None:
    clock = branch.clock
    account = account_with(branch, 1_000_00)
    clock.set(clock.now_ms() + 2 * HOUR)
    assert paying(branch, account) is None
    clock.pass_unseen(16 * MINUTE)
    assert paying(branch, account) == "clock_stands_still", "and is watched from there on"


def test_a_clock_without_a_steady_one_beside_it_is_watched_as_far_as_it_goes() -> None:
    class Hands:
        simulated = True
        shown = 100 * DAY

        def now_ms(self) -> int:
            return self.shown

    clock = Hands()
    keeper = Timekeeper(MemoryHome(), clock, 100 * DAY)
    assert keeper.doubt() is None
    clock.shown -= HOUR
    doubt = keeper.doubt()
    assert doubt is not None
    assert doubt.code == "clock_went_back"


@pytest.mark.parametrize(
    ("ahead", "minutes"), [(5 * MINUTE, 0), (-5 * MINUTE, 0), (7 * MINUTE + 1, 7), (-90 * MINUTE, -90)]
)
def test_a_clock_more_than_five_minutes_off_is_called_wrong(branch: OpenBranch, ahead: int, minutes: int) -> None:
    device = branch.desk.device
    device.hear_time(branch.clock.now_ms() - ahead)
    assert device.clock_wrong_by == minutes
    branch.desk.reopen()
    assert branch.desk.device.clock_wrong_by == minutes
    branch.desk.device.hear_time(branch.clock.now_ms())
    assert branch.desk.device.clock_wrong_by == 0


def test_a_clock_behind_the_centres_does_not_prolong_a_lease(branch: OpenBranch) -> None:
    clock, most = branch.clock, 10**9
    account = account_with(branch, 1_000_00)
    end = instant(clock.now_ms() + 30 * MINUTE)
    ceilings = {
        name: most for name in Lease.__struct_fields__ if name.startswith(("per_", "payments", "sum", "standin"))
    }
    lease = Lease(device="odense-1", epoch=1, number=99, ends_at=end, currency="DKK", last_end=end, **ceilings)

    def paying_by_that_lease() -> str | None:
        branch.desk.device._workings.book.put(lease)
        return paying(branch, account)

    assert paying_by_that_lease() is None
    branch.desk.device.hear_time(clock.now_ms() + HOUR)
    assert paying_by_that_lease() == "lease_ended"
    branch.desk.reopen()
    branch.teller = branch.desk.sign_in("jens")
    assert paying_by_that_lease() == "lease_ended", "known after a restart"
    clock.set(clock.now_ms() - MINUTE)
    branch.desk.device.hear_time(clock.now_ms())
    assert paying_by_that_lease() is None


def test_a_clock_set_back_after_the_centre_was_heard_does_not_prolong_a_lease_either() -> None:
    clock = FixedClock(100 * DAY)
    keeper = Timekeeper(MemoryHome(), clock, 0)
    keeper.hear(100 * DAY)
    clock.advance(HOUR)
    clock.set(100 * DAY - MINUTE)
    assert keeper.latest_ms() == 100 * DAY + HOUR
