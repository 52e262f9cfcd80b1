"""After a restore a device may show its own enrolment of an earlier life; nothing else makes anybody known."""

import pytest

from core.envelope import Operation, read_operation, sign_operation
from core.people.keys import key_name
from sync_server.centre.incarnations import begin_incarnation, forgotten_device
from sync_server.store.memory import MemoryDatabase
from tests.sync_server.home_bank import HomeBank, SeededDesk


@pytest.fixture(scope="module")
def restored() -> tuple[HomeBank, SeededDesk]:
    """A bank in its second life, with a desk of the first."""
    bank = HomeBank(MemoryDatabase())
    desk = bank.desk("nor-1", "nor")
    with bank.database.transaction() as home:
        begin_incarnation(home, bank.centre)
    return bank, desk


def enrolment(bank: HomeBank) -> Operation:
    """The desk's, as the centre signed it."""
    signed = (read_operation(item.jws) for page in bank.feed("bank") for item in page.items)
    return next(each.operation for each in signed if each.operation.kind == "device.enrolled")


def known_by(bank: HomeBank, token: str) -> str | None:
    with bank.database.transaction() as home:
        found = forgotten_device(home, token)
    return found.device if found is not None else None


def test_an_enrolment_that_the_centre_signed_makes_its_device_known(restored: tuple[HomeBank, SeededDesk]) -> None:
    bank, _ = restored
    key = bank.centre.keys.signing
    assert known_by(bank, sign_operation(enrolment(bank), key, key_name(key)).jws) == "nor-1"


def test_nothing_else_makes_anybody_known(restored: tuple[HomeBank, SeededDesk]) -> None:
    bank, desk = restored
    own = desk.chain.key
    forged = sign_operation(enrolment(bank), own, key_name(own)).jws
    founding = bank.feed("bank")[0].items[0].jws
    tokens = ("", "\x00", "é.é.é", "a.b.c", "." * 9000, "e30.e30.e30", "x" * 49_000, forged, founding)
    for token in (*tokens, desk.chain.operations[0].jws):
        assert known_by(bank, token) is None
