"""Beyond its rights a desk pays only without the line, only what exceeds them, and only with two signatures."""

from __future__ import annotations

import pytest

from core.book.rows import DepositAccount, Right
from core.device import Performed
from core.operations.rights import RightsGranted, RightsRecalled
from tests.core.device.conftest import OpenBranch
from tests.core.device.desk import both_homes


@pytest.fixture
def account(branch: OpenBranch) -> str:
    desk, teller = branch.desk, branch.teller
    made = desk.account(teller, desk.customer(teller, branch.supervisor))
    desk.perform(teller, desk.deposited(made, 300_00))
    return made


@both_homes
def test_two_people_pay_what_exceeds_the_desks_rights_while_the_line_is_down(branch: OpenBranch, account: str) -> None:
    desk = branch.desk
    body = desk.withdrawn(account, 500_00)
    assert desk.refused(branch.teller, body) == ["rights_exceeded"]
    draft = desk.draft(branch.teller, body, standin=True)
    assert draft.may_be_performed
    assert draft.needs_second_person
    assert draft.authority is not None
    assert (draft.authority.rights, draft.authority.standin, draft.authority.lease) == (300_00, 200_00, 1)
    done = desk.device.perform(draft, desk.device.approve(draft, branch.supervisor))
    assert isinstance(done, Performed), done
    assert desk.device.payable_here(account) == 0
    assert desk.device.spending().stood_in == 200_00
    desk.sync()
    row = branch.centre.book.get(DepositAccount, account)
    assert row is not None
    assert (row.posted, row.rights) == (-200_00, 0)


@both_homes
def test_with_the_line_up_the_centre_decides_and_nobody_stands_in(branch: OpenBranch, account: str) -> None:
    desk = branch.desk
    desk.device.note_line(up=True)
    draft = desk.draft(branch.teller, desk.withdrawn(account, 500_00), standin=True)
    assert [finding.code for finding in draft.findings] == ["standin_line_up"]


@both_homes
def test_a_stand_in_that_nobody_approved_is_not_paid(branch: OpenBranch, account: str) -> None:
    assert branch.desk.refused(branch.teller, branch.desk.withdrawn(account, 500_00), standin=True) == [
        "approval_needed"
    ]


@both_homes
def test_what_rights_cover_is_never_paid_as_a_stand_in(branch: OpenBranch, account: str) -> None:
    draft = branch.desk.draft(branch.teller, branch.desk.withdrawn(account, 100_00), standin=True)
    assert draft.authority is not None
    assert (draft.authority.rights, draft.authority.standin) == (100_00, 0)
    assert not draft.needs_second_person


@both_homes
def test_a_desk_pays_nothing_out_after_the_end_of_its_lease(branch: OpenBranch, account: str) -> None:
    desk = branch.desk
    desk.sync()
    lease = desk.device.lease()
    assert lease is not None
    branch.clock.advance(366 * 24 * 60 * 60 * 1000)
    branch.teller = desk.sign_in("jens")
    assert "lease_ended" in desk.refused(branch.teller, desk.withdrawn(account, 1_00))
    branch.centre.renew("odense-1", "odense", number=lease.number + 1)
    desk.read()
    assert "lease_ended" not in [
        finding.code for finding in desk.draft(branch.teller, desk.withdrawn(account, 1_00)).findings
    ]


@both_homes
def test_what_is_recalled_is_handed_back_once_and_what_comes_after_it_is_not(branch: OpenBranch, account: str) -> None:
    desk, centre = branch.desk, branch.centre
    desk.sync()
    centre.issue(
        RightsRecalled(account=account, device="odense-1", epoch=1, currency="DKK", gone_to=200_00), branch="odense"
    )
    desk.read()
    assert desk.device.answer_recalls() == 1
    assert desk.device.answer_recalls() == 0
    assert desk.device.payable_here(account) == 100_00
    desk.sync()
    centre.issue(
        RightsGranted(account=account, device="odense-1", epoch=1, currency="DKK", granted=150_00), branch="odense"
    )
    desk.read()
    desk.perform(branch.teller, desk.deposited(account, 30_00))
    assert desk.device.answer_recalls() == 0
    assert desk.device.payable_here(account) == 280_00
    right = centre.book.get(Right, account, "odense-1", 1)
    assert right is not None
    assert right.returned == 200_00
