"""Allowances at the centre: many accounts in one go, within cap and floor, and nobody's trouble is another's."""

from __future__ import annotations

import msgspec
import pytest

from core.book.rows import DepositAccount, Right
from core.envelope import read_operation
from core.errors import Refusal
from core.ids import Identifiers
from core.operations.accounts import AccountFrozen
from core.operations.rights import RECALL_HEEDED_MS, RightsGranted, RightsReturned, payable_by, right_of
from core.rights import AllowancePolicy
from core.sync.messages import AllowancesAnswer, AllowancesWanted
from sync_server.centre.allowances import ACCOUNTS_PER_GRANT, KEPT_FOR_TELLERS, ToppedUp, top_up_all
from sync_server.centre.buckets import BUCKET, REFILL_MS
from sync_server.centre.recalls import recall, recall_for
from sync_server.centre.rights import Grant, grant_rights
from sync_server.store.memory import MemoryDatabase
from tests.sync_server.branch import Branch
from tests.sync_server.centre_bank import CentreBank, Desk
from tests.sync_server.home_bank import HomeBank, SeededDesk

POLICY = AllowancePolicy(amount=100_00, cap=1_000_00, accounts=50, floor=10_00, floor_percent=50)


@pytest.fixture
def branch() -> Branch:
    bank = HomeBank(MemoryDatabase())
    return Branch(bank, bank.desk("nor-1", "nor"))


def returned_accounts(branch: Branch, count: int, deposit: int = 1_000_00) -> list[str]:
    """Accounts with that much in them, which nobody holds."""
    made = [branch.one.account(deposit) for _ in range(count)]
    for account in made:
        branch.one.make(RightsReturned(account=account, currency="DKK", returned=deposit), at_drawer=False)
    branch.bank.settle(branch.one)
    return made


def ask(
    branch: Branch, desk: SeededDesk, *accounts: str | tuple[str, int], policy: AllowancePolicy = POLICY
) -> ToppedUp:
    asked = [each if isinstance(each, tuple) else (each, 0) for each in accounts]
    device = branch.bank.device(desk)
    with branch.bank.database.transaction() as home:
        answer = top_up_all(home, branch.bank.centre, device, asked, policy)
    assert isinstance(answer, ToppedUp), answer
    return answer


def held(branch: Branch, desk: SeededDesk, account: str) -> int:
    with branch.bank.database.transaction() as home:
        return payable_by(right_of(account, desk.chain.device, desk.chain.epoch, home.book(locking=False)))


def skipped(answer: ToppedUp) -> dict[str, str]:
    return {each.account: each.code for each in answer.skipped}


def available(branch: Branch, account: str) -> int:
    with branch.bank.database.transaction() as home:
        row = home.book(locking=False).get(DepositAccount, account)
    assert row is not None
    return row.posted - row.rights


def test_many_accounts_are_topped_up_in_one_go_each_by_a_grant_of_its_own(branch: Branch) -> None:
    accounts = returned_accounts(branch, 5)
    answer = ask(branch, branch.two, *accounts)
    assert (answer.granted, answer.skipped, answer.retry_after_ms) == (5, (), 0)
    items = [item for page in branch.bank.feed("nor") for item in page.items]
    bodies = [
        msgspec.json.decode(operation.body, type=RightsGranted)
        for item in items
        if (operation := read_operation(item.jws).operation).kind == "rights.granted"
    ]
    assert [(each.account, each.device, each.granted) for each in bodies] == [
        (account, "nor-2", 100_00) for account in accounts
    ]
    again = ask(branch, branch.two, *((account, 100_00) for account in accounts))
    assert (again.granted, set(skipped(again).values())) == (0, {"not_available"})


def test_two_desks_share_an_account_that_has_little(branch: Branch) -> None:
    (account,) = returned_accounts(branch, 1, deposit=120_00)
    for desk in (branch.one, branch.two, branch.one, branch.two):
        with branch.bank.database.transaction() as home:
            right = home.book(locking=False).get(Right, account, desk.chain.device, 1)
        ask(branch, desk, (account, right.granted if right is not None else 0))
    assert (held(branch, branch.one, account), held(branch, branch.two, account)) == (60_00, 30_00)
    assert available(branch, account) == 30_00
    device = branch.bank.device(branch.two)
    with branch.bank.database.transaction() as home:
        short = grant_rights(home, branch.bank.centre, device, account, least=70_00, amount=70_00)
    assert short == Grant(0, 30_00, 0, 40_00), "a shortage recalls from the other desk as ever"


def test_a_request_that_comes_again_tops_up_once_though_money_was_paid_out_since(branch: Branch) -> None:
    (account,) = returned_accounts(branch, 1)
    ask(branch, branch.two, account)
    branch.two.make(branch.two.withdrawal(account, 100_00))
    branch.bank.settle(branch.two)
    assert skipped(ask(branch, branch.two, account)) == {account: "holding_differs"}
    assert ask(branch, branch.two, (account, 100_00)).granted == 1


def test_what_speaks_against_one_account_leaves_the_others_alone(branch: Branch) -> None:
    good, frozen, little = *returned_accounts(branch, 2), *returned_accounts(branch, 1, deposit=10_00)
    branch.one.make(AccountFrozen(account=frozen, reason="police"), at_drawer=False)
    branch.bank.settle(branch.one)
    far = branch.bank.desk("syd-1", "syd")
    elsewhere = far.account(500_00)
    far.make(RightsReturned(account=elsewhere, currency="DKK", returned=500_00), at_drawer=False)
    branch.bank.settle(far)
    unknown = Identifiers(branch.bank.maker.clock, branch.bank.maker.randomness).new()
    answer = ask(branch, branch.two, frozen, elsewhere, unknown, little, good, good)
    assert answer.granted == 1
    assert skipped(answer) == {
        frozen: "account_frozen",
        elsewhere: "account_elsewhere",
        unknown: "account_unknown",
        little: "not_available",
        good: "account_repeated",
    }
    assert held(branch, branch.two, good) == 100_00


def test_a_device_holds_by_allowance_no_more_than_its_cap_and_on_no_more_accounts(branch: Branch) -> None:
    accounts = returned_accounts(branch, 6)
    capped = msgspec.structs.replace(POLICY, cap=250_00)
    answer = ask(branch, branch.two, *accounts[:4], policy=capped)
    assert (answer.granted, skipped(answer)) == (3, {accounts[3]: "allowance_cap_reached"})
    assert [held(branch, branch.two, account) for account in accounts[:4]] == [100_00, 100_00, 50_00, 0]
    few = ask(branch, branch.two, *accounts[3:], policy=msgspec.structs.replace(POLICY, accounts=4))
    assert (few.granted, skipped(few)) == (1, dict.fromkeys(accounts[4:], "allowance_cap_reached"))


def test_what_is_held_beyond_the_allowance_takes_no_more_of_the_cap_than_the_allowance(branch: Branch) -> None:
    big = branch.two.account(deposit=900_00)
    branch.bank.settle(branch.two)
    assert held(branch, branch.two, big) == 900_00
    accounts = returned_accounts(branch, 2)
    assert ask(branch, branch.two, *accounts, policy=msgspec.structs.replace(POLICY, cap=300_00)).granted == 2


def test_a_recalled_account_is_left_alone_for_an_hour(branch: Branch) -> None:
    (account,) = returned_accounts(branch, 1)
    ask(branch, branch.two, account)
    with branch.bank.database.transaction() as home:
        recall(home, branch.bank.centre, account, "nor-2", 1)
    branch.two.make(RightsReturned(account=account, currency="DKK", returned=100_00), at_drawer=False)
    branch.bank.settle(branch.two)
    assert skipped(ask(branch, branch.two, (account, 100_00))) == {account: "recalled"}
    branch.bank.maker.clock.advance(RECALL_HEEDED_MS)
    assert ask(branch, branch.two, (account, 100_00)).granted == 1


def test_what_is_recalled_to_nothing_is_recalled_once_though_more_is_needed(branch: Branch) -> None:
    with branch.bank.database.transaction() as home:
        book = home.book()
        account = book.get(DepositAccount, branch.account)
        assert account is not None
        coming, last = recall_for(home, branch.bank.centre, account, book, 5_000_00, besides=None)
        again = recall_for(home, branch.bank.centre, account, book, 5_000_00, besides=None)
    assert (coming, last is not None, again) == (1_000_00, True, (1_000_00, None))


def test_allowances_leave_half_of_the_bucket_to_customers_at_the_counter(branch: Branch) -> None:
    accounts, clock = returned_accounts(branch, 3), branch.bank.maker.clock
    branch.hand_back(branch.one, 1_000_00)
    for _ in range(BUCKET - KEPT_FOR_TELLERS):
        assert isinstance(branch.want(branch.two, 1), Grant)
    answer = ask(branch, branch.two, *accounts)
    assert (answer.granted, set(skipped(answer).values())) == (0, {"too_many_grants"})
    assert answer.retry_after_ms > 0
    assert isinstance(branch.want(branch.two, 1), Grant), "a teller still gets one"
    clock.advance(answer.retry_after_ms + 2 * REFILL_MS)
    assert ask(branch, branch.two, *accounts).granted == len(accounts) <= ACCOUNTS_PER_GRANT


def test_who_gave_away_what_it_did_not_hold_gets_no_allowance_at_all(branch: Branch) -> None:
    (account,) = returned_accounts(branch, 1)
    branch.two.make(branch.two.withdrawal(account, 5_00))
    branch.bank.settle(branch.two)
    device = branch.bank.device(branch.two)
    with branch.bank.database.transaction() as home:
        assert top_up_all(home, branch.bank.centre, device, [(account, 0)], POLICY) == Refusal("grants_stopped")


# Over a real server


@pytest.fixture
def desks(bank: CentreBank, address: str) -> tuple[Desk, Desk]:
    made = bank.desk(f"nor-{bank.clock.now_ms()}a", "nor"), bank.desk(f"nor-{bank.clock.now_ms()}b", "nor")
    for desk in made:
        desk.settle(address)
    return made


def test_a_server_tops_up_says_its_policy_and_refuses_what_is_no_list_of_accounts(
    bank: CentreBank, address: str, desks: tuple[Desk, Desk]
) -> None:
    one, two = desks
    accounts = [one.account(deposit=20_000_00) for _ in range(3)]
    for account in accounts:
        one.make(RightsReturned(account=account, currency="DKK", returned=20_000_00))
    one.settle(address)

    def post(content: bytes) -> tuple[int, bytes]:
        response = two.request(address, "POST", "/v1/allowances", content)
        return response.status_code, response.content

    wanted = AllowancesWanted(0, tuple((account, 0) for account in accounts))
    answers = [msgspec.json.decode(post(msgspec.json.encode(wanted))[1], type=AllowancesAnswer) for _ in range(2)]
    assert [each.granted for each in answers] == [3, 0]
    assert {each.code for each in answers[1].skipped} == {"holding_differs"}
    assert answers[0].policy == AllowancePolicy()
    rows = bank.rows("SELECT granted FROM rights WHERE device = %s", two.chain.device)
    assert rows == [(5_000_00,)] * 3
    with bank.transaction() as home:
        assert home.lookups.allowance_held((two.chain.device, 1), 4_000_00) == (12_000_00, 3)
    account = accounts[0]
    hostile = [
        {"after": 0, "accounts": [[account, -1]]},
        {"after": 0, "accounts": [[account, 1.5]]},
        {"after": 0, "accounts": [[account]]},
        {"after": 0, "accounts": [["\x00" * 36, 0]]},
        {"after": 0, "accounts": [[account, 2**63]]},
        {"after": 0, "accounts": [[account, 0]] * 101},
        {"after": -1, "accounts": []},
        {"after": 0},
    ]
    for body in hostile:
        status, content = post(msgspec.json.encode(body))
        assert (status, msgspec.json.decode(content)["code"]) == (422, "request_malformed"), body
    many = b'{"after":0,"accounts":[' + b",".join([b'["x",0]'] * 10**6) + b"]}"
    assert msgspec.json.decode(post(many)[1])["code"] == "body_too_large"
    empty = msgspec.json.decode(post(b'{"after":0,"accounts":[]}')[1], type=AllowancesAnswer)
    assert (empty.granted, empty.skipped) == (0, ())
