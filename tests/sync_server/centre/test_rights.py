"""Grants: cumulative, committed before they are sent, and never above what an account has left."""

from collections.abc import Iterable
from itertools import count

import msgspec
import pytest

from core.envelope import read_operation
from core.ids import Identifiers, system_randomness
from core.operations.accounts import AccountFrozen
from core.operations.rights import RightsGranted, RightsReturned
from core.sync.messages import FeedItem
from sync_server.centre.cases import Decision, close_case
from tests.sync_server.centre_bank import CentreBank, Desk, answer_of, at_once

_numbers = count(1)


@pytest.fixture
def desk(bank: CentreBank, address: str) -> Desk:
    made = bank.desk(f"nor-{next(_numbers)}", "nor")
    made.settle(address)
    return made


@pytest.fixture
def account(bank: CentreBank, address: str, desk: Desk) -> str:
    """An account of another device that has handed all its rights back: 1,000.00 are available."""
    account = desk.account(deposit=1000_00)
    desk.make(RightsReturned(account=account, currency="DKK", returned=1000_00))
    desk.settle(address)
    return account


def granted_to(desk: Desk, items: Iterable[FeedItem]) -> list[int]:
    """The cumulative grants to a device, in the order of the feed."""
    operations = [read_operation(item.jws).operation for item in items]
    bodies = [
        msgspec.json.decode(each.body, type=RightsGranted) for each in operations if each.kind == "rights.granted"
    ]
    return [body.granted for body in bodies if body.device == desk.chain.device]


def test_a_grant_states_the_sum_so_far_and_stands_in_the_feed(
    bank: CentreBank, address: str, desk: Desk, account: str
) -> None:
    first = desk.want(address, account, 300_00)
    second = desk.want(address, account, 200_00)
    assert (first.granted, first.available, second.granted, second.available) == (300_00, 700_00, 200_00, 500_00)
    assert granted_to(desk, second.page.items) == [300_00, 500_00]
    assert granted_to(desk, desk.feed(address).items) == [300_00, 500_00]
    desk.make(desk.withdrawal(account, 500_00))
    assert desk.settle(address)[-1].verdict == "applied"


def test_no_more_is_granted_than_there_is(bank: CentreBank, address: str, desk: Desk, account: str) -> None:
    assert desk.want(address, account, 10**12).granted == 1000_00
    nothing = desk.want(address, account, 1)
    assert (nothing.granted, nothing.available) == (0, 0)


def test_less_than_the_least_that_helps_is_not_granted(
    bank: CentreBank, address: str, desk: Desk, account: str
) -> None:
    assert desk.want(address, account, 2000_00, least=1500_00).granted == 0
    assert desk.want(address, account, 2000_00, least=1000_00).granted == 1000_00


def test_grants_to_several_devices_at_once_never_exceed_the_account(
    bank: CentreBank, two_addresses: tuple[str, str], desk: Desk, account: str
) -> None:
    others = [bank.desk(f"nor-{next(_numbers)}", "nor") for _ in range(4)]
    asked = [(each, two_addresses[n % 2]) for n, each in enumerate([desk, *others] * 3)]
    answers = at_once(*(lambda each=each, to=to: each.want(to, account, 90_00) for each, to in asked))
    assert sum(answer.granted for answer in answers) == 1000_00
    rights = bank.rows("SELECT rights, posted FROM deposit_accounts WHERE id = %s", account)
    assert rights == [(1000_00, 1000_00)]


def test_what_a_device_holds_is_not_granted_to_another(bank: CentreBank, address: str, desk: Desk) -> None:
    account = desk.account(deposit=1000_00)
    desk.settle(address)
    other = bank.desk(f"nor-{next(_numbers)}", "nor")
    assert other.want(address, account, 1).granted == 0


def test_nothing_is_granted_on_an_account_that_is_frozen_elsewhere_or_unknown(
    bank: CentreBank, address: str, desk: Desk, account: str
) -> None:
    far = bank.desk(f"syd-{next(_numbers)}", "syd")
    assert refused(far, address, account) == (409, "account_elsewhere")
    assert refused(desk, address, Identifiers(bank.clock).new()) == (404, "account_unknown")
    assert refused(desk, address, "\x00" * 36) == (422, "request_malformed")
    desk.make(AccountFrozen(account=account, reason="police"))
    desk.settle(address)
    assert refused(desk, address, account) == (409, "account_frozen")


def test_a_request_repeated_is_granted_once_and_answered_alike(
    bank: CentreBank, address: str, desk: Desk, account: str
) -> None:
    asked = [desk.want(address, account, 300_00, holding=0) for _ in range(3)]
    assert [(each.granted, each.available) for each in asked] == [(300_00, 700_00)] * 3
    assert granted_to(desk, asked[-1].page.items) == [300_00]
    assert desk.want(address, account, 300_00, holding=300_00).granted == 300_00
    assert desk.want(address, account, 700_00, least=650_00, holding=300_00).granted == 700_00
    assert granted_to(desk, desk.feed(address).items) == [300_00, 600_00, 1000_00]


def test_requests_repeated_at_once_are_granted_once(
    bank: CentreBank, two_addresses: tuple[str, str], desk: Desk, account: str
) -> None:
    answers = at_once(*(lambda to=to: desk.want(to, account, 300_00, holding=0) for to in two_addresses * 3))
    assert [answer.granted for answer in answers] == [300_00] * 6
    assert bank.rows("SELECT rights FROM deposit_accounts WHERE id = %s", account) == [(300_00,)]


def test_who_gave_away_more_than_it_held_is_granted_nothing_until_a_person_has_looked(
    bank: CentreBank, address: str, desk: Desk, account: str
) -> None:
    beyond = desk.make(desk.withdrawal(account, 100_00))
    desk.settle(address)
    assert bank.cases(beyond.operation.id) == ["rights_exceeded"]
    assert refused(desk, address, account) == (409, "grants_stopped")
    with bank.transaction() as home:
        (number,) = bank.rows("SELECT no FROM cases WHERE operation_id = %s", beyond.operation.id)[0]
        assert close_case(home, bank.centre, system_randomness, number, Decision("nor-1-s", "miscounted")) is None
    assert desk.want(address, account, 1_00).granted == 1_00


def test_account_numbers_are_leased_when_few_are_left_and_not_by_asking_often(
    bank: CentreBank, address: str, desk: Desk
) -> None:
    def blocks() -> int:
        content = msgspec.json.encode({"after": 0})
        assert desk.request(address, "POST", "/v1/iban-blocks", content).status_code == 200
        return int(bank.rows("SELECT count(*) FROM iban_blocks WHERE device = %s", desk.chain.device)[0][0])

    assert [blocks() for _ in range(3)] == [1] * 3
    with bank.connection(as_owner=True) as connection:
        connection.execute(b"UPDATE iban_blocks SET last = first + 400 WHERE device = %s", (desk.chain.device,))
    assert [blocks() for _ in range(3)] == [2] * 3


def test_a_device_whose_chain_does_not_hold_hands_in_and_reads_and_does_nothing_else(
    bank: CentreBank, address: str, desk: Desk, account: str
) -> None:
    forked = desk.draft(desk.deposit(account, 7_00))
    desk.make(desk.deposit(account, 1_00))
    desk.settle(address)
    desk.push(address, [forked])
    assert refused(desk, address, account) == (403, "device_quarantined")
    for method, path, content in (
        ("POST", "/v1/iban-blocks", {"after": 0}),
        ("POST", "/v1/staff/introductions", {"introduction": "a.b.c"}),
        ("POST", "/v1/staff/sign-ins", {"person": "x", "password": "y", "code": "1"}),
        ("GET", "/v1/staff/introductions", None),
    ):
        response = desk.request(address, method, path, msgspec.json.encode(content) if content else b"")
        assert (response.status_code, response.json()["code"]) == (403, "device_quarantined")
    desk.make(desk.deposit(account, 2_00))
    assert [verdict.verdict for verdict in answer_of(desk.push(address)).verdicts] == ["quarantined"]
    assert desk.feed(address).items


def refused(desk: Desk, address: str, account: str) -> tuple[int, str]:
    content = msgspec.json.encode({"account": account, "least": 0, "amount": 1, "after": 0})
    response = desk.request(address, "POST", "/v1/rights", content)
    return response.status_code, response.json()["code"]
