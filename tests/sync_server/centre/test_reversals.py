"""What an ended desk had done is reversed by the centre, as two supervisors ask: once, from what is there."""

from __future__ import annotations

import msgspec
import pytest

from core.book.rows import LedgerBalance, Recall, Reversal, Right
from core.envelope import Signed
from core.ledger import reversed_postings
from core.operations import rules
from core.operations.cash import CashDeposited
from core.operations.reversals import EntryReversed, ReversalRequested, lines
from core.operations.terms import AccountClosureRequested
from sync_server.centre.devices import revoke_device
from sync_server.centre.terms import charge_fee, place_hold
from sync_server.centre.visits import Visit, lend_file
from sync_server.store.memory import MemoryDatabase
from tests.bank import SignedIn
from tests.sync_server.branch import Branch, decide, late_run, settle_everything, write_off
from tests.sync_server.home_bank import HomeBank, SeededDesk


@pytest.fixture
def branch() -> Branch:
    bank = HomeBank(MemoryDatabase())
    return Branch(bank, bank.desk("nor-1", "nor"))


def end(branch: Branch, device: str = "nor-1") -> None:
    with branch.bank.database.transaction() as home:
        revoke_device(home, branch.bank.centre, device, 1)


def undoing(original: Signed) -> ReversalRequested:
    postings = reversed_postings(rules.decode(original).postings)
    return ReversalRequested(reverses=original.operation.id, reverses_hash=original.hash, postings=lines(postings))


def ask(branch: Branch, original: Signed, by: SignedIn | None = None) -> str:
    """Two supervisors at the second desk ask for it."""
    return ask_at(branch, branch.two, undoing(original), by or branch.second(branch.two))


def ask_at(branch: Branch, desk: SeededDesk, body: ReversalRequested, second: SignedIn) -> str:
    draft = branch.bank.maker.draft(desk.supervisor, body, approver=second)
    desk.chain.operations.append(draft.signed)
    branch.bank.settle(desk)
    settle_everything(branch)
    return draft.operation.id


def answer(branch: Branch, request: str) -> tuple[str, str | None]:
    row = branch.request(request)
    return row.state, row.reason


def reversal_of(branch: Branch, original: Signed) -> str | None:
    rows = (row for row in branch.bank.rows(Reversal) if isinstance(row, Reversal))
    return next((row.reversed_by for row in rows if row.reverses == original.operation.id), None)


def test_a_payment_of_a_desk_that_has_ended_is_given_back_once(branch: Branch) -> None:
    paid = branch.one.make(branch.one.withdrawal(branch.account, 300_00))
    branch.bank.settle(branch.one)
    end(branch)
    second = branch.second(branch.two)
    request = ask(branch, paid, second)
    assert answer(branch, request) == ("done", None)
    assert branch.row().posted == 1_000_00
    assert branch.row().rights == 700_00, "what the ended desk may have paid stays set aside"
    assert reversal_of(branch, paid) is not None
    assert answer(branch, ask(branch, paid, second)) == ("declined", "already_reversed")
    assert branch.row().posted == 1_000_00


def test_what_the_centre_booked_late_is_reversed_by_it_once(branch: Branch) -> None:
    write_off(branch)
    settle_everything(branch)
    made, _ = late_run(branch)
    decide(branch, made, accept=True)
    settle_everything(branch)
    paid, taken_in = made
    second = branch.bank.maker.sign_in(branch.two.chain, "nor-2-b")
    assert answer(branch, ask(branch, paid, second)) == ("done", None)
    assert branch.row().posted == 1_050_00
    assert answer(branch, ask(branch, taken_in, second)) == ("done", None)
    assert branch.row().posted == 1_000_00
    for original in made:
        assert answer(branch, ask(branch, original, second)) == ("declined", "already_reversed")
    assert branch.row().posted == 1_000_00


def test_what_was_refused_is_not_there_to_be_reversed(branch: Branch) -> None:
    write_off(branch)
    settle_everything(branch)
    made, _ = late_run(branch)
    decide(branch, made, accept=False)
    settle_everything(branch)
    second = branch.bank.maker.sign_in(branch.two.chain, "nor-2-b")
    assert answer(branch, ask(branch, made[0], second)) == ("declined", "reversed_unknown")


def test_a_late_reversal_of_a_late_payment_is_in_order_and_gives_its_rights_back(branch: Branch) -> None:
    end(branch)
    branch.second(branch.two)
    desk = branch.one
    paid = desk.make(desk.withdrawal(branch.account, 600_00))
    body = EntryReversed(
        reverses=paid.operation.id,
        reverses_hash=paid.hash,
        postings=lines(reversed_postings(rules.decode(paid).postings)),
    )
    draft = branch.bank.maker.draft(desk.teller, body, approver=desk.supervisor, drawer=paid.operation.drawer)
    desk.chain.operations.append(draft.signed)
    branch.bank.push(desk)
    decide(branch, [paid, draft.signed], accept=True)
    settle_everything(branch)
    assert (branch.row().posted, branch.row().rights) == (1_000_00, 1_000_00)
    held = [row for row in branch.bank.rows(Right) if isinstance(row, Right) and row.device == "nor-1"]
    assert [(row.minted, row.used) for row in held] == [(1_600_00, 600_00)]
    with branch.bank.database.transaction() as home:
        assert "reversed_unknown" not in home.open_case_codes(("centre-nor", 1))


def test_taking_a_credit_back_waits_for_what_other_desks_hold(branch: Branch) -> None:
    taken_in = branch.two.make(branch.two.deposit(branch.account, 200_00))
    branch.bank.settle(branch.two)
    end(branch, "nor-2")
    second = branch.second(branch.one)
    request = ask_at(branch, branch.one, undoing(taken_in), second)
    assert answer(branch, request) == ("waiting", None)
    recalls = [row for row in branch.bank.rows(Recall) if isinstance(row, Recall)]
    assert [(row.device, row.gone_to) for row in recalls] == [("nor-1", 200_00)]
    branch.hand_back(branch.one, 200_00)
    settle_everything(branch)
    assert answer(branch, request) == ("done", None)
    assert (branch.row().posted, branch.row().rights) == (1_000_00, 1_000_00)


def test_a_credit_that_nothing_covers_any_more_is_not_taken_back(branch: Branch) -> None:
    taken_in = branch.one.make(branch.one.deposit(branch.account, 200_00))
    branch.bank.settle(branch.one)
    end(branch)
    assert answer(branch, ask(branch, taken_in)) == ("declined", "AM04")
    assert branch.row().posted == 1_200_00


def test_a_hold_bites_on_what_is_taken_back(branch: Branch) -> None:
    account = branch.two.account(deposit=300_00)
    branch.bank.settle(branch.two)
    taken_in = branch.one.make(branch.one.deposit(account, 200_00))
    branch.bank.settle(branch.one)
    write_off(branch)
    settle_everything(branch)
    with branch.bank.database.transaction() as home:
        place_hold(home, branch.bank.centre, account, 500_00, "garnishment")
    second = branch.bank.maker.sign_in(branch.two.chain, "nor-2-b")
    assert answer(branch, ask(branch, taken_in, second)) == ("declined", "AM04")


def test_what_a_living_desk_has_done_it_reverses_itself(branch: Branch) -> None:
    paid = branch.one.make(branch.one.withdrawal(branch.account, 300_00))
    branch.bank.settle(branch.one)
    assert answer(branch, ask(branch, paid)) == ("declined", "reversed_elsewhere")


def test_nothing_is_posted_to_an_account_that_is_closed(branch: Branch) -> None:
    paid = branch.one.make(branch.one.withdrawal(branch.account, 1_000_00))
    branch.ask(branch.one, AccountClosureRequested(account=branch.account))
    settle_everything(branch)
    end(branch)
    assert answer(branch, ask(branch, paid)) == ("declined", "AC04")


def test_one_person_asks_for_nothing_and_a_teller_least(branch: Branch) -> None:
    paid = branch.one.make(branch.one.withdrawal(branch.account, 300_00))
    branch.bank.settle(branch.one)
    end(branch)
    body = undoing(paid)
    for signed in (branch.two.supervisor, branch.two.teller):
        draft = branch.bank.maker.draft(signed, body)
        branch.two.chain.operations.append(draft.signed)
        branch.bank.settle(branch.two)
        settle_everything(branch)
        assert branch.request(draft.operation.id).reason in {"approval_needed", "role_not_allowed"}
    assert branch.row().posted == 700_00


def test_the_centres_own_debits_are_not_undone_by_a_branch(branch: Branch) -> None:
    branch.hand_back(branch.one, 100_00)
    with branch.bank.database.transaction() as home:
        fee = charge_fee(home, branch.bank.centre, branch.account, 1_00, "monthly").settled.decoded.signed
    assert answer(branch, ask(branch, fee)) == ("declined", "reversed_elsewhere")


def test_what_is_undone_is_exactly_what_was_done(branch: Branch) -> None:
    paid = branch.one.make(branch.one.withdrawal(branch.account, 300_00))
    branch.bank.settle(branch.one)
    end(branch)
    more = tuple(msgspec.structs.replace(line, amount=line.amount * 2) for line in undoing(paid).postings)
    body = msgspec.structs.replace(undoing(paid), postings=more)
    request = ask_at(branch, branch.two, body, branch.second(branch.two))
    assert answer(branch, request) == ("declined", "reversal_differs")


def test_what_a_visited_desk_did_is_undone_in_the_books_of_both_branches(branch: Branch) -> None:
    bank = branch.bank
    away, beside = bank.desk("syd-1", "syd"), bank.desk("syd-2", "syd")
    iban = branch.row().iban
    with bank.database.transaction() as home:
        lent = lend_file(home, bank.centre, bank.maker.randomness, bank.device(away), iban)
    assert isinstance(lent, Visit)
    body = CashDeposited(account=branch.account, account_branch="nor", currency="DKK", amount=40_00)
    taken_in = away.make(body)
    bank.settle(away)
    end(branch, "syd-1")
    request = ask_at(branch, beside, undoing(taken_in), branch.second(beside))
    assert answer(branch, request) == ("done", None)
    assert branch.row().posted == 1_000_00
    rows = [row for row in bank.rows(LedgerBalance) if isinstance(row, LedgerBalance)]
    assert [row.balance for row in rows if row.account == "clearing:branches" and row.balance] == []
