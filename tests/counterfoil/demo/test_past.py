"""The demo's made-up people and past are the same each time, and hold to the bank's own rules."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import is_business_date
from core.denominations import denominations
from core.ids import is_code
from core.operations.customers import REQUIRED_FIELDS
from core.people.passwords import password_refusal
from counterfoil.demo import world
from counterfoil.demo.history import BUSINESS_DAYS, CUSTOMERS_PER_BRANCH, business_days, counts_of
from counterfoil.demo.names import WELL_TRAVELLED, customers


@given(amount=st.integers(0, 10**12))
def test_notes_and_coins_come_to_the_amount_with_the_largest_first(amount: int) -> None:
    counts = counts_of(amount)
    assert sum(value * pieces for value, pieces in counts.items()) == amount
    assert list(counts) == sorted(counts, reverse=True)
    assert all(pieces > 0 for pieces in counts.values())


@given(kroner=st.integers(0, 10**9))
def test_an_amount_that_cash_can_be_is_counted_in_notes_and_coins_that_there_are(kroner: int) -> None:
    assert set(counts_of(kroner * 50)) <= set(denominations("DKK"))


@given(last=st.dates(date(2020, 1, 1), date(2040, 1, 1)), count=st.integers(1, 30))
def test_business_days_are_weekdays_in_order_before_today(last: date, count: int) -> None:
    days = business_days(last, count)
    assert len(days) == count
    assert days == sorted(set(days))
    assert all(day.weekday() < 5 and day < last for day in days)


@pytest.mark.parametrize("branch", [branch.code for branch in world.BRANCHES])
def test_customers_are_alike_each_time_and_each_is_one_person(branch: str) -> None:
    made = customers(branch, CUSTOMERS_PER_BRANCH, 7)
    assert made == customers(branch, CUSTOMERS_PER_BRANCH, 7)
    assert made != customers(branch, CUSTOMERS_PER_BRANCH, 8)
    assert len({customer.name for customer in made}) == CUSTOMERS_PER_BRANCH
    assert [customer.name for customer in made[: len(WELL_TRAVELLED)]] == [" ".join(name) for name in WELL_TRAVELLED]
    for customer in made:
        assert set(REQUIRED_FIELDS) <= set(customer.fields)
        assert is_business_date(customer.fields["born_on"])
        assert all(value and value.isprintable() for value in customer.fields.values())


def test_the_worlds_people_work_at_its_branches_under_good_codes_and_passwords() -> None:
    branches = {branch.code for branch in world.BRANCHES}
    for person in world.PEOPLE.values():
        assert person.branch in branches
        assert is_code(person.code)
        assert password_refusal(person.password, code=person.code, name=person.name) is None
    for desk in (*world.DESKS, *world.OFFICES):
        assert is_code(desk.device)
        assert {world.PEOPLE[person].branch for person in desk.people} == {desk.branch}
        assert [world.PEOPLE[person].role for person in desk.people] == ["teller", "supervisor"]


def test_there_are_hundreds_of_customers_over_two_weeks() -> None:
    assert CUSTOMERS_PER_BRANCH * len(world.BRANCHES) >= 200
    assert BUSINESS_DAYS >= 10
