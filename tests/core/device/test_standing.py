"""A device whose chain is in doubt does nothing more, for good; and a clock that went back spends nothing."""

from collections.abc import Callable

import msgspec
import pytest

from core.device import Performed, Refusals
from core.envelope import read_operation
from core.errors import IntegrityFault
from core.operations.bank import DeviceRevoked
from core.operations.rights import RightsReturned
from core.sync.messages import PushAnswer, Verdict
from tests.core.device.conftest import OpenBranch
from tests.core.device.desk import both_homes

MINUTE = 60_000


def account_with(branch: OpenBranch, amount: int) -> str:
    desk, teller = branch.desk, branch.teller
    account = desk.account(teller, desk.customer(teller, branch.supervisor))
    desk.perform(teller, desk.deposited(account, amount))
    return account


def fall_behind(branch: OpenBranch) -> None:
    """The file is put back as it was before the last operations went to the centre."""
    desk = branch.desk
    desk.sync()
    put_back = desk.kept_copy()
    branch.teller, branch.supervisor = desk.sign_in("jens"), desk.sign_in("mette")
    account_with(branch, 100_00)
    desk.sync()
    put_back(anchor=True)
    branch.teller = desk.sign_in("jens")


def read_while_behind(branch: OpenBranch) -> None:
    fall_behind(branch)
    with pytest.raises(IntegrityFault) as raised:
        branch.desk.read()
    assert raised.value.code == "device_behind"


def push_while_behind(branch: OpenBranch) -> None:
    fall_behind(branch)
    end = branch.centre.ends["odense-1", 1]
    with pytest.raises(IntegrityFault) as raised:
        branch.desk.device.accept_push_answer(PushAnswer((), end.seq, end.hash))
    assert raised.value.code == "device_behind"


def push_a_fork(branch: OpenBranch) -> None:
    seq, _hash = branch.desk.device.chain_head()
    with pytest.raises(IntegrityFault) as raised:
        branch.desk.device.accept_push_answer(PushAnswer((), seq, "another"))
    assert raised.value.code == "chain_forked"


def push_into_quarantine(branch: OpenBranch) -> None:
    device = branch.desk.device
    branch.desk.sync()
    end = branch.centre.ends["odense-1", 1]
    branch.desk.perform(branch.teller, branch.desk.deposited(account_with(branch, 1), 1))
    run = device.next_run(500)
    assert run is not None
    signed = [read_operation(jws) for jws in run.operations]
    verdicts = tuple(Verdict(one.operation.seq, one.hash, "quarantined") for one in signed)
    device.accept_push_answer(PushAnswer(verdicts, end.seq, end.hash))


def read_of_the_revocation(branch: OpenBranch) -> None:
    branch.centre.issue(DeviceRevoked(device="odense-1", epoch=1, head_seq=0))
    branch.desk.read()


@both_homes
@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (read_while_behind, "device_behind"),
        (push_while_behind, "device_behind"),
        (push_a_fork, "chain_forked"),
        (push_into_quarantine, "quarantined"),
        (read_of_the_revocation, "device_revoked"),
    ],
)
def test_a_device_in_doubt_pays_out_nothing_even_after_a_restart(
    branch: OpenBranch, happens: Callable[[OpenBranch], None], why: str
) -> None:
    desk = branch.desk
    account = account_with(branch, 1_000_00)
    happens(branch)
    assert desk.device.stopped == why
    head, payable = desk.device.chain_head(), desk.device.payable_here(account)
    paid = desk.withdrawn(account, 1)
    assert desk.draft(branch.teller, paid).findings[0].code == "device_stopped"
    assert desk.refused(branch.teller, paid)[0] == "device_stopped"
    assert (desk.device.chain_head(), desk.device.payable_here(account)) == (head, payable)
    desk.reopen()
    assert desk.device.stopped == why
    given_back = RightsReturned(account=account, currency="DKK", returned=1)
    done = desk.device.act("rights.returned", given_back)
    assert isinstance(done, Refusals)
    assert (done.first.code, done.first.detail) == ("device_stopped", {"why": why})


@both_homes
def test_a_stopped_device_says_why_and_lets_people_look_and_leave(branch: OpenBranch) -> None:
    desk = branch.desk
    account = account_with(branch, 1_000_00)
    push_a_fork(branch)
    done = desk.device.perform(desk.draft(branch.teller, desk.deposited(account, 1)))
    assert isinstance(done, Refusals)
    assert (done.first.code, done.first.detail) == ("device_stopped", {"why": "chain_forked"})
    looking = desk.sign_in("jens")
    for session in (looking, branch.teller, branch.supervisor):
        assert isinstance(desk.device.close_session(session, "signed-out"), Performed)


def test_people_can_sign_out_of_a_revoked_device(branch: OpenBranch) -> None:
    read_of_the_revocation(branch)
    assert isinstance(branch.desk.device.close_session(branch.teller, "signed-out"), Performed)


@both_homes
def test_a_stopped_device_gives_no_rights_away(branch: OpenBranch) -> None:
    account = account_with(branch, 1_000_00)
    push_a_fork(branch)
    assert branch.desk.device.hand_back_surplus(0) == 0
    done = branch.desk.device.act("rights.returned", RightsReturned(account=account, currency="DKK", returned=1))
    assert isinstance(done, Refusals)


@both_homes
def test_what_others_do_wrong_stops_nobody_here(branch: OpenBranch) -> None:
    desk = branch.desk
    account_with(branch, 1_00)
    desk.sync()
    good = branch.centre.page("odense", 0).items[-1]
    position = desk.device.feed_position("odense") + 5
    page = msgspec.structs.replace(
        branch.centre.page("odense", position), items=(msgspec.structs.replace(good, position=position),)
    )
    with pytest.raises(IntegrityFault):
        desk.device.accept_feed_page(page)
    assert desk.device.stopped is None


@both_homes
def test_a_clock_that_went_back_spends_nothing(branch: OpenBranch) -> None:
    desk = branch.desk
    account = account_with(branch, 1_000_00)
    branch.clock.advance(-10 * MINUTE)
    assert desk.refused(branch.teller, desk.withdrawn(account, 1_00)) == ["clock_went_back"]
    assert not desk.draft(branch.teller, desk.withdrawn(account, 1_00)).may_be_performed
    branch.clock.advance(10 * MINUTE)
    desk.perform(branch.teller, desk.withdrawn(account, 1_00))


@both_homes
def test_the_last_time_is_known_after_a_restart(branch: OpenBranch) -> None:
    desk = branch.desk
    account = account_with(branch, 1_000_00)
    desk.sync()
    desk.reopen()
    teller = desk.sign_in("jens")
    branch.clock.advance(-10 * MINUTE)
    desk.reopen()
    assert desk.device.stopped is None
    teller = desk.sign_in("jens")
    assert desk.refused(teller, desk.withdrawn(account, 1_00)) == ["clock_went_back"]


@both_homes
def test_a_clock_set_right_by_seconds_keeps_nobody_waiting_and_times_never_go_back(branch: OpenBranch) -> None:
    desk = branch.desk
    account = account_with(branch, 1_000_00)
    branch.clock.advance(-MINUTE)
    desk.perform(branch.teller, desk.withdrawn(account, 1_00))
    branch.clock.advance(-60 * MINUTE)
    desk.perform(branch.teller, desk.deposited(account, 1_00))
    times = [read_operation(jws).operation.at for jws in desk.device.export_chain("odense-1", 1)]
    assert times == sorted(times)
