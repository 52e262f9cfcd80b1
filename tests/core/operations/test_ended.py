"""A device that is gone: written off by two people, for ever; what it brings late is booked verbatim, and once."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from core.book import Book
from core.book.rows import DepositAccount, DeviceEpoch, Right
from core.envelope import Signed
from core.errors import IntegrityFault
from core.ledger import PROVISION_DEVICES, RISK_DEVICES, reversed_postings
from core.operations import bank, cash, rules
from core.operations.accounts import AccountFrozen
from core.operations.ended import (
    DeviceWriteOffRequested,
    DeviceWrittenOff,
    ExposureBooked,
    LateDecided,
    LateRefused,
    LateSettled,
    OperationBooked,
)
from core.operations.kind import Decoded
from core.operations.reversals import EntryReversed, lines
from core.operations.rights import RightsGranted, RightsReleased, RightsReturned
from tests.bank import BRANCH, BranchDay, Chain, SignedIn


def row_of(day: BranchDay, account: str) -> DepositAccount:
    row = day.bank.book.get(DepositAccount, account)
    assert row is not None
    return row


@dataclass
class Lost:
    """A second desk of the branch, with rights to 500.00 on an account, that is then seen no more."""

    day: BranchDay
    chain: Chain
    teller: SignedIn
    account: str


@pytest.fixture
def lost(day: BranchDay) -> Lost:
    day.bank.admit("ida", "supervisor")
    day.bank.admit("bo", "supervisor")
    chain = day.bank.enrol("odense-2")
    day.bank.found_desk(chain, "ida", "bo")
    account = day.account()
    day.deposit(account, 500_00)
    day.bank.by_device(day.desk, RightsReturned(account=account, currency="DKK", returned=500_00))
    grant = RightsGranted(account=account, device="odense-2", epoch=1, currency="DKK", granted=500_00)
    day.bank.by_centre(grant, BRANCH)
    return Lost(day, chain, day.bank.sign_in(chain, "ida"), account)


def write_off(day: BranchDay) -> None:
    head = len(day.bank.chains["odense-2", 1].operations)
    asked = DeviceWriteOffRequested(device="odense-2", epoch=1, head_seq=head, currency="DKK", exposure=500_00)
    request = day.bank.perform(day.supervisor, asked, approver=second(day)).operation.id
    day.bank.by_centre(
        DeviceWrittenOff(request=request, device="odense-2", epoch=1, head_seq=head, currency="DKK", exposure=500_00)
    )


def second(day: BranchDay) -> SignedIn:
    """A second supervisor at the desk that is still there."""
    if "eva" not in day.desk.staff_keys:
        day.bank.admit("eva", "supervisor")
        day.bank.join_desk(day.desk, "eva", "mette")
    return day.bank.sign_in(day.desk, "eva")


def late_freeze(lost: Lost) -> Signed:
    """What the lost desk signed before anybody knew that it was lost, and never sent."""
    return lost.day.bank.draft(lost.teller, AccountFrozen(account=lost.account, reason="lost-card")).signed


def decision_over(late: Signed, *, accept: bool = True) -> LateDecided:
    return LateDecided(
        device="odense-2",
        epoch=1,
        first_seq=late.operation.seq,
        last_seq=late.operation.seq,
        last_hash=late.hash,
        accept=accept,
    )


def decided(day: BranchDay, late: Signed, *, accept: bool = True) -> str:
    return day.bank.perform(day.supervisor, decision_over(late, accept=accept), approver=second(day)).operation.id


def test_one_person_writes_no_device_off(lost: Lost) -> None:
    day = lost.day
    asked = DeviceWriteOffRequested(device="odense-2", epoch=1, head_seq=9, currency="DKK", exposure=500_00)
    assert day.bank.findings(day.bank.draft(day.supervisor, asked)) == ["approval_needed"]
    assert "role_not_allowed" in day.bank.findings(day.bank.draft(day.teller, asked, approver=day.supervisor))


def test_a_written_off_epoch_leaves_the_sum_for_ever(lost: Lost) -> None:
    day = lost.day
    pieces = RightsReleased(device="odense-2", epoch=1, accounts=(lost.account,))
    assert day.bank.findings(day.bank.draft_by_centre(pieces, BRANCH)) == ["device_not_written_off"]
    write_off(day)
    assert row_of(day, lost.account).rights == 500_00
    day.bank.by_centre(pieces, BRANCH)
    assert row_of(day, lost.account).rights == 0
    day.bank.by_centre(pieces, BRANCH)
    assert row_of(day, lost.account).rights == 0


def test_the_banks_risk_is_booked_and_undone_once(lost: Lost) -> None:
    day = lost.day
    write_off(day)
    booked = day.bank.by_centre(ExposureBooked(device="odense-2", epoch=1, currency="DKK", amount=500_00), BRANCH)
    assert day.bank.book.balance(BRANCH, RISK_DEVICES, "DKK") == 500_00
    undo = EntryReversed(
        reverses=booked.operation.id,
        reverses_hash=booked.signed.hash,
        postings=lines(reversed_postings(booked.postings)),
    )
    day.bank.by_centre(undo, BRANCH)
    assert day.bank.book.balance(BRANCH, RISK_DEVICES, "DKK") == 0
    assert day.bank.book.balance(BRANCH, PROVISION_DEVICES, "DKK") == 0
    assert day.bank.findings(day.bank.draft_by_centre(undo, BRANCH)) == ["already_reversed"]


def test_a_late_operation_is_booked_word_for_word_and_once(lost: Lost) -> None:
    day = lost.day
    late = late_freeze(lost)
    write_off(day)
    request = decided(day, late)
    body = OperationBooked(request=request, jws=late.jws)
    day.bank.by_centre(body, BRANCH)
    assert row_of(day, lost.account).freezes == 1
    assert day.bank.findings(day.bank.draft_by_centre(body, BRANCH)) == ["late_already_decided"]
    done = LateSettled(
        request=request, device="odense-2", epoch=1, first_seq=late.operation.seq, last_seq=late.operation.seq, booked=1
    )
    day.bank.by_centre(done, BRANCH)


def test_what_a_living_device_sends_is_not_decided_over_nor_booked_by_the_centre(lost: Lost) -> None:
    day = lost.day
    late = late_freeze(lost)
    decision = day.bank.draft(day.supervisor, decision_over(late), approver=second(day))
    assert day.bank.findings(decision) == ["device_not_ended"]
    day.bank.take(decision)
    body = OperationBooked(request=decision.operation.id, jws=late.jws)
    assert day.bank.findings(day.bank.draft_by_centre(body, BRANCH)) == ["device_not_ended"]


def test_what_was_refused_is_not_booked_and_what_was_booked_is_not_refused(lost: Lost) -> None:
    day = lost.day
    refused, booked = late_freeze(lost), late_freeze(lost)
    write_off(day)
    no, yes = decided(day, refused, accept=False), decided(day, booked)
    day.bank.by_centre(LateRefused(request=no, device="odense-2", epoch=1, hashes=(refused.hash,)), BRANCH)
    day.bank.by_centre(OperationBooked(request=yes, jws=booked.jws), BRANCH)
    again = OperationBooked(request=yes, jws=refused.jws)
    taken_back = LateRefused(request=no, device="odense-2", epoch=1, hashes=(booked.hash,))
    for body in (again, taken_back):
        assert day.bank.findings(day.bank.draft_by_centre(body, BRANCH)) == ["late_already_decided"]
    for late, accept in ((refused, True), (booked, False)):
        decision = day.bank.draft(day.supervisor, decision_over(late, accept=accept), approver=second(day))
        assert day.bank.findings(decision) == ["late_already_decided"]


def test_a_late_operation_carries_its_makers_signature_or_is_none(lost: Lost) -> None:
    day = lost.day
    late = late_freeze(lost)
    write_off(day)
    request = decided(day, late)
    forged = f"{late.jws.rpartition('.')[0]}.{'A' * 86}"
    with pytest.raises(IntegrityFault, match="jws_signature"):
        day.bank.findings(day.bank.draft_by_centre(OperationBooked(request=request, jws=forged), BRANCH))
    own = day.bank.draft_by_centre(bank.DeviceRevoked(device="odense-2", epoch=1, head_seq=1)).signed.jws
    with pytest.raises(IntegrityFault, match="carried_not_a_devices"):
        day.bank.draft_by_centre(OperationBooked(request=request, jws=own), BRANCH)


def test_late_cash_of_a_written_off_device_moves_what_is_posted_and_is_in_no_sum(lost: Lost) -> None:
    day = lost.day
    deposit = cash.CashDeposited(account=lost.account, account_branch=BRANCH, currency="DKK", amount=70_00)
    late = day.bank.draft(lost.teller, deposit, drawer="odense-2").signed
    write_off(day)
    day.bank.by_centre(RightsReleased(device="odense-2", epoch=1, accounts=(lost.account,)), BRANCH)
    day.bank.by_centre(OperationBooked(request=decided(day, late), jws=late.jws), BRANCH)
    right = day.bank.book.get(Right, lost.account, "odense-2", 1)
    assert right is not None
    assert (right.minted, right.released) == (70_00, True)
    assert (row_of(day, lost.account).posted, row_of(day, lost.account).rights) == (570_00, 0)
    device = day.bank.book.get(DeviceEpoch, "odense-2", 1)
    assert device is not None
    assert device.state == "written_off"


def test_late_cash_and_the_write_off_end_alike_in_whatever_order_they_are_heard_of(lost: Lost) -> None:
    """The write-off stands in the bank-wide feed, and may be read long before or after what is in the branch's."""
    day = lost.day
    withdrawal = cash.CashWithdrawn(account=lost.account, account_branch=BRANCH, currency="DKK", amount=30_00)
    late = day.bank.draft(lost.teller, withdrawal, drawer="odense-2").signed
    head = late.operation.seq - 1
    day.bank.by_centre(bank.DeviceRevoked(device="odense-2", epoch=1, head_seq=head))
    booked = day.bank.draft_by_centre(OperationBooked(request=decided(day, late), jws=late.jws), BRANCH)
    request = late.operation.id
    gone = DeviceWrittenOff(request=request, device="odense-2", epoch=1, head_seq=head, currency="DKK", exposure=500_00)
    released = RightsReleased(device="odense-2", epoch=1, accounts=(lost.account,))
    heard = (booked, day.bank.draft_by_centre(gone), day.bank.draft_by_centre(released, BRANCH))
    ends = [heard_in(order, lost) for order in itertools.permutations(heard)]
    assert all(end == ends[0] for end in ends)
    right, account, device = ends[0]
    assert (right.used, right.released, account.posted, account.rights) == (30_00, True, 470_00, 0)
    assert device.state == "written_off"


def heard_in(order: Iterable[Decoded[Any]], lost: Lost) -> tuple[Right, DepositAccount, DeviceEpoch]:
    """What a desk of the branch then has of the account, having heard of these in that order."""
    book = Book(lost.day.bank.store)
    for decoded in order:
        rules.apply(decoded, book)
    right, account = book.get(Right, lost.account, "odense-2", 1), book.get(DepositAccount, lost.account)
    device = book.get(DeviceEpoch, "odense-2", 1)
    assert right is not None
    assert account is not None
    assert device is not None
    return right, account, device
