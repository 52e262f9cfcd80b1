"""The feeds: positions without gaps under concurrent writers, never skipping a late commit, each for its readers."""

from itertools import count

import pytest

from core.envelope import read_operation
from tests.sync_server.centre_bank import CentreBank, Desk, at_once

_numbers = count(1)


@pytest.fixture
def desks(bank: CentreBank, two_addresses: tuple[str, str]) -> list[Desk]:
    """Four devices of the branch `nor`, each with an account."""
    made = [bank.desk(f"nor-{next(_numbers)}", "nor") for _ in range(4)]
    for desk in made:
        desk.account(deposit=100_00)
        desk.settle(two_addresses[0])
    return made


def test_a_reader_never_misses_what_two_processes_write_at_once(
    bank: CentreBank, two_addresses: tuple[str, str], desks: list[Desk]
) -> None:
    reader = bank.desk(f"nor-{next(_numbers)}", "nor")
    reader.settle(two_addresses[0])
    begun = reader.feed(two_addresses[0], after=0, limit=1).head
    account = next(iter(desks[0].iban_of))
    for desk in desks:
        for _ in range(120):
            desk.make(desk.deposit(account, 1))
    wanted = {each.jws for desk in desks for each in desk.unsent}
    read: list[str] = []
    positions: list[int] = []

    def write(desk: Desk, to: str) -> None:
        while desk.unsent:
            run = desk.unsent[:7]
            assert desk.push(to, run).status_code == 200
            desk.pushed += len(run)

    def follow() -> None:
        after = begun
        while len(read) < len(wanted):
            page = reader.feed(two_addresses[1], after=after, limit=50)
            positions.extend(item.position for item in page.items)
            read.extend(item.jws for item in page.items)
            after += len(page.items)

    at_once(follow, *(lambda desk=desk, n=n: write(desk, two_addresses[n % 2]) for n, desk in enumerate(desks)))
    assert positions == list(range(begun + 1, begun + 1 + len(wanted)))
    assert set(read) == wanted
    assert bank.balance(account) == 100_00 + len(wanted)


def test_a_feed_gives_what_was_signed_with_the_verdict_and_the_records(
    bank: CentreBank, two_addresses: tuple[str, str], desks: list[Desk]
) -> None:
    desk = desks[0]
    details = desk.record(narrative="for the boat")
    account = desk.account()
    records = dict(desk.records)
    made = desk.unsent
    verdicts = desk.settle(two_addresses[0])
    head = desk.feed(two_addresses[1], limit=1).head
    page = desk.feed(two_addresses[1], after=head - len(made))
    assert [item.jws for item in page.items] == [each.jws for each in made]
    assert [item.verdict for item in page.items] == list(verdicts)
    carried = {digest: text for item in page.items for digest, text in item.records.items()}
    assert carried == {digest: text for digest, text in records.items() if digest != details}
    assert account == made[-1].operation.id


def test_a_device_reads_the_banks_feed_and_its_own_branchs_only(
    bank: CentreBank, two_addresses: tuple[str, str], desks: list[Desk]
) -> None:
    address = two_addresses[0]
    assert desks[0].feed(address, "bank").items
    for feed in ("syd", "vest", "nor%00", "bank%2F"):
        refused = desks[0].request(address, "GET", f"/v1/feeds/{feed}?after=0")
        assert refused.json()["code"] in {"feed_not_yours", "signature_wrong", "not_found"}, refused.text
    assert all(read_operation(item.jws).operation.branch == "nor" for item in desks[0].feed(address).items)


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=99999999999999999999", "limit=0", "limit=501"])
def test_a_place_that_can_not_be_is_refused(two_addresses: tuple[str, str], desks: list[Desk], query: str) -> None:
    refused = desks[0].request(two_addresses[0], "GET", f"/v1/feeds/nor?{query}")
    assert (refused.status_code, refused.json()["code"]) == (422, "request_malformed")


def test_what_is_needed_first_is_named(bank: CentreBank, two_addresses: tuple[str, str], desks: list[Desk]) -> None:
    page = desks[0].feed(two_addresses[0])
    assert page.read_bank_to == desks[0].feed(two_addresses[0], "bank").head
