"""A device believes no feed: what does not verify is refused whole, and what verifies counts once."""

import dataclasses
from pathlib import Path

import msgspec
import pytest

from core.device import OpenSession, Performed, Refusals
from core.envelope import read_operation, sign_operation
from core.errors import IntegrityFault
from core.operations.bank import StaffSuspended
from core.operations.customers import CustomerRegistered
from core.operations.transfers import TransferMade
from core.people.keys import key_name, new_signing_key
from core.records import record_digest
from core.store.queries.accounts import account_activity, account_summary
from core.store.queries.books import chain_ends, entries, trial_balance
from core.store.queries.journal import journal
from core.store.store import Store
from core.sync.messages import FeedPage, Verdict
from tests.bank import counted_randomness
from tests.core.device.conftest import OpenBranch
from tests.core.device.desk import Desk, both_homes, entries_of


@pytest.fixture
def second(branch: OpenBranch, tmp_path: Path) -> Desk:
    """Another desk of the same branch, with nobody at it."""
    branch.desk.sync()
    return Desk(tmp_path, branch.centre, branch.clock, "odense-2", "odense", branch.desk.home)


def work(branch: OpenBranch) -> str:
    desk, teller = branch.desk, branch.teller
    account = desk.account(teller, desk.customer(teller, branch.supervisor))
    desk.perform(teller, desk.deposited(account, 1_000_00))
    desk.perform(teller, desk.withdrawn(account, 250_00))
    desk.sync()
    return account


def test_two_desks_end_up_with_the_same_entries(branch: OpenBranch, second: Desk) -> None:
    account = work(branch)
    second.read(limit=3)
    with branch.desk.device.reading() as here, second.device.reading() as there:
        assert list(entries(here)) == list(entries(there)) != []
        assert trial_balance(here) == trial_balance(there)
        assert set(chain_ends(here)) == set(chain_ends(there))
        one, other = account_summary(here, account), account_summary(there, account)
    assert one is not None
    assert other is not None
    assert (one.posted, other.posted) == (750_00, 750_00)
    assert (one.payable_here, other.payable_here) == (750_00, 0)
    second.device.close()


def test_work_at_both_desks_crosses_and_converges(branch: OpenBranch, second: Desk) -> None:
    first = branch.desk
    second.read()
    branch.centre.admit("karen", "supervisor", "odense")
    branch.centre.admit("ole", "teller", "odense")
    second.read()
    first.read()
    second.found("karen", "ole")
    supervisor, teller = second.sign_in("karen"), second.sign_in("ole")
    second.open_day(teller, supervisor, drawer="kasse-2")
    account = work(branch)
    other = second.account(teller, second.customer(teller, supervisor, "Ida", "Holm"))
    second.perform(teller, second.deposited(other, 500_00))
    second.sync()
    first.sync()
    assert branch.centre.grant(account, "odense-2", 300_00) == 0, "all of it is held by the first desk"
    second.perform(teller, TransferMade(account=other, payee_account=account, currency="DKK", amount=200_00))
    first.perform(branch.teller, first.withdrawn(account, 700_00))
    for _ in range(2):
        first.sync()
        second.sync()
    with first.device.reading() as here, second.device.reading() as there:
        assert list(entries(here)) == list(entries(there))
        one, other_one = account_summary(here, account), account_summary(there, account)
    assert one is not None
    assert other_one is not None
    assert one.posted == other_one.posted == 250_00
    second.device.close()


@both_homes
def test_a_grant_makes_money_payable_at_another_desk(branch: OpenBranch, second: Desk) -> None:
    desk = branch.desk
    account = work(branch)
    assert desk.device.hand_back_surplus(0) == 1
    desk.sync()
    assert desk.device.payable_here(account) == 0
    assert branch.centre.grant(account, "odense-2", 300_00) == 300_00
    second.read()
    assert second.device.payable_here(account) == 300_00
    second.reopen()
    assert second.device.payable_here(account) == 300_00
    second.device.close()


def test_reading_a_page_twice_counts_once(branch: OpenBranch, second: Desk) -> None:
    account = work(branch)
    second.read()
    with second.device.reading() as connection:
        before = list(entries(connection))
    second.device.accept_feed_page(branch.centre.page("odense", 0))
    with second.device.reading() as connection:
        assert list(entries(connection)) == before
        assert account_activity(connection, account).lines[0].balance == 750_00
    second.device.close()


def page_with(page: FeedPage, place: int, **changes: object) -> FeedPage:
    items = list(page.items)
    items[place] = msgspec.structs.replace(items[place], **changes)
    return msgspec.structs.replace(page, items=tuple(items))


def code_of(desk: Desk, page: FeedPage) -> str:
    """The fault that a page is refused for, once it is seen that nothing of it was kept."""
    position = desk.device.feed_position(page.feed)
    with pytest.raises(IntegrityFault) as raised:
        desk.device.accept_feed_page(page)
    assert desk.device.feed_position(page.feed) == position
    assert entries_of(desk) == []
    return raised.value.code


@both_homes
def test_a_changed_feed_is_refused_whole(branch: OpenBranch, second: Desk) -> None:
    work(branch)
    second.device.accept_feed_page(branch.centre.page("bank", 0))
    good = branch.centre.page("odense", 0)
    last = len(good.items) - 1
    jws = good.items[last].jws
    assert code_of(second, page_with(good, last, jws=jws[:-3] + ("AAA" if jws[-3:] != "AAA" else "AAE"))) in {
        "jws_signature",
        "base64url_not_canonical",
    }
    assert code_of(second, page_with(good, last, position=last + 2)) == "feed_gap"
    missing = msgspec.structs.replace(good, items=good.items[1:])
    assert code_of(second, missing) == "feed_gap"
    renumbered = tuple(msgspec.structs.replace(item, position=number) for number, item in enumerate(good.items[1:], 1))
    assert code_of(second, msgspec.structs.replace(good, items=renumbered)) in {"chain_gap", "session_unknown"}
    wrong_verdict = msgspec.structs.replace(good.items[last].verdict, hash=good.items[0].verdict.hash)
    assert code_of(second, page_with(good, last, verdict=wrong_verdict)) == "verdict_of_other"
    assert code_only(second, msgspec.structs.replace(good, feed="aarhus")) == "feed_unknown"
    assert code_of(second, msgspec.structs.replace(good, incarnation=0)) == "incarnation_older"
    second.device.close()


def code_only(desk: Desk, page: FeedPage) -> str:
    with pytest.raises(IntegrityFault) as raised:
        desk.device.accept_feed_page(page)
    return raised.value.code


@both_homes
def test_an_operation_of_another_key_is_refused(branch: OpenBranch, second: Desk) -> None:
    """The centre's own database is no way to write in a teller's name."""
    work(branch)
    second.device.accept_feed_page(branch.centre.page("bank", 0))
    good = branch.centre.page("odense", 0)
    forger = new_signing_key(counted_randomness("forger"))
    place = next(n for n, item in enumerate(good.items) if read_operation(item.jws).operation.kind == "cash.deposited")
    operation = read_operation(good.items[place].jws).operation
    for key in (forger, branch.centre.key):
        forged = sign_operation(operation, key, key_name(key))
        verdict = msgspec.structs.replace(good.items[place].verdict, hash=forged.hash)
        assert code_only(second, page_with(good, place, jws=forged.jws, verdict=verdict)) == "session_unknown"
    kept_name = sign_operation(operation, forger, read_operation(good.items[place].jws).kid)
    verdict = msgspec.structs.replace(good.items[place].verdict, hash=kept_name.hash)
    assert code_only(second, page_with(good, place, jws=kept_name.jws, verdict=verdict)) == "jws_signature"
    second.device.close()


def test_another_bank_cannot_take_over(branch: OpenBranch, tmp_path: Path) -> None:
    """The centre's key is pinned at enrolment."""
    desk = Desk(tmp_path, branch.centre, branch.clock, "odense-3", "odense")
    stranger = new_signing_key(counted_randomness("stranger"))
    founded = branch.centre.feeds["bank"][0]
    forged = sign_operation(read_operation(founded.jws).operation, stranger, key_name(stranger))
    verdict = msgspec.structs.replace(founded.verdict, hash=forged.hash)
    item = msgspec.structs.replace(founded, jws=forged.jws, verdict=verdict)
    assert code_only(desk, FeedPage("bank", (item,), 1, 1, 1)) == "device_unknown"
    desk.device.close()


@both_homes
def test_a_record_that_is_not_the_named_one_is_refused(branch: OpenBranch, second: Desk) -> None:
    work(branch)
    second.device.accept_feed_page(branch.centre.page("bank", 0))
    good = branch.centre.page("odense", 0)
    place = next(n for n, item in enumerate(good.items) if item.records)
    ((digest, text),) = good.items[place].records.items()
    changed = {digest: ("B" if text[0] != "B" else "C") + text[1:]}
    assert code_only(second, page_with(good, place, records=changed)) == "record_differs"
    erased = page_with(good, place, records={})
    second.device.accept_feed_page(erased)
    second.device.close()


@both_homes
def test_an_own_operation_with_other_content_is_a_fault(branch: OpenBranch) -> None:
    work(branch)
    page = branch.centre.page("odense", branch.desk.device.feed_position("odense"))
    assert page.items == ()
    mine = branch.centre.feeds["odense"][-1]
    operation = msgspec.structs.replace(read_operation(mine.jws).operation, at="2026-11-20T09:59:59.000Z")
    forged = sign_operation(operation, branch.centre.key, key_name(branch.centre.key))
    item = msgspec.structs.replace(mine, position=page.head + 1, jws=forged.jws)
    answer = FeedPage("odense", (item,), page.head + 1, 0, 1)
    assert code_only(branch.desk, answer) == "own_operation_differs"


@both_homes
def test_a_folder_put_back_from_an_old_copy_is_noticed(branch: OpenBranch) -> None:
    desk = branch.desk
    desk.sync()
    put_back = desk.kept_copy()
    branch.teller, branch.supervisor = desk.sign_in("jens"), desk.sign_in("mette")
    work(branch)
    put_back(anchor=True)
    page = branch.centre.page("odense", desk.device.feed_position("odense"))
    assert code_only(desk, page) in {"device_behind", "own_operation_differs"}


@both_homes
def test_a_suspended_colleague_is_refused_once_the_feed_says_so(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    account = work(branch)
    branch.centre.issue(StaffSuspended(person="jens"))
    desk.read()
    assert desk.refused(teller, desk.withdrawn(account, 1)) == ["staff_suspended"]


def test_an_exception_of_the_centre_is_shown(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    account = work(branch)
    desk.perform(teller, desk.withdrawn(account, 1_00))
    branch.centre.issue(StaffSuspended(person="jens"))
    desk.sync()
    with desk.device.reading() as connection:
        line = journal(connection, limit=1).lines[0]
    assert line.state == "exception"
    assert [found.code for found in line.exceptions] == ["staff_suspended"]


@pytest.mark.parametrize("by_feed", [False, True], ids=["by the push's answer", "by the feed"])
def test_keys_that_the_centre_did_not_find_introduced_end_here_too(
    branch: OpenBranch, tmp_path: Path, by_feed: bool
) -> None:
    """The desk had not read of these people's older keys, so nothing spoke against registering them."""
    second = Desk(tmp_path, branch.centre, branch.clock, "odense-2", "odense")
    second.read()
    branch.desk.sync()
    second.found("mette", "jens")
    if by_feed:
        run = second.device.next_run(500)
        assert run is not None
        branch.centre.push(run.device, run.epoch, run.operations, run.records)
    else:
        second.sync()
    second.read()
    for person in ("mette", "jens"):
        refused = second.device.open_session(person, second.staff_keys[person], 59_999_999)
        assert isinstance(refused, Refusals)
        assert refused.first.code == "staff_key_ended"
    assert isinstance(branch.desk.sign_in("jens"), OpenSession)
    second.device.close()


def test_a_clock_that_ran_ahead_does_not_win_for_ever(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    customer = desk.customer(teller, branch.supervisor)
    run = desk.device.next_run(500)
    assert run is not None
    answer = branch.centre.push(run.device, run.epoch, run.operations, run.records)
    place = next(n for n, v in enumerate(answer.verdicts) if _kind(run.operations[n]) == "customer.registered")
    verdicts: list[Verdict] = list(answer.verdicts)
    verdicts[place] = msgspec.structs.replace(verdicts[place], stamp="0000000000001-0000-odense-1")
    desk.device.accept_push_answer(msgspec.structs.replace(answer, verdicts=tuple(verdicts)))
    store = desk.device._workings.store
    assert isinstance(store, Store)
    rows = store.cursor.execute("SELECT DISTINCT stamp FROM profile_values WHERE customer = ?", (customer,)).fetchall()
    assert rows == [("0000000000001-0000-odense-1",)]


def test_a_stamp_for_an_operation_that_has_none_is_a_fault(branch: OpenBranch, second: Desk) -> None:
    account = work(branch)
    desk = branch.desk
    desk.perform(branch.teller, desk.deposited(account, 1_00))
    run = desk.device.next_run(500)
    assert run is not None
    stamp = "1795161600000-0000-odense-1"
    answer = branch.centre.push(run.device, run.epoch, run.operations, run.records)
    verdicts = tuple(msgspec.structs.replace(each, stamp=stamp) for each in answer.verdicts)
    with pytest.raises(IntegrityFault, match="verdict_of_other"):
        desk.device.accept_push_answer(msgspec.structs.replace(answer, verdicts=verdicts))
    second.device.accept_feed_page(branch.centre.page("bank", 0))
    page = branch.centre.page("odense", 0)
    place = next(n for n, item in enumerate(page.items) if _kind(item.jws) == "cash.deposited")
    verdict = msgspec.structs.replace(page.items[place].verdict, stamp=stamp)
    assert code_of(second, page_with(page, place, verdict=verdict)) == "verdict_of_other"
    second.device.close()


def test_a_record_of_broken_characters_does_not_stop_the_feed(branch: OpenBranch, second: Desk) -> None:
    """Its digest is right, so it comes with the operation that names it; a reader passes over what it says."""
    data = b'{"salt":"x","fields":{"given_name":"\xff"}}'
    stamp = branch.desk.device.next_stamp()
    body = CustomerRegistered(fields=("given_name", "family_name", "born_on"), stamp=stamp, record=record_digest(data))
    draft = branch.desk.draft(branch.teller, body)
    spoilt = dataclasses.replace(draft, records={record_digest(data): data})
    assert isinstance(branch.desk.device.perform(spoilt), Performed)
    branch.desk.sync()
    second.read()
    assert second.device.feed_position("odense") == branch.centre.page("odense", 0).head
    second.device.close()


def _kind(jws: str) -> str:
    return read_operation(jws).operation.kind
