"""What is done at a desk is done whole, durably and by the rules; what is refused leaves nothing."""

from itertools import pairwise
from typing import Any

import pytest

from core.device import Performed, Refusals
from core.device.workings import Workings
from core.envelope import read_operation, verify_compact
from core.ledger import reversed_postings
from core.operations.cash import CashDeposited
from core.operations.drawers import DayClosed, DrawerClosed
from core.operations.reversals import EntryReversed, lines
from core.operations.transfers import TransferMade
from core.records import make_record
from core.store.queries.accounts import ActivityLine, account_activity
from core.store.queries.books import trial_balance
from core.store.queries.customers import customer_file, find_customers
from core.store.queries.drawers import day_state, drawer_notes, drawer_of
from core.store.queries.journal import journal, operation_detail
from tests.core.device.conftest import OpenBranch
from tests.core.device.desk import both_homes, entries_of


def account_with(branch: OpenBranch, amount: int) -> str:
    desk, teller = branch.desk, branch.teller
    account = desk.account(teller, desk.customer(teller, branch.supervisor))
    desk.perform(teller, desk.deposited(account, amount))
    return account


@both_homes
def test_a_deposit_can_be_paid_out_again_without_the_line(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    account = account_with(branch, 1_000_00)
    assert desk.device.payable_here(account) == 1_000_00
    desk.perform(teller, desk.withdrawn(account, 400_00))
    assert desk.device.payable_here(account) == 600_00
    assert desk.refused(teller, desk.withdrawn(account, 600_01)) == ["rights_exceeded"]


@both_homes
def test_what_is_refused_leaves_nothing(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    account = account_with(branch, 1_000_00)
    head = desk.device.chain_head()
    assert desk.refused(teller, desk.withdrawn(account, 2_000_00)) == ["rights_exceeded"]
    assert desk.device.chain_head() == head
    assert desk.device.payable_here(account) == 1_000_00


@both_homes
def test_a_draft_shows_what_would_be_and_writes_nothing(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    account = account_with(branch, 1_000_00)
    head = desk.device.chain_head()
    draft = desk.draft(teller, desk.withdrawn(account, 300_00))
    assert draft.may_be_performed
    assert not draft.needs_second_person
    drawers, customers = sorted(draft.changes, key=lambda change: change.customer_account is not None)
    assert (customers.before, customers.after) == (1_000_00, 700_00)
    assert (customers.payable_before, customers.payable_after) == (1_000_00, 700_00)
    assert drawers.after - drawers.before == -300_00
    assert desk.device.chain_head() == head


@both_homes
def test_a_draft_is_checked_again_when_it_is_performed(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    account = account_with(branch, 1_000_00)
    draft = desk.draft(teller, desk.withdrawn(account, 900_00))
    desk.perform(teller, desk.withdrawn(account, 900_00))
    done = desk.device.perform(draft)
    assert isinstance(done, Refusals)
    assert done.first.code == "rights_exceeded"


def test_cash_above_the_limit_takes_two_people(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    account = account_with(branch, 9_000_00)
    assert desk.draft(teller, desk.withdrawn(account, 5_000_01)).needs_second_person
    assert desk.draft(teller, desk.withdrawn(account, 5_000_01)).may_be_performed
    assert desk.refused(teller, desk.withdrawn(account, 5_000_01)) == ["approval_needed"]
    assert desk.refused(teller, desk.withdrawn(account, 5_000_01), approver=teller) == ["approval_own"]
    done = desk.perform(teller, desk.withdrawn(account, 5_000_01), approver=branch.supervisor)
    with desk.device.reading() as connection:
        detail = operation_detail(connection, done.id)
    assert detail is not None
    assert detail.line.approver == "mette"


@both_homes
def test_an_approval_is_for_one_draft_alone(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    account = account_with(branch, 9_000_00)
    one, other = (desk.draft(teller, desk.withdrawn(account, amount)) for amount in (5_000_01, 8_000_00))
    done = desk.device.perform(other, desk.device.approve(one, branch.supervisor))
    assert isinstance(done, Refusals)
    assert done.first.code == "approval_of_other"


def test_an_approval_does_not_wait_for_ever(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    account = account_with(branch, 9_000_00)
    draft = desk.draft(teller, desk.withdrawn(account, 5_000_01))
    approval = desk.device.approve(draft, branch.supervisor)
    branch.clock.advance(11 * 60 * 1000)
    done = desk.device.perform(draft, approval)
    assert isinstance(done, Refusals)
    assert done.first.code == "approval_expired"


@pytest.mark.parametrize("amount", [0, -1, 10**12 + 1])
def test_an_impossible_amount_is_refused_and_not_written(branch: OpenBranch, amount: int) -> None:
    desk, teller = branch.desk, branch.teller
    account = account_with(branch, 100)
    head = desk.device.chain_head()
    assert desk.refused(teller, desk.deposited(account, amount)) == ["body_malformed"]
    assert desk.device.chain_head() == head


@both_homes
def test_the_chain_is_signed_and_linked_from_its_first_operation(branch: OpenBranch) -> None:
    account_with(branch, 1_000_00)
    identity = branch.desk.device.identity
    signed = [read_operation(jws) for jws in branch.desk.device.export_chain(identity.device, identity.epoch)]
    assert [one.operation.seq for one in signed] == list(range(1, len(signed) + 1))
    assert [one.operation.prev for one in signed] == [None, *(one.hash for one in signed[:-1])]
    assert (signed[-1].operation.seq, signed[-1].hash) == branch.desk.device.chain_head()
    keys = {
        branch.teller.kid: bytes(branch.teller.key.verify_key),
        branch.supervisor.kid: bytes(branch.supervisor.key.verify_key),
        identity.kid: bytes(branch.desk.device.key.verify_key),
    }
    for one in signed:
        verify_compact(one.jws, keys[one.kid], "counterfoil+jws")


@both_homes
def test_a_disk_that_fails_half_way_leaves_nothing_half_done(
    branch: OpenBranch, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, teller = branch.desk, branch.teller
    account = account_with(branch, 1_000_00)
    before = desk.device.chain_head()
    held = entries_of(desk)
    workings: Workings = desk.device._workings

    def fail(_book: Any) -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(workings.store.rows, "write", fail)
        with pytest.raises(OSError, match="the disk"):
            desk.perform(teller, desk.withdrawn(account, 400_00))
    assert desk.device.chain_head() == before
    assert desk.device.payable_here(account) == 1_000_00
    assert entries_of(desk) == held
    desk.perform(teller, desk.withdrawn(account, 1_000_00))
    desk.reopen()
    assert desk.device.payable_here(account) == 0


@both_homes
def test_everything_is_there_after_starting_again(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    account = account_with(branch, 1_000_00)
    desk.perform(teller, desk.withdrawn(account, 250_00))
    head, outbox = desk.device.chain_head(), desk.device.outbox()
    desk.reopen()
    # The two sessions that were open are closed by the device itself.
    assert desk.device.chain_head()[0] == head[0] + 2
    assert desk.device.outbox().length == outbox.length + 2
    assert desk.device.payable_here(account) == 750_00
    assert desk.refused(teller, desk.withdrawn(account, 1)) == ["session_closed"]


def test_debits_equal_credits_whatever_was_done(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    one, other = account_with(branch, 1_000_00), account_with(branch, 70_00)
    desk.perform(teller, TransferMade(account=one, payee_account=other, currency="DKK", amount=30_00))
    with desk.device.reading() as connection:
        (balance,) = trial_balance(connection)
    assert balance.debits == balance.credits > 0


def test_activity_is_told_page_by_page_with_running_balances(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    account = account_with(branch, 1_000_00)
    for amount in range(1, 12):
        desk.perform(teller, desk.withdrawn(account, amount))
    lines_seen: list[ActivityLine] = []
    key = None
    with desk.device.reading() as connection:
        while True:
            page = account_activity(connection, account, limit=5, after=key)
            lines_seen += page.lines
            key = page.next_key
            if key is None:
                break
    assert [line.amount for line in lines_seen] == [-amount for amount in range(11, 0, -1)] + [1_000_00]
    assert lines_seen[0].balance == 1_000_00 - 66
    for newer, older in pairwise(lines_seen):
        assert newer.balance - newer.amount == older.balance
    assert {line.state for line in lines_seen} == {"queued"}


def test_a_reversal_names_what_it_reverses_once(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    account = account_with(branch, 1_000_00)
    wrong = desk.perform(teller, desk.withdrawn(account, 400_00))
    body = EntryReversed(
        reverses=wrong.id,
        reverses_hash=wrong.signed.hash,
        postings=lines(reversed_postings(wrong.postings)),
    )
    done = desk.perform(teller, body, approver=branch.supervisor)
    assert "already_reversed" in desk.refused(teller, body, approver=branch.supervisor)
    with desk.device.reading() as connection:
        reversed_line = account_activity(connection, account).lines[1]
    assert reversed_line.reversed_by == done.id
    assert desk.device.payable_here(account) == 1_000_00


def test_the_journal_shows_the_newest_first(branch: OpenBranch) -> None:
    account_with(branch, 1_000_00)
    with branch.desk.device.reading() as connection:
        page = journal(connection, limit=3)
        rest = journal(connection, limit=100, after=page.next_key)
    assert [line.kind for line in page.lines] == ["cash.deposited", "account.opened", "customer.kyc_decided"]
    assert page.lines[0].customer_name == "Søren Ørsted"
    assert page.lines[0].amount == 1_000_00
    assert rest.next_key is None
    assert rest.lines[-1].kind == "staff.keys_registered"


def test_a_customer_is_found_and_their_file_says_how_it_came_about(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    customer = desk.customer(teller, branch.supervisor, telephone="+45 20 12 34 56", city="Odense")
    account = desk.account(teller, customer)
    with desk.device.reading() as connection:
        file = customer_file(connection, customer)
        assert file is not None
        iban = file.accounts[0].iban
        for typed in ("soren", "ØRSTED s", "20123456", iban[:12], " ".join((iban[:4], iban[4:8]))):
            assert [hit.customer for hit in find_customers(connection, typed).hits] == [customer], typed
        assert find_customers(connection, "soren nobody").hits == ()
    assert file.profile["city"] == "Odense"
    assert file.accounts[0].account == account
    assert {change.note.person for change in file.history if change.note} == {"jens"}
    assert file.kyc_decision is not None
    assert file.kyc_decision.person == "mette"


def test_hits_come_in_pages_and_each_customer_once(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    made = {desk.customer(teller, branch.supervisor, "Jens", family) for family in ("Jensen", "Jensby", "Jent", "Jep")}
    seen: list[str] = []
    key = None
    with desk.device.reading() as connection:
        while True:
            page = find_customers(connection, "je", limit=2, after=key)
            seen += [hit.customer for hit in page.hits]
            key = page.next_key
            if key is None:
                break
    assert sorted(seen) == sorted(made)


def test_a_drawer_knows_its_notes_as_far_as_they_were_counted(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    account = account_with(branch, 1_000_00)
    counted = CashDeposited(
        account=account, account_branch="odense", currency="DKK", amount=700_00, counts={500_00: 1, 100_00: 2}
    )
    desk.perform(teller, counted)
    with desk.device.reading() as connection:
        state = drawer_of(connection, "jens")
        assert state is not None
        notes = drawer_notes(connection, state)
    assert state.expected == 11_700_00
    assert notes.pieces == {500_00: 1, 100_00: 2}
    assert notes.uncounted == 11_000_00


def test_a_day_ends_with_the_drawer_counted_and_closed(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    account_with(branch, 1_000_00)
    assert desk.refused(teller, DayClosed()) == ["drawer_still_open"]
    counts = {1_000_00: 11}
    closed = DrawerClosed(currency="DKK", counts=counts, counted=11_000_00, expected=11_000_00)
    desk.perform(teller, closed)
    desk.perform(teller, DayClosed())
    with desk.device.reading() as connection:
        state = day_state(connection)
    assert state is not None
    assert state.state == "closed"
    assert desk.device.open_day() is None


def test_a_record_must_be_the_one_that_is_named(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    account = account_with(branch, 1_000_00)
    digest, data = make_record({"narrative": "rent"}, desk.randomness)
    body = CashDeposited(account=account, account_branch="odense", currency="DKK", amount=1, details=digest)
    assert desk.refused(teller, body) == ["record_missing"]
    assert desk.refused(teller, body, records={digest: data + b" "}) == ["record_differs"]
    desk.perform(teller, body, records={digest: data})
    with desk.device.reading() as connection:
        assert account_activity(connection, account).lines[0].details == {"narrative": "rent"}


@both_homes
def test_who_listens_hears_what_changed(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    account = account_with(branch, 1_000_00)
    heard: list[Any] = []
    end = desk.device.on_change(heard.append)
    desk.perform(teller, desk.withdrawn(account, 1))
    end()
    desk.perform(teller, desk.withdrawn(account, 1))
    assert [(change.kinds, change.accounts) for change in heard] == [
        (frozenset({"cash.withdrawn"}), frozenset({account}))
    ]


@both_homes
def test_acting_at_once_is_performing(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    account = account_with(branch, 1_000_00)
    done = desk.device.act("cash.withdrawn", desk.withdrawn(account, 1_00), session=teller)
    assert isinstance(done, Performed)
    refused = desk.device.act("cash.withdrawn", desk.withdrawn(account, 1_000_00), session=teller)
    assert isinstance(refused, Refusals)
