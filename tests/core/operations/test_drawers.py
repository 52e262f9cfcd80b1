"""Days, drawers and the vault: cash is somewhere at every moment, and a difference is seen by two people."""

from __future__ import annotations

import pytest

from core.book.rows import Drawer
from core.operations import bank, cash, drawers
from tests.bank import BRANCH, BranchDay, SignedIn


def balances(day: BranchDay) -> tuple[int, int, int]:
    """Vault, drawer, over and short, in minor units, debit positive."""
    book = day.bank.book
    vault, drawer, short = (book.balance(BRANCH, name, "DKK") for name in ("vault", "drawer:kasse-1", "over-short"))
    return vault, drawer, short


def test_a_drawer_that_is_right_is_closed_by_one_person(day: BranchDay) -> None:
    body = drawers.DrawerClosed(currency="DKK", counts={100_000: 10}, counted=10_000_00, expected=10_000_00)
    day.by_teller(body)
    assert balances(day) == (50_000_00, 0, 0)


@pytest.mark.parametrize(("counted", "short"), [(9_990_00, 10_00), (10_005_00, -5_00)])
def test_a_drawer_over_or_short_is_closed_by_two_and_the_difference_posted(
    day: BranchDay, counted: int, short: int
) -> None:
    body = drawers.DrawerClosed(currency="DKK", counts={100: counted // 100}, counted=counted, expected=10_000_00)
    assert day.bank.findings(day.bank.draft(day.teller, body, drawer=day.drawer)) == ["approval_needed"]
    day.bank.perform(day.teller, body, drawer=day.drawer, approver=day.supervisor)
    assert balances(day) == (40_000_00 + counted, 0, short)


def test_nobody_closes_against_another_sum_than_the_books(day: BranchDay) -> None:
    body = drawers.DrawerClosed(currency="DKK", counts={100: 9_000}, counted=9_000_00, expected=9_000_00)
    assert day.bank.findings(day.bank.draft(day.teller, body, drawer=day.drawer)) == ["expected_differs"]


def test_a_count_has_to_come_to_what_was_counted(day: BranchDay) -> None:
    body = drawers.DrawerCounted(currency="DKK", counts={100: 1}, counted=10_000_00, expected=10_000_00)
    assert day.bank.findings(day.bank.draft(day.teller, body, drawer=day.drawer)) == ["counts_differ"]


def test_a_drawer_is_one_persons_and_open_once(day: BranchDay) -> None:
    body = drawers.DrawerOpened(currency="DKK", amount=0)
    again = day.bank.draft(day.supervisor, body, drawer=day.drawer)
    assert day.bank.findings(again) == ["drawer_already_open"]
    account = day.account()
    deposit = cash.CashDeposited(account=account, account_branch=BRANCH, currency="DKK", amount=100)
    others = day.bank.draft(day.supervisor, deposit, drawer=day.drawer)
    assert day.bank.findings(others) == ["drawer_of_another_person"]
    nowhere = day.bank.draft(day.teller, deposit, drawer="kasse-9")
    assert day.bank.findings(nowhere) == ["drawer_not_open"]


def test_a_closed_drawer_takes_no_cash_and_can_be_opened_again(day: BranchDay) -> None:
    account = day.account()
    day.by_teller(drawers.DrawerClosed(currency="DKK", counts={100_000: 10}, counted=10_000_00, expected=10_000_00))
    deposit = cash.CashDeposited(account=account, account_branch=BRANCH, currency="DKK", amount=100)
    assert day.bank.findings(day.bank.draft(day.teller, deposit, drawer=day.drawer)) == ["drawer_not_open"]
    day.by_teller(drawers.DrawerOpened(currency="DKK", amount=1_00))
    row = day.bank.book.get(Drawer, BRANCH, "kasse-1", "DKK", "odense-1", 1)
    assert row is not None
    assert row.state == "open"


def other_desk(day: BranchDay, device: str = "odense-2", epoch: int = 1) -> SignedIn:
    """Somebody at another desk of the branch, whose day is open."""
    chain = day.bank.enrol(device, epoch=epoch)
    people = f"{device}-{epoch}-s", f"{device}-{epoch}-t"
    for person, role in zip(people, ("supervisor", "teller"), strict=True):
        day.bank.admit(person, role)  # type: ignore[arg-type]
    day.bank.found_desk(chain, *people)
    teller = day.bank.sign_in(chain, people[1])
    day.bank.perform(teller, drawers.DayOpened())
    return teller


def test_a_drawer_that_another_desk_has_open_is_not_opened_here(day: BranchDay) -> None:
    teller, body = other_desk(day), drawers.DrawerOpened(currency="DKK", amount=0)
    assert day.bank.findings(day.bank.draft(teller, body, drawer=day.drawer)) == ["drawer_of_another_device"]
    day.by_teller(drawers.DrawerClosed(currency="DKK", counts={100_000: 10}, counted=10_000_00, expected=10_000_00))
    day.bank.perform(teller, body, drawer=day.drawer)
    assert day.bank.findings(day.bank.draft(day.teller, body, drawer=day.drawer)) == ["drawer_of_another_device"]


def test_a_device_that_has_ended_keeps_no_drawer_from_the_others_nor_from_its_next_life(day: BranchDay) -> None:
    anew, other = other_desk(day, "odense-1", 2), other_desk(day)
    body = drawers.DrawerOpened(currency="DKK", amount=0)
    day.bank.by_centre(bank.DeviceRevoked(device="odense-1", epoch=1, head_seq=99))
    for teller in (other, anew):
        assert day.bank.findings(day.bank.draft(teller, body, drawer=day.drawer)) == []
    day.bank.perform(anew, body, drawer=day.drawer)
    # What is in it is counted from what the books say, whoever put it there.
    counted = drawers.DrawerCounted(currency="DKK", counts={100_000: 10}, counted=10_000_00, expected=10_000_00)
    assert day.bank.findings(day.bank.draft(anew, counted, drawer=day.drawer)) == []


def test_a_float_is_not_more_than_the_vault_holds(day: BranchDay) -> None:
    body = drawers.DrawerOpened(currency="DKK", amount=40_000_01)
    assert day.bank.findings(day.bank.draft(day.teller, body, drawer="kasse-2")) == ["vault_short"]


def test_the_vault_is_the_supervisors(day: BranchDay) -> None:
    for body in (
        drawers.VaultFunded(currency="DKK", amount=1_00),
        drawers.VaultReturned(currency="DKK", amount=1_00),
    ):
        assert day.bank.findings(day.bank.draft(day.teller, body)) == ["role_not_allowed"]
        day.bank.perform(day.supervisor, body)
    assert balances(day)[0] == 40_000_00


def test_a_day_is_not_closed_over_an_open_drawer_nor_opened_twice(day: BranchDay) -> None:
    closed = day.bank.draft(day.teller, drawers.DayClosed(), drawer=day.drawer)
    assert day.bank.findings(closed) == ["drawer_still_open"]
    opened = day.bank.draft(day.teller, drawers.DayOpened())
    assert day.bank.findings(opened) == ["day_already_opened"]


def test_nothing_happens_on_a_closed_day(day: BranchDay) -> None:
    day.by_teller(drawers.DrawerClosed(currency="DKK", counts={100_000: 10}, counted=10_000_00, expected=10_000_00))
    day.bank.perform(day.teller, drawers.DayClosed(), drawer=day.drawer)
    body = drawers.VaultFunded(currency="DKK", amount=1_00)
    assert day.bank.findings(day.bank.draft(day.supervisor, body)) == ["day_not_open"]
    assert day.bank.findings(day.bank.draft(day.teller, drawers.DayOpened())) == ["day_already_closed"]
