"""Two people decide over what an ended desk still brought, all at once and once: booked and refused are both final."""

from __future__ import annotations

import pytest

from core.envelope import Signed
from sync_server.centre.devices import revoke_device
from sync_server.centre.late import BOOKED_AT_ONCE, undecided_run
from sync_server.store.lookups import LateOperation
from sync_server.store.memory import MemoryDatabase
from tests.sync_server.branch import Branch, decide, late_run, settle_everything, write_off
from tests.sync_server.home_bank import HomeBank


@pytest.fixture
def branch() -> Branch:
    bank = HomeBank(MemoryDatabase())
    return Branch(bank, bank.desk("nor-1", "nor"))


@pytest.fixture
def gone(branch: Branch) -> Branch:
    """The first desk is written off, with 1,000.00 on its account."""
    write_off(branch)
    settle_everything(branch)
    return branch


def kept(branch: Branch) -> list[LateOperation]:
    with branch.bank.database.transaction() as home:
        return list(home.lookups.late(("nor-1", 1)))


def to_decide(branch: Branch) -> list[str]:
    """The run that supervisors are shown, by hash."""
    return [late.hash for late in undecided_run(kept(branch))]


def hashes(made: list[Signed]) -> list[str]:
    return [each.hash for each in made]


@pytest.mark.parametrize(("first", "posted", "state"), [(False, 1_000_00, "declined"), (True, 450_00, "done")])
def test_what_was_decided_stays_so_whatever_anybody_says_later(
    gone: Branch, first: bool, posted: int, state: str
) -> None:
    made, _ = late_run(gone)
    request = decide(gone, made, accept=first)
    settle_everything(gone)
    assert (gone.request(request).state, gone.row().posted) == (state, posted)
    for accept in (not first, first):
        again = decide(gone, made, accept=accept)
        settle_everything(gone)
        assert (gone.request(again).state, gone.request(again).reason) == ("declined", "late_already_decided")
    assert gone.row().posted == posted
    assert to_decide(gone) == []
    assert len(kept(gone)) == len(made)


def test_of_two_decisions_signed_at_once_one_counts_whole(gone: Branch) -> None:
    desk = gone.one
    made = [desk.make(desk.deposit(gone.account, 1_00)) for _ in range(BOOKED_AT_ONCE + 5)]
    gone.bank.push(desk)
    first, second = decide(gone, made, accept=True), decide(gone, made, accept=False)
    gone.step()
    assert sum(late.answered_by is not None for late in kept(gone)) == BOOKED_AT_ONCE
    settle_everything(gone)
    assert {gone.request(first).state, gone.request(second).state} == {"done", "declined"}
    assert gone.request(second).reason == "late_already_decided"
    assert gone.row().posted == 1_000_00 + len(made) * 1_00


def test_what_comes_while_a_run_is_booked_is_a_run_of_its_own(gone: Branch) -> None:
    desk = gone.one
    made = [desk.make(desk.deposit(gone.account, 1_00)) for _ in range(BOOKED_AT_ONCE + 5)]
    gone.bank.push(desk)
    request = decide(gone, made, accept=True)
    gone.step()
    more = [desk.make(desk.deposit(gone.account, 7_00))]
    gone.bank.push(desk)
    settle_everything(gone)
    assert gone.request(request).state == "done"
    assert to_decide(gone) == hashes(more)
    decide(gone, more, accept=False)
    settle_everything(gone)
    assert gone.row().posted == 1_000_00 + len(made) * 1_00
    assert to_decide(gone) == []


def test_a_run_that_is_longer_by_now_is_shown_again_before_it_is_decided(gone: Branch) -> None:
    made, _ = late_run(gone)
    more = [gone.one.make(gone.one.deposit(gone.account, 7_00))]
    gone.bank.push(gone.one)
    for run in (made, more):
        request = decide(gone, run, accept=True)
        settle_everything(gone)
        assert gone.request(request).reason == "late_run_differs"
    assert to_decide(gone) == hashes(made + more)


def test_of_two_copies_of_a_desk_each_has_its_own_run(branch: Branch) -> None:
    with branch.bank.database.transaction() as home:
        revoke_device(home, branch.bank.centre, "nor-1", 1)
    branch.second(branch.two)
    desk = branch.one
    before = list(desk.chain.operations)
    runs = []
    for amount in (5_00, 6_00):
        desk.chain.operations[:] = before
        runs.append([desk.make(desk.deposit(branch.account, amount)) for _ in range(2)])
        branch.bank.push(desk)
    shown = to_decide(branch)
    assert shown in [hashes(run) for run in runs]
    one, other = sorted(runs, key=lambda run: hashes(run) != shown)
    decide(branch, one, accept=True)
    settle_everything(branch)
    assert to_decide(branch) == hashes(other)
    request = decide(branch, other, accept=False)
    settle_everything(branch)
    assert branch.request(request).state == "declined"
    assert branch.request(request).reason is None
    assert {late.hash for late in kept(branch) if late.booked} == set(hashes(one))


def test_what_was_accepted_and_can_not_be_booked_is_refused_with_a_case(gone: Branch) -> None:
    """It rests on a session that is not in the run: nobody can say whose signature it is."""
    desk = gone.one
    desk.teller = gone.bank.maker.sign_in(desk.chain, desk.teller.person)
    opened = desk.chain.operations[-1]
    made = [desk.make(desk.deposit(gone.account, 5_00))]
    gone.bank.push(desk)
    refused = decide(gone, [opened, *made], accept=False)
    settle_everything(gone)
    assert gone.request(refused).state == "declined"
    more = [desk.make(desk.deposit(gone.account, 6_00))]
    gone.bank.push(desk)
    request = decide(gone, more, accept=True)
    settle_everything(gone)
    assert gone.request(request).state == "declined"
    assert to_decide(gone) == []
    with gone.bank.database.transaction() as home:
        assert {"late_not_booked", "late_credit_refused"} <= home.open_case_codes(("nor-1", 1))


def test_a_living_desks_operations_are_not_decided_over(branch: Branch) -> None:
    branch.second(branch.two)
    made = [branch.one.make(branch.one.deposit(branch.account, 5_00))]
    request = decide(branch, made, accept=True)
    settle_everything(branch)
    assert branch.request(request).reason == "device_not_ended"
