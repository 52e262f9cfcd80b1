"""A device's clock that runs ahead wins over nobody for longer than until the centre has heard of it."""

import pytest

from core.clock import instant_ms
from core.operations.customers import CustomerAmended
from tests.sync_server.centre_bank import CentreBank, Desk

DAY_MS = 24 * 3600 * 1000


@pytest.fixture
def desk(bank: CentreBank, address: str) -> Desk:
    made = bank.desk("nor-1", "nor")
    made.settle(address)
    return made


def test_a_stamp_after_the_centres_receipt_counts_as_that_receipt(bank: CentreBank, address: str, desk: Desk) -> None:
    desk.account()
    customer = next(each.operation.id for each in desk.unsent if each.operation.kind == "customer.registered")
    desk.settle(address)
    now_ms = bank.clock.now_ms()
    stamps = [f"{now_ms + DAY_MS:013d}-0007-nor-1", f"{now_ms - DAY_MS:013d}-0000-nor-1"]
    for stamp in stamps:
        record = desk.record(city="Odense")
        desk.make(CustomerAmended(customer=customer, fields=("city",), stamp=stamp, record=record))
    ahead, behind = desk.settle(address)
    assert ahead.verdict == behind.verdict == "applied"
    assert ahead.stamp == f"{instant_ms(ahead.received_at):013d}-0007-nor-1"
    assert behind.stamp is None
    kept = bank.rows("SELECT stamp FROM profile_values WHERE field = 'city' ORDER BY stamp")
    assert kept == [(stamps[1],), (ahead.stamp,)]
    head = desk.feed(address, limit=1).head
    assert desk.feed(address, after=head - 2).items[0].verdict == ahead
    assert desk.push(address, desk.chain.operations[-2:]).json()["verdicts"][0]["stamp"] == ahead.stamp
