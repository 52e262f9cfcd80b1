"""The desk holds its customers' allowance before the line is cut: by itself, and out of everyone's way."""

from __future__ import annotations

import pytest

from core.errors import LineProblem
from core.operations.rights import RECALL_HEEDED_MS, RightsRecalled, recalled_beyond, right_of
from core.rights import AllowancePolicy
from core.sync.allowances import ASKED_MS, LOOKED_MS, PAGE, POLICY_MS
from tests.core.device.conftest import OpenBranch
from tests.core.device.desk import both_homes
from tests.core.sync.conftest import Line

POLICY = AllowancePolicy(amount=1_000_00, cap=100_000_00, accounts=100, floor=10_00, floor_percent=50)


def accounts(branch: OpenBranch, count: int, amount: int = 10_000_00) -> list[str]:
    desk, teller = branch.desk, branch.teller
    customer = desk.customer(teller, branch.supervisor)
    made = [desk.account(teller, customer) for _ in range(count)]
    for account in made:
        desk.perform(teller, desk.deposited(account, amount))
    return made


def handed_back(line: Line, count: int, amount: int = 10_000_00) -> list[str]:
    """Accounts with that much in them, of which this desk holds nothing, on a centre that grants allowances."""
    made = accounts(line.branch, count, amount)
    line.loop.step()
    assert line.branch.desk.device.hand_back_surplus(0) == count
    line.loop.step()
    line.server.allowance = POLICY
    line.branch.clock.advance(LOOKED_MS)
    return made


def held(line: Line, *wanted: str) -> list[int]:
    return [line.branch.desk.device.payable_here(account) for account in wanted]


def test_a_cut_line_finds_the_allowance_here_on_accounts_that_nobody_asked_for(line: Line) -> None:
    plenty, little = handed_back(line, 1)[0], accounts(line.branch, 1, 300_00)[0]
    line.branch.desk.device.hand_back_surplus(0)
    assert held(line, plenty, little) == [0, 0]
    state = line.loop.step()
    assert state.all_sent
    assert held(line, plenty, little) == [1_000_00, 150_00]
    line.server.cut()
    line.branch.desk.perform(line.branch.teller, line.branch.desk.withdrawn(plenty, 1_000_00))
    assert line.branch.desk.refused(line.branch.teller, line.branch.desk.withdrawn(plenty, 1)) != []


def test_who_was_here_last_comes_first_and_pages_are_small(line: Line) -> None:
    made = handed_back(line, PAGE + 5)
    line.branch.desk.perform(line.branch.teller, line.branch.desk.deposited(made[3], 1_00))
    line.loop.step()
    (first,) = line.server.asked
    assert first == [made[3], *(each for each in reversed(made) if each != made[3])][:PAGE]
    line.loop.step()
    assert len(line.server.asked[1]) == 5
    assert held(line, *made) == [1_000_00] * len(made)
    for _ in range(3):
        line.loop.step()
    assert len(line.server.asked) == 2, "whoever has the allowance is left alone"


def test_an_account_is_asked_for_once_in_a_while_at_most(line: Line) -> None:
    (account,) = handed_back(line, 1)
    line.loop.step()
    line.branch.desk.perform(line.branch.teller, line.branch.desk.withdrawn(account, 900_00))
    line.loop.step()
    line.branch.clock.advance(LOOKED_MS)
    line.loop.step()
    assert held(line, account) == [100_00]
    line.branch.clock.advance(ASKED_MS)
    line.loop.step()
    assert held(line, account) == [1_000_00]


def test_a_recalled_account_is_left_alone_for_an_hour(line: Line) -> None:
    (account,) = handed_back(line, 1)
    line.loop.step()
    right = right_of(account, "odense-1", 1, line.branch.centre.book)
    gone_to = recalled_beyond(right, 0)
    recalled = RightsRecalled(account=account, device="odense-1", epoch=1, currency="DKK", gone_to=gone_to)
    line.branch.centre.issue(recalled, "odense")
    line.loop.step()
    assert held(line, account) == [0]
    line.branch.clock.advance(RECALL_HEEDED_MS - 2 * LOOKED_MS)
    line.loop.step()
    assert held(line, account) == [0]
    line.branch.clock.advance(2 * LOOKED_MS)
    line.loop.step()
    assert held(line, account) == [1_000_00]


def test_surplus_is_what_is_above_twice_the_banks_own_allowance(line: Line) -> None:
    line.server.allowance = POLICY
    big, small = (*accounts(line.branch, 1, 2_500_00), *accounts(line.branch, 1, 1_900_00))
    line.loop.step()
    line.loop.step()
    assert line.loop.allowance == POLICY.amount
    assert held(line, big, small) == [1_000_00, 1_900_00]


def test_what_had_no_business_for_longest_makes_room_where_the_cap_is_reached(line: Line) -> None:
    old, older, new = handed_back(line, 3)
    line.server.allowance = AllowancePolicy(amount=1_000_00, cap=2_000_00, accounts=100, floor=10_00)
    line.branch.centre.grant(older, "odense-1", 1_000_00)
    for account in (old, new):
        line.branch.desk.perform(line.branch.teller, line.branch.desk.deposited(account, 1_00))
    line.server.skipped = {new: "allowance_cap_reached"}
    line.loop.step()
    assert line.loop.step().all_sent
    assert held(line, older) == [0]
    assert all(held(line, old, new))


def test_a_centre_that_grants_no_allowances_is_not_asked_again_at_once_and_nothing_is_amiss(line: Line) -> None:
    accounts(line.branch, 1)
    for _ in range(4):
        assert line.loop.step().all_sent
    assert line.server.seen.count("POST /v1/allowances") == 1
    stopped = b'{"code": "grants_stopped", "title": "A person must look first", "status": 409, "retry": false}'
    line.server.answers["/v1/allowances"] = (409, stopped)
    line.branch.clock.advance(LOOKED_MS)
    assert line.loop.step().all_sent
    assert line.server.seen.count("POST /v1/allowances") == 2


def test_a_bank_that_has_changed_its_mind_is_heard_within_the_hour(line: Line) -> None:
    (account,) = handed_back(line, 1)
    line.server.allowance = AllowancePolicy(amount=0)
    line.branch.clock.advance(POLICY_MS)
    line.loop.step()
    line.loop.step()
    assert (held(line, account), line.loop.allowance) == ([0], 0)
    line.server.allowance = POLICY
    line.branch.clock.advance(POLICY_MS)
    line.loop.step()
    line.branch.clock.advance(LOOKED_MS)
    line.loop.step()
    assert held(line, account) == [1_000_00]


def test_an_answer_that_was_lost_is_asked_for_again(line: Line) -> None:
    (account,) = handed_back(line, 1)

    def lose(path: str) -> None:
        if path == "/v1/allowances":
            raise LineProblem("The line was cut just then.")

    line.server.before_answer = lose
    assert not line.loop.step().online
    line.server.before_answer = lambda _path: None
    assert line.loop.step().all_sent
    line.branch.clock.advance(LOOKED_MS)
    line.loop.step()
    assert held(line, account) == [1_000_00]


@both_homes
def test_both_homes_know_where_there_was_business_last(branch: OpenBranch) -> None:
    one, two, three = accounts(branch, 3)
    allowances = branch.desk.device.allowances
    assert allowances.recent(10) == [three, two, one]
    branch.desk.perform(branch.teller, branch.desk.withdrawn(one, 5_00))
    assert allowances.recent(2) == [one, three]
    branch.desk.sync()
    assert branch.desk.device.hand_back_surplus(0) == 3
    branch.desk.sync()
    assert allowances.recent(10) == [one, three, two], "handing rights back is no business"
    assert [account for account, _ in allowances.wanting([one, two, "unknown"], POLICY)] == [one, two]


@both_homes
@pytest.mark.parametrize(("cap", "staying"), [(2_000_00, 2), (500_00, 0), (10**9, 3)])
def test_room_is_made_from_the_oldest_end(branch: OpenBranch, cap: int, staying: int) -> None:
    made = accounts(branch, 3)
    device = branch.desk.device
    policy = AllowancePolicy(amount=1_000_00, cap=cap, accounts=100)
    assert device.allowances.make_room(device.allowances.recent(100), policy) == 3 - staying
    assert [account for account in reversed(made) if device.payable_here(account)] == list(reversed(made))[:staying]
