"""A desk that the centre has ended hands over all that it had done, once, and then asks nothing more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.clock import instant
from core.device import Device, Performed
from core.envelope import operation_hash, read_operation
from core.operations import drawers, rules
from core.operations.cash import CashWithdrawn
from core.operations.sessions import SessionClosed
from core.secrets.vault import FileVault
from core.sync.messages import PushAnswer
from core.sync.transport import Transport
from sync_server.centre.devices import find_device, revoke_device
from sync_server.centre.leases import end_lease, renew_lease
from sync_server.centre.register import DeviceShown, devices
from tests.core.signing_in.conftest import Founded
from tests.core.signing_in.worked_desk import WorkedDesk
from tests.signing_bank import VAULT_PASSPHRASE, RealDesk, SigningBank


def at_work(founded: Founded) -> WorkedDesk:
    desk = WorkedDesk(founded.desk, founded.branch, founded.supervisor, founded.teller)
    desk.open()
    founded.desk.sync()
    return desk


def revoke(bank: SigningBank, device: str) -> None:
    with bank.centre.transaction() as home:
        assert revoke_device(home, bank.centre.centre, device, 1) is None


def late(bank: SigningBank, device: str) -> list[str]:
    with bank.centre.transaction() as home:
        return [each.jws for each in home.lookups.late((device, 1))]


def count_pushes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many operations each push from here on has."""
    sizes: list[int] = []
    push = Transport.push

    def counted(self: Transport, run: object, **more: object) -> PushAnswer:
        sizes.append(len(run.operations))  # type: ignore[attr-defined]
        return push(self, run, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Transport, "push", counted)
    return sizes


def test_a_revoked_desk_hands_over_everything_once_and_then_asks_nothing(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank, desk = founded.bank, founded.desk
    work = at_work(founded)
    revoke(bank, desk.code)
    customer = work.customer("Signe", "Lund")
    account = work.account(customer)
    for amount in (100_00, 200_00, 300_00):
        work.deposit(account, amount)
    monkeypatch.setattr("core.sync.loop.BATCH_MAX", 3)
    desk.reopen()
    unsent = list(desk.device.export_chain(desk.code, 1))[-desk.device.outbox().length :]
    sizes = count_pushes(monkeypatch)
    desk.loop.step()
    assert desk.device.stopped == "quarantined"
    desk.loop.step()
    assert sum(sizes) == len(unsent) == 8
    assert (desk.device.outbox().length, late(bank, desk.code)) == (0, unsent)
    for _ in range(3):
        desk.loop.step()
    assert sum(sizes) == 8
    assert desk.loop.pause_seconds() > 4
    assert desk.loop.state.device_stopped == "quarantined"


def test_what_is_done_at_a_stopped_desk_is_handed_over_too_after_a_restart(founded: Founded) -> None:
    bank, desk = founded.bank, founded.desk
    work = at_work(founded)
    revoke(bank, desk.code)
    desk.loop.step()
    assert desk.device.stopped == "device_revoked"
    assert isinstance(desk.device.close_session(work.teller, "signed-out"), Performed)
    assert desk.device.outbox().length == 1
    desk.reopen()
    # The other session was left open; the program closes it at its start.
    assert desk.device.outbox().length == 2
    desk.loop.step()
    assert (desk.device.outbox().length, len(late(bank, desk.code))) == (0, 2)
    desk.reopen()
    desk.loop.step()
    assert len(late(bank, desk.code)) == 2


def test_the_records_of_what_came_late_are_kept_with_it(founded: Founded) -> None:
    bank, desk = founded.bank, founded.desk
    work = at_work(founded)
    revoke(bank, desk.code)
    work.customer("Signe", "Lund")
    desk.loop.step()
    run = [rules.decode(read_operation(jws)) for jws in late(bank, desk.code)]
    named = [digest for decoded in run for digest in rules.records_named(decoded)]
    assert len(named) == 2
    with bank.centre.transaction() as home:
        assert home.records_missing(named) == set()


def test_a_line_that_fails_in_between_loses_nothing(founded: Founded) -> None:
    bank, desk = founded.bank, founded.desk
    work = at_work(founded)
    revoke(bank, desk.code)
    work.customer("Signe", "Lund")
    desk.cut_the_line()
    assert desk.loop.step().waiting == 2
    desk.reopen()
    waiting = desk.device.outbox().length
    desk.loop.step()
    assert (desk.device.outbox().length, len(late(bank, desk.code))) == (0, waiting)


def test_the_centre_shows_when_it_last_heard_of_a_desk_and_what_came_late(founded: Founded) -> None:
    bank, desk = founded.bank, founded.desk
    work = at_work(founded)
    account = work.account(work.customer("Signe", "Lund"))
    work.deposit(account, 300_00)
    bank.clock.advance(120_000)
    desk.sync()

    def shown() -> DeviceShown:
        with bank.centre.transaction() as home:
            return next(one for one in devices(home.connection) if one.device == desk.code)

    seq = desk.device.chain_head()[0]
    assert (shown().state, shown().head_seq, shown().exposure, shown().late) == ("living", seq, 300_00, 0)
    assert shown().heard_at == instant(bank.clock.now_ms())
    lease = desk.device.lease()
    assert lease is not None
    assert shown().lease_ends_at == lease.ends_at
    revoke(bank, desk.code)
    work.deposit(account, 1_00)
    desk.loop.step()
    assert (shown().state, shown().head_seq, shown().late) == ("revoked", seq, 1)


def test_a_lease_that_a_person_ended_is_not_asked_back_by_the_desk(founded: Founded) -> None:
    bank, desk = founded.bank, founded.desk
    work = at_work(founded)
    account = work.account(work.customer("Signe", "Lund"))
    work.deposit(account, 300_00)
    desk.sync()
    with bank.centre.transaction() as home:
        device = find_device(home, desk.code, 1)
        assert device is not None
        end_lease(home, bank.centre.centre, device)
    bank.clock.advance(11 * 60_000)
    for _ in range(2):
        desk.sync()
        bank.clock.advance(11 * 60_000)
    body = CashWithdrawn(account=account, account_branch=founded.branch, currency="DKK", amount=1_00)
    draft = desk.device.draft("cash.withdrawn", body, session=work.teller)
    assert "lease_ended" in [finding.code for finding in draft.findings]
    with bank.centre.transaction() as home:
        assert renew_lease(home, bank.centre.centre, device) is not None
    desk.sync()
    assert desk.device.draft("cash.withdrawn", body, session=work.teller).may_be_performed


def test_both_copies_of_a_machine_stop_and_nothing_that_either_did_is_dropped(founded: Founded, tmp_path: Path) -> None:
    bank, desk = founded.bank, founded.desk
    work = at_work(founded)
    account = work.account(work.customer("Signe", "Lund"))
    desk.sync()
    desk.close()
    clone = RealDesk(bank, tmp_path / "clone", desk.code)
    shutil.copytree(desk.folder, clone.folder, dirs_exist_ok=True)
    clone.vault = FileVault.open(clone.folder / "secrets.vault", VAULT_PASSPHRASE)
    done = []
    for each, amount in ((desk, 1_00), (clone, 2_00)):
        each.device = Device.open(each.path, each.vault, bank.clock)
        each._connect()
        each.phones = desk.phones
        there = WorkedDesk(each, founded.branch, founded.supervisor, founded.teller)
        there.teller = each.sign_in(founded.teller).session
        there.perform(drawers.DrawerOpened(currency="DKK", amount=0), drawer=f"kasse-{amount}")
        done.append(there.deposit(account, amount).signed.jws)
    desk.sync()
    clone.loop.step()
    clone.loop.step()
    desk.device.act("session.closed", SessionClosed(session="A" * 43, reason="ended"))
    desk.loop.step()
    desk.loop.step()
    assert (desk.device.stopped, clone.device.stopped) == ("quarantined", "chain_forked")
    assert (desk.device.outbox().length, clone.device.outbox().length) == (0, 0)
    with bank.centre.transaction() as home:
        booked = home.hashes_of([read_operation(done[0]).operation.id])
    assert list(booked.values()) == [operation_hash(done[0])]
    assert done[1] in late(bank, desk.code)
    clone.close()
