"""No device pays out more than it was given, and the centre gives away nothing twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.rights import AllowancePolicy, available, free, payable, reserved, top_up

counters = st.tuples(*[st.integers(0, 10**12)] * 4)


@given(held=counters)
def test_what_was_given_or_earned_and_neither_used_nor_returned_may_be_paid(held: tuple[int, int, int, int]) -> None:
    granted, minted, used, returned = held
    assert payable(*held) == granted + minted - used - returned
    assert reserved(*held) == max(0, payable(*held))


@given(held=st.lists(counters, max_size=5), posted=st.integers(0, 10**12))
def test_one_devices_excess_frees_nothing_that_another_holds(
    held: list[tuple[int, int, int, int]], posted: int
) -> None:
    together = sum(reserved(*each) for each in held)
    assert all(free(posted, 0, together) <= posted - reserved(*each) for each in held)


@given(
    posted=st.integers(-(10**12), 10**12),
    limit=st.integers(0, 10**9),
    holds=st.integers(0, 10**9),
    held=st.integers(0, 10**12),
)
def test_granting_all_that_is_available_leaves_nothing_available(
    posted: int, limit: int, holds: int, held: int
) -> None:
    more = available(free(posted, limit, held), holds)
    assert more >= 0
    assert available(free(posted, limit, held + more), holds) == 0


@given(given_=st.integers(1, 10**9), parts=st.lists(st.integers(1, 10**6), max_size=20))
def test_payments_within_what_is_held_never_come_to_more(given_: int, parts: list[int]) -> None:
    used = 0
    for amount in parts:
        if amount <= payable(given_, 0, used, 0):
            used += amount
    assert used <= given_


def test_a_deposit_at_the_device_may_be_paid_out_there_again() -> None:
    assert payable(granted=0, minted=500, used=200, returned=0) == 300
    assert payable(granted=100, minted=0, used=130, returned=0) == -30
    assert reserved(granted=100, minted=0, used=130, returned=0) == 0
    assert free(posted=1000, overdraft_limit=200, rights=700) == 500
    assert available(free_amount=500, holds=600) == 0


policies = st.builds(
    AllowancePolicy,
    amount=st.integers(0, 10**9),
    floor=st.integers(0, 10**6),
    floor_percent=st.integers(0, 100),
)
amounts = st.integers(0, 10**10)


@given(policy=policies, held=st.integers(-(10**9), 10**10), available_amount=amounts)
def test_a_top_up_keeps_to_the_allowance_and_to_the_floor_and_at_least_doubles_what_is_held(
    policy: AllowancePolicy, held: int, available_amount: int
) -> None:
    more = top_up(policy, held=held, available_amount=available_amount)
    assert more == 0 or max(0, held) < more <= policy.amount - max(0, held)
    left = available_amount - more
    assert more == 0 or (left >= policy.floor and 100 * left >= policy.floor_percent * available_amount)


@given(policy=policies, available_amount=amounts)
def test_whoever_has_half_of_the_allowance_is_left_alone_and_top_ups_come_to_an_end(
    policy: AllowancePolicy, available_amount: int
) -> None:
    assert top_up(policy, held=(policy.amount + 1) // 2, available_amount=available_amount) == 0
    held, rounds = 0, 0
    while more := top_up(policy, held=held, available_amount=available_amount):
        held, available_amount, rounds = held + more, available_amount - more, rounds + 1
    assert rounds <= 2


def test_two_desks_share_what_is_scarce_and_something_stays_at_the_centre() -> None:
    policy, left, held = AllowancePolicy(), 300_00, [0, 0]
    for desk in (0, 1, 0, 1):
        more = top_up(policy, held=held[desk], available_amount=left)
        held[desk], left = held[desk] + more, left - more
    assert (held, left) == ([150_00, 75_00], 75_00)


def test_of_plenty_each_has_its_allowance() -> None:
    assert top_up(AllowancePolicy(), held=0, available_amount=50_000_00) == 5_000_00
    assert top_up(AllowancePolicy(), held=2_000_00, available_amount=50_000_00) == 3_000_00
    assert top_up(AllowancePolicy(amount=0), held=0, available_amount=50_000_00) == 0
