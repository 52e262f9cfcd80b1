"""What the centre carries further by itself: recalls, requests, limits, closings, write-offs, late operations."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from core.book.rows import DeviceEpoch, Hold, Lease, LedgerBalance, Recall, Right
from core.errors import Refusal, Refused
from core.ledger import RISK_DEVICES
from core.operations.accounts import AccountFrozen
from core.operations.bank import StaffSuspended
from core.operations.ended import DeviceWriteOffRequested
from core.operations.rights import payable_by
from core.operations.terms import AccountClosureRequested
from core.operations.transfers import TransferRequested
from sync_server.centre.buckets import BUCKET, REFILL_MS
from sync_server.centre.cases import Decision, close_case
from sync_server.centre.devices import revoke_device
from sync_server.centre.issue import Issued, issue
from sync_server.centre.leases import end_lease, renew_lease
from sync_server.centre.requests import WAIT_MS
from sync_server.centre.rights import Grant
from sync_server.centre.terms import charge_fee, place_hold, release_hold, set_limit
from sync_server.centre.write_offs import exposure_of
from sync_server.payments.completing import CLOSED_ACCOUNT, why_not
from sync_server.store.home import Home
from sync_server.store.memory import MemoryDatabase
from sync_server.store.memory.tables import OPEN_CASES
from tests.sync_server.branch import Branch, decide, late_run, settle_everything, write_off
from tests.sync_server.home_bank import HomeBank

LOOKED = Decision("nor-1-s", "the money is there")


@pytest.fixture
def branch() -> Branch:
    bank = HomeBank(MemoryDatabase())
    return Branch(bank, bank.desk("nor-1", "nor"))


def test_what_one_desk_lacks_is_recalled_from_the_other(branch: Branch) -> None:
    answer = branch.want(branch.two, 400_00)
    assert answer == Grant(0, 0, 0, 400_00)
    recalls = [row for row in branch.bank.rows(Recall) if isinstance(row, Recall)]
    assert [(row.device, row.gone_to) for row in recalls] == [("nor-1", 400_00)]
    branch.hand_back(branch.one, 400_00)
    answer = branch.want(branch.two, 400_00)
    assert isinstance(answer, Grant)
    assert answer.granted == 400_00


def test_a_desk_that_asks_again_and_again_waits_for_its_bucket(branch: Branch) -> None:
    branch.hand_back(branch.one, 1_000_00)
    for _ in range(BUCKET):
        assert isinstance(branch.want(branch.two, 1), Grant)
    refused = branch.want(branch.two, 1)
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.detail) == ("too_many_grants", {"retry_after_ms": REFILL_MS})
    branch.bank.maker.clock.advance(REFILL_MS)
    assert isinstance(branch.want(branch.two, 1), Grant)
    assert isinstance(branch.want(branch.two, 1), Refusal)


def test_a_lease_is_renewed_when_half_of_it_is_gone(branch: Branch) -> None:
    device = branch.bank.device(branch.one)
    with branch.bank.database.transaction() as home:
        assert renew_lease(home, branch.bank.centre, device) is None
    branch.bank.maker.clock.advance(13 * 60 * 60 * 1000)
    with branch.bank.database.transaction() as home:
        assert renew_lease(home, branch.bank.centre, device) is not None
        assert renew_lease(home, branch.bank.centre, device) is None


def test_two_leases_given_at_once_have_numbers_of_their_own(branch: Branch) -> None:
    bank, device = branch.bank, branch.bank.device(branch.one)
    assert isinstance(bank.database, MemoryDatabase)
    given: list[Issued] = []
    with ExitStack() as first:
        home: Home = first.enter_context(bank.database.transaction())
        given.append(end_lease(home, bank.centre, device))
        bank.database.wait = lambda _lock: first.close()
        with bank.database.transaction() as second:
            given.append(end_lease(second, bank.centre, device))
    one, two = (issued.settled.decoded.body.number for issued in given)
    assert two == one + 1
    (row,) = (row for row in bank.rows(Lease) if isinstance(row, Lease) and row.device == device.device)
    assert row.number == two


def transfer_request(branch: Branch, amount: int) -> TransferRequested:
    payee = branch.two.account()
    branch.bank.settle(branch.two)
    return TransferRequested(
        account=branch.account, route="own", payee_account=payee, currency="DKK", amount=amount, details=None
    )


def test_a_transfer_beyond_rights_waits_for_what_other_desks_hold(branch: Branch) -> None:
    request = branch.ask(branch.two, transfer_request(branch, 700_00))
    assert branch.step() is True
    assert branch.request(request).state == "waiting"
    assert branch.step() is False
    branch.hand_back(branch.one, 700_00)
    assert branch.step() is True
    assert branch.request(request).state == "done"
    assert branch.row().posted == 300_00
    assert branch.step() is False


def test_a_transfer_that_nothing_covers_is_declined(branch: Branch) -> None:
    request = branch.ask(branch.two, transfer_request(branch, 1_000_01))
    branch.step()
    assert (branch.request(request).state, branch.request(request).reason) == ("declined", "AM04")


def test_what_is_held_back_is_recalled_at_once_and_not_in_drips(branch: Branch) -> None:
    bank = branch.bank
    with bank.database.transaction() as home:
        place_hold(home, bank.centre, branch.account, 900_00, "garnishment")
    request = branch.ask(branch.two, transfer_request(branch, 5_00))
    assert branch.step() is True
    recalls = [row for row in bank.rows(Recall) if isinstance(row, Recall)]
    assert [(row.device, row.gone_to) for row in recalls] == [("nor-1", 905_00)]
    assert branch.step() is False
    branch.hand_back(branch.one, 905_00)
    assert branch.step() is True
    assert branch.request(request).state == "done"


def test_a_transfer_does_not_wait_for_ever(branch: Branch) -> None:
    request = branch.ask(branch.two, transfer_request(branch, 700_00))
    branch.step()
    branch.bank.maker.clock.advance(WAIT_MS + 3_600_000)
    branch.step()
    assert branch.request(request).reason == "AM04"


def test_a_request_that_was_not_in_order_is_declined_for_what_was_found(branch: Branch) -> None:
    branch.two.make(AccountFrozen(account=branch.account, reason="lost-card"), at_drawer=False)
    request = branch.ask(branch.two, transfer_request(branch, 1_00))
    branch.step()
    assert (branch.request(request).state, branch.request(request).reason) == ("declined", "AC06")


def test_a_limit_goes_down_as_rights_come_back(branch: Branch) -> None:
    bank = branch.bank
    with bank.database.transaction() as home:
        set_limit(home, bank.centre, branch.account, 500_00)
    assert isinstance(branch.want(branch.two, 500_00), Grant)
    with bank.database.transaction() as home:
        set_limit(home, bank.centre, branch.account, 0)
    assert (branch.row().overdraft_limit, branch.row().limit_target) == (500_00, 0)
    assert branch.step() is False
    branch.hand_back(branch.two, 200_00)
    assert branch.step() is True
    assert branch.row().overdraft_limit == 300_00
    branch.hand_back(branch.two, 500_00)
    branch.step()
    assert branch.row().overdraft_limit == 0


def test_an_account_closes_once_all_has_come_back(branch: Branch) -> None:
    branch.one.make(branch.one.withdrawal(branch.account, 1_000_00))
    request = branch.ask(branch.one, AccountClosureRequested(account=branch.account))
    assert branch.step() is True
    assert branch.request(request).state == "done"
    assert branch.row().state == "closed"


def test_an_account_that_is_to_be_closed_takes_no_money_in(branch: Branch) -> None:
    assert why_not(branch.row(), "DKK") is None
    branch.one.make(branch.one.withdrawal(branch.account, 1_000_00))
    branch.ask(branch.one, AccountClosureRequested(account=branch.account))
    assert why_not(branch.row(), "DKK") == CLOSED_ACCOUNT


def test_an_account_with_money_on_it_is_not_closed(branch: Branch) -> None:
    empty = branch.two.account()
    branch.bank.settle(branch.two)
    branch.account = empty
    branch.one.make(branch.one.deposit(empty, 5_00))
    request = branch.ask(branch.two, AccountClosureRequested(account=empty))
    branch.bank.settle(branch.one)
    assert branch.step() is True
    assert branch.request(request).state == "waiting"
    branch.hand_back(branch.one, 5_00)
    branch.step()
    assert (branch.request(request).state, branch.request(request).reason) == ("declined", "balance_left")
    assert (branch.row().state, branch.row().closings) == ("open", 0)


def test_what_came_with_an_exception_is_held_until_somebody_has_looked(branch: Branch) -> None:
    bank = branch.bank
    with bank.database.transaction() as home:
        issue(home, bank.centre, None, StaffSuspended(person="nor-1-t"))
    branch.one.make(branch.one.deposit(branch.account, 70_00))
    answer = bank.settle(branch.one)
    assert [found.code for found in answer.verdicts[-1].exceptions] == ["staff_suspended"]
    assert branch.row().holds == 70_00
    hold = next(row for row in bank.rows(Hold) if isinstance(row, Hold))
    assert hold.cause == branch.one.chain.operations[-1].operation.id
    with bank.database.transaction() as home, pytest.raises(Refused, match="not_available"):
        charge_fee(home, bank.centre, branch.account, 1, "monthly")
    with bank.database.transaction() as home:
        release_hold(home, bank.centre, hold.id)
    assert branch.row().holds == 0


def risk(branch: Branch) -> int:
    rows = (row for row in branch.bank.rows(LedgerBalance) if isinstance(row, LedgerBalance))
    return sum(row.balance for row in rows if row.account == RISK_DEVICES)


def test_a_lost_desk_is_written_off_by_two_and_its_money_is_free_again(branch: Branch) -> None:
    write_off(branch)
    settle_everything(branch)
    with branch.bank.database.transaction() as home:
        device = home.book(locking=False).get(DeviceEpoch, "nor-1", 1)
    assert device is not None
    assert device.state == "written_off"
    assert (branch.row().rights, risk(branch)) == (0, 1_000_00)
    answer = branch.want(branch.two, 1_000_00)
    assert isinstance(answer, Grant)
    assert answer.granted == 1_000_00


def test_a_desk_that_has_spoken_since_is_not_written_off(branch: Branch) -> None:
    with branch.bank.database.transaction() as home:
        shown = exposure_of(home, "nor-1", 1)
    assert shown is not None
    branch.one.make(branch.one.deposit(branch.account, 1_00))
    branch.bank.settle(branch.one)
    body = DeviceWriteOffRequested(
        device="nor-1", epoch=1, head_seq=shown.head_seq, currency="DKK", exposure=shown.amount
    )
    request = branch.ask(branch.two, body, by_two=True)
    settle_everything(branch)
    assert branch.request(request).reason == "device_has_reported"


def test_what_a_written_off_desk_still_brings_is_booked_word_for_word(branch: Branch) -> None:
    write_off(branch)
    settle_everything(branch)
    made, answer = late_run(branch)
    assert {verdict.verdict for verdict in answer.verdicts} == {"quarantined"}
    assert branch.row().posted == 1_000_00
    request = decide(branch, made, accept=True)
    settle_everything(branch)
    assert branch.request(request).state == "done"
    assert (branch.row().posted, branch.row().rights, risk(branch)) == (450_00, 0, 0)


def test_what_is_refused_opens_a_case_for_each_credit_and_drops_nothing(branch: Branch) -> None:
    write_off(branch)
    settle_everything(branch)
    made, _ = late_run(branch)
    request = decide(branch, made, accept=False)
    settle_everything(branch)
    assert branch.request(request).state == "declined"
    assert branch.row().posted == 1_000_00
    with branch.bank.database.transaction() as home:
        assert len(home.lookups.late(("nor-1", 1))) == len(made)
        assert "late_credit_refused" in home.open_case_codes(("nor-1", 1))


def test_a_revoked_desks_late_operations_still_use_its_own_rights(branch: Branch) -> None:
    with branch.bank.database.transaction() as home:
        revoke_device(home, branch.bank.centre, "nor-1", 1)
    branch.second(branch.two)
    made, _ = late_run(branch)
    decide(branch, made, accept=True)
    settle_everything(branch)
    held = [row for row in branch.bank.rows(Right) if isinstance(row, Right) and row.device == "nor-1"]
    assert [payable_by(row) for row in held] == [450_00]
    assert (branch.row().posted, branch.row().rights) == (450_00, 450_00)


def test_two_people_sign_for_the_exposure_that_there_is(branch: Branch) -> None:
    with branch.bank.database.transaction() as home:
        shown = exposure_of(home, "nor-1", 1)
    assert shown is not None
    body = DeviceWriteOffRequested(device="nor-1", epoch=1, head_seq=shown.head_seq, currency="DKK", exposure=0)
    request = branch.ask(branch.two, body, by_two=True)
    settle_everything(branch)
    assert branch.request(request).reason == "exposure_has_grown"


def test_what_is_booked_late_beyond_rights_has_its_case(branch: Branch) -> None:
    with branch.bank.database.transaction() as home:
        revoke_device(home, branch.bank.centre, "nor-1", 1)
    branch.second(branch.two)
    desk = branch.one
    made = [desk.make(desk.withdrawal(branch.account, 1_000_00)), desk.make(desk.withdrawal(branch.account, 70_00))]
    branch.bank.push(desk)
    decide(branch, made, accept=True)
    settle_everything(branch)
    assert branch.row().posted == -70_00
    with branch.bank.database.transaction() as home:
        assert {"rights_exceeded", "free_below_zero"} <= home.open_case_codes(("centre-nor", 1))


def test_a_case_of_money_that_is_not_there_stays_open_until_it_is(branch: Branch) -> None:
    desk = branch.one
    desk.make(desk.withdrawal(branch.account, 1_070_00))
    branch.bank.settle(desk)
    database = branch.bank.database
    assert isinstance(database, MemoryDatabase)
    number = next(no for no, case in database.committed(OPEN_CASES).items() if case.code == "free_below_zero")
    with database.transaction() as home:
        refused = close_case(home, branch.bank.centre, bytes, number, LOOKED)
        assert refused == Refusal("case_still_stands", "number", {"account": branch.account})
    desk.make(desk.deposit(branch.account, 100_00))
    branch.bank.settle(desk)
    branch.hand_back(desk, 100_00)
    with database.transaction() as home:
        assert close_case(home, branch.bank.centre, bytes, number, LOOKED) is None
        assert close_case(home, branch.bank.centre, bytes, number, LOOKED) == Refusal("case_not_open", "number")
