"""Whoever will never report to a restored centre is given up, and written off before his branch goes on."""

from __future__ import annotations

import msgspec
from nacl.signing import SigningKey

from core.book.rows import DeviceEpoch, Request
from core.canonical import thumbprint
from core.envelope import read_operation, sign_operation
from core.errors import Refusal
from core.operations.ended import DeviceWriteOffRequested
from core.sync.messages import GivenBack, GivenItem, Reported
from sync_server.centre.devices import give_up, revoke_device
from sync_server.centre.given_back import take_given_back
from sync_server.centre.incarnations import take_report
from sync_server.centre.recovery import gather
from sync_server.centre.rights import grant_rights
from sync_server.centre.terms import charge_fee
from sync_server.centre.write_offs import exposure_of
from tests.sync_server.restored_bank import DeskAtWork, RestoredBank, books, case_codes, in_memory


def write_off_of(bank: RestoredBank, device: str) -> DeviceWriteOffRequested:
    """What two supervisors sign, having been shown what it may cost."""
    with bank.database.transaction() as home:
        shown = exposure_of(home, device, 1)
    assert shown is not None
    return DeviceWriteOffRequested(
        device=device, epoch=1, head_seq=shown.head_seq, currency="DKK", exposure=shown.amount
    )


@in_memory
def test_a_lost_device_holds_its_branch_up_until_it_is_given_up_and_written_off(
    bank: RestoredBank, one: DeskAtWork, two: DeskAtWork
) -> None:
    account = two.account(deposit=500_00)
    two.sync()
    restore = bank.backup()
    restore()
    two.sync_as_far_as_it_goes()
    fee = lambda home: charge_fee(home, bank.centre, account, 1_00, "monthly")  # noqa: E731 - said twice
    asked = two.write_off(write_off_of(bank, "nor-1"))
    two.loop.step()
    assert two.desk.device.outbox().length, "nothing comes in the feed before what nor-1 may have read there"
    with bank.database.transaction() as home:
        assert [row.device for row in given_up(give_up(home, bank.centre, ["nor"]))] == ["nor-1"]
    two.loop.step()
    assert two.desk.device.outbox().length == 0
    assert bank.doing(fee) == "centre_recovering", "what nor-1 holds is not known"
    bank.jobs()
    assert bank.doing(fee) == "not_available", "it waits for nobody any more; all of it is what nor-2 may pay"
    assert request_row(bank, asked).state == "done"
    assert (
        bank.doing(lambda home: grant_rights(home, bank.centre, bank.row_of(two), account, least=0, amount=1)) is None
    )
    assert one.loop.step().device_stopped is not None


def given_up(said: list[DeviceEpoch] | Refusal) -> list[DeviceEpoch]:
    """Who was given up."""
    assert not isinstance(said, Refusal), said
    return said


def request_row(bank: RestoredBank, request: str) -> Request:
    """A request as the centre has it."""
    with bank.database.transaction() as home:
        row = home.book(locking=False).get(Request, request)
    assert row is not None
    return row


@in_memory
def test_nobody_is_revoked_while_others_may_have_more_of_his_chain(
    bank: RestoredBank, one: DeskAtWork, two: DeskAtWork
) -> None:
    restore = bank.backup()
    account = one.account(deposit=90_00)
    one.sync()
    two.sync()
    restore()
    revoke = lambda home: revoke_device(home, bank.centre, "nor-1", 1)  # noqa: E731 - said twice
    assert bank.doing(revoke) == "centre_recovering"
    two.loop.step()
    assert bank.account_row(account).posted == 90_00, "nor-2 had read what nor-1 did"
    assert bank.doing(revoke) is None
    two.loop.step()
    assert bank.account_row(account).posted == 90_00


@in_memory
def test_what_a_revoked_device_had_sent_by_then_is_booked_as_it_was(
    bank: RestoredBank, one: DeskAtWork, two: DeskAtWork
) -> None:
    restore = bank.backup()
    account = one.account(deposit=90_00)
    one.sync()
    with bank.database.transaction() as home:
        assert revoke_device(home, bank.centre, "nor-1", 1) is None
    two.sync()
    before = books(bank)
    restore()
    two.loop.step()
    assert books(bank) == before
    assert bank.account_row(account).posted == 90_00
    assert bank.awaited() == []
    two.write_off(write_off_of(bank, "nor-1"))
    two.loop.step()
    assert two.loop.state.recovering, "what was granted to nor-1 may be known to nobody else"
    bank.jobs()
    two.sync()
    assert case_codes(bank) == []


@in_memory
def test_nothing_is_kept_for_a_centre_that_has_forgotten_nothing(bank: RestoredBank, one: DeskAtWork) -> None:
    one.account(deposit=90_00)
    one.sync()
    last = list(one.desk.device.export_chain("nor-1", 1))[-1]
    given = GivenBack(bank.incarnation(), "nor", (GivenItem(1, last),))
    assert take_given_back(bank.database, bank.known, given) == 0
    with bank.database.transaction() as home:
        take_report(home, bank.centre, bank.row_of(one), Reported(bank.incarnation(), (last,)))
        assert not home.incarnations.has_given(None)


def test_what_a_given_up_device_holds_is_not_forgotten_by_the_next_restore(
    bank: RestoredBank, one: DeskAtWork, two: DeskAtWork
) -> None:
    account = two.account(deposit=500_00)
    two.sync()
    two.desk.device.hand_back_surplus(0)
    two.sync()
    one.sync()
    restore = bank.backup()
    assert one.loop.fetch_rights(account, 300_00, 300_00).granted == 300_00
    restore()
    two.sync_as_far_as_it_goes()
    with bank.database.transaction() as home:
        assert [row.device for row in given_up(give_up(home, bank.centre, ["nor"]))] == ["nor-1"]
    bank.backup()()
    two.sync_as_far_as_it_goes()
    with bank.database.transaction() as home:
        said = grant_rights(home, bank.centre, bank.row_of(two), account, least=500_00, amount=500_00)
    assert isinstance(said, Refusal)
    assert said.code == "centre_recovering"


@in_memory
def test_what_nobody_has_signed_ends_no_chain_and_is_kept_for_nobody(
    bank: RestoredBank, one: DeskAtWork, two: DeskAtWork
) -> None:
    one.account(deposit=100_00)
    one.sync()
    two.sync()
    bank.backup()()
    for desk in (one, two, one, two):
        desk.sync_as_far_as_it_goes()
    last = read_operation(list(one.desk.device.export_chain("nor-1", 1))[-1]).operation
    forger = SigningKey(bytes(32))

    def give(seq: int, prev: str | None) -> None:
        forged = msgspec.structs.replace(last, id=bank.maker.ids.new(), seq=seq, prev=prev)
        jws = sign_operation(forged, forger, thumbprint(bytes(forger.verify_key))).jws
        given = GivenBack(bank.incarnation(), "nor", (GivenItem(1, jws),))
        take_given_back(bank.database, bank.known, given)
        gather(bank.database, bank.centre)

    give(1, None)
    with bank.database.transaction() as home:
        head = home.chain(("nor-1", 1))
        assert head is not None
        assert head.state == "living"
        assert revoke_device(home, bank.centre, "nor-1", 1) is None
    give(head.seq + 1, head.hash)
    with bank.database.transaction() as home:
        assert home.lookups.late(("nor-1", 1)) == []
        assert not home.incarnations.given_feeds()
    assert case_codes(bank) == []
