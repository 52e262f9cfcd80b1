"""A desk that was stopped is enrolled anew: nothing of its old life is lost before the centre keeps it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.clock import FixedClock
from core.device import Device, DeviceIdentity, lives
from core.device.anchor import anchor_path
from core.device.keys import DATABASE_KEY, DEVICE_KEY, device_key
from core.device.lives import NEXT_KEY, Life
from core.errors import KeyringProblem, StoreProblem
from core.ids import system_randomness
from core.people.keys import key_name
from core.secrets.vault import FileVault
from core.signing_in import enrolling
from core.signing_in.enrolling import Requested
from core.store.state import Head
from core.store.store import Store
from core.sync.loop import SyncLoop
from core.sync.transport import Transport
from tests.core.device.desk import MemorySecrets
from tests.core.signing_in.conftest import Founded
from tests.core.signing_in.test_handing_over import at_work, late, revoke
from tests.signing_bank import RealDesk


def start_again(desk: RealDesk) -> None:
    desk.device = Device.open(desk.path, desk.vault, desk.bank.clock)
    desk._connect()


def trusted_anew(desk: RealDesk) -> DeviceIdentity:
    """The next life of the same device, under a key beside the old one."""
    bank = desk.bank
    before = desk.vault.get(DEVICE_KEY)
    line = Transport(bank.address, bank.clock)
    code = bank.invite(desk.code, desk.device.identity.branch)
    requested = enrolling.enrol(line, desk.vault, code, name=NEXT_KEY)
    assert isinstance(requested, Requested)
    assert enrolling.waiting(line, desk.vault, NEXT_KEY) == requested
    bank.trust(desk.code, requested.fingerprint)
    identity = enrolling.look_for_trust(line, requested, bank.address)
    line.close()
    assert isinstance(identity, DeviceIdentity)
    assert desk.vault.get(DEVICE_KEY) == before
    return identity


def next_life(desk: RealDesk) -> Life:
    """Enrol anew, end the program and start it in the next life; the life that was left."""
    identity = trusted_anew(desk)
    enrolling.prepare_next(desk.path, desk.vault, desk.bank.clock, identity)
    desk.close()
    left = lives.take_up(desk.path, desk.vault)
    assert left is not None
    start_again(desk)
    assert desk.device.identity == identity
    return left


@contextlib.contextmanager
def opened_left(desk: RealDesk, life: Life) -> Iterator[tuple[Device, SyncLoop]]:
    device = lives.open_left(life, desk.vault, desk.bank.clock)
    transport = Transport.of_device(device)
    loop = SyncLoop(device, transport)
    try:
        yield device, loop
    finally:
        loop.close()
        transport.close()
        device.close()


def stopped_with_work(founded: Founded) -> tuple[RealDesk, list[str]]:
    """A desk that the centre has ended, with an evening's work that was never sent: that work, as it was signed."""
    work = at_work(founded)
    founded.desk.cut_the_line()
    account = work.account(work.customer("Signe", "Lund"))
    work.deposit(account, 250_00)
    acked = founded.desk.device.outbox().length
    unsent = list(founded.desk.device.export_chain(founded.desk.code, 1))[-acked:]
    revoke(founded.bank, founded.desk.code)
    return founded.desk, unsent


def test_the_next_life_starts_from_the_snapshot_without_rights_and_the_old_file_and_key_stay(founded: Founded) -> None:
    desk, unsent = stopped_with_work(founded)
    old_key, old_head = desk.vault.get(DEVICE_KEY), desk.device.chain_head()
    left = next_life(desk)
    assert (left.device, left.epoch, left.path.name) == (desk.code, 1, f"{desk.code}-epoch-1.db")
    assert lives.left_behind(desk.path) == (left,)
    assert desk.vault.get(left.key_name) == old_key != desk.vault.get(DEVICE_KEY)
    assert desk.vault.get(NEXT_KEY) is None
    assert anchor_path(left.path).exists()
    assert desk.device.stopped is None
    assert desk.device.chain_head() == (0, None)
    assert not set(desk.device.export_chain(desk.code, 1)) & set(unsent)
    desk.sync()
    with opened_left(desk, left) as (device, _loop):
        assert device.chain_head() == old_head
        assert device.outbox().length == len(unsent)
    assert b"Signe" not in left.path.read_bytes()


def test_what_was_not_sent_travels_as_it_was_signed_and_waits_for_two_people(founded: Founded) -> None:
    desk, unsent = stopped_with_work(founded)
    left = next_life(desk)
    with opened_left(desk, left) as (device, loop):
        assert late(desk.bank, desk.code) == []
        loop.step()
        assert (device.outbox().length, device.stopped) == (0, "replaced")
        assert late(desk.bank, desk.code) == unsent
        loop.step()
    with opened_left(desk, left) as (device, _loop):
        assert device.outbox().length == 0, "it is known after a restart"


def test_a_life_is_not_forgotten_before_the_centre_keeps_all_of_it(founded: Founded) -> None:
    desk, _unsent = stopped_with_work(founded)
    left = next_life(desk)
    with pytest.raises(StoreProblem) as refused:
        lives.remove(left, desk.vault, desk.bank.clock)
    assert refused.value.code == "life_not_handed_over"
    assert left.path.exists()
    with opened_left(desk, left) as (_device, loop):
        with pytest.raises(StoreProblem) as in_use:
            lives.remove(left, desk.vault, desk.bank.clock)
        assert in_use.value.code == "store_in_use"
        loop.step()
    lives.remove(left, desk.vault, desk.bank.clock)
    assert (lives.left_behind(desk.path), desk.vault.get(left.key_name)) == ((), None)
    assert not list(desk.path.parent.glob(f"**/{left.path.name}*"))
    desk.sync()


def test_a_lost_key_is_said_and_the_file_stays(founded: Founded) -> None:
    desk, _unsent = stopped_with_work(founded)
    left = next_life(desk)
    desk.vault.remove(left.key_name)
    for attempt in (lives.open_left, lives.remove):
        with pytest.raises(KeyringProblem) as missing:
            attempt(left, desk.vault, desk.bank.clock)
        assert missing.value.code == "device_key_missing"
    assert left.path.exists()


def test_a_file_that_nothing_opens_is_kept_under_a_name_of_its_own_with_its_key(founded: Founded) -> None:
    desk, _unsent = stopped_with_work(founded)
    identity = trusted_anew(desk)
    desk.close()
    key, content = desk.vault.get(DEVICE_KEY), b"not a file of ours" * 1000
    desk.path.write_bytes(content)
    enrolling.prepare_next(desk.path, desk.vault, desk.bank.clock, identity)
    left = lives.take_up(desk.path, desk.vault)
    assert left is not None
    assert (left.readable, left.path.read_bytes(), desk.vault.get(left.key_name)) == (False, content, key)
    start_again(desk)
    desk.sync()


def test_an_older_file_put_back_and_left_again_takes_no_other_lifes_place(
    founded: Founded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[bytes] = []
    put = FileVault.put

    def noting(vault: FileVault, name: str, secret: bytes) -> None:
        if name != DEVICE_KEY:
            kept.append(secret)
        put(vault, name, secret)

    monkeypatch.setattr(FileVault, "put", noting)
    desk, unsent = stopped_with_work(founded)
    desk.close()
    older = tmp_path / "older.db"
    shutil.copy(desk.path, older)
    start_again(desk)
    first = next_life(desk)
    second_key = desk.vault.get(DEVICE_KEY)
    assert second_key is not None
    desk.close()
    shutil.copy(older, desk.path)
    anchor_path(desk.path).unlink()
    enrolling.prepare_next(desk.path, desk.vault, desk.bank.clock, trusted_anew(desk))
    again = lives.take_up(desk.path, desk.vault)
    assert again is not None
    assert (again.device, again.epoch, again.copy) == (desk.code, 1, 2)
    assert lives.left_behind(desk.path) == (first, again)
    assert second_key in kept, "the second life's file may turn up yet"
    for life in (first, again):
        with opened_left(desk, life) as (device, loop):
            loop.step()
            assert device.outbox().length == 0
    assert set(unsent) <= set(late(desk.bank, desk.code))
    start_again(desk)


STEPS = 7
"""Writes that a new life is taken up with, of keys and names of files, and one more for no cut at all."""


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_power_cut_while_a_new_life_is_taken_up_loses_neither_key_nor_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    path, secrets = tmp_path / "device.db", MemorySecrets()
    clock = FixedClock(1_700_000_000_000)
    Device.create(path, secrets, clock, identity=identity_of(secrets, DEVICE_KEY, 1)).close()
    chain = anchor_path(path).read_bytes()
    old, new = secrets.kept[DEVICE_KEY], bytes(lives.next_key(secrets, system_randomness))
    next_file(path, secrets)
    left = step

    def counted(write: Callable[..., Any]) -> Callable[..., Any]:
        def writing(*given: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                raise PowerCut
            return write(*given)

        return writing

    with monkeypatch.context() as patched:
        for name in ("put", "remove"):
            patched.setattr(MemorySecrets, name, counted(getattr(MemorySecrets, name)))
        patched.setattr(Path, "replace", counted(Path.replace))
        with contextlib.suppress(PowerCut):
            lives.take_up(path, secrets)
            assert step == STEPS, "every step is cut once"
    assert {old, new} <= set(secrets.kept.values())
    if lives.is_ready(path):
        lives.take_up(path, secrets)
    (life,) = lives.left_behind(path)
    assert (secrets.kept[life.key_name], secrets.kept[DEVICE_KEY]) == (old, new)
    assert anchor_path(life.path).read_bytes() == chain
    lives.open_left(life, secrets, clock).close()
    device = Device.open(path, secrets, clock)
    assert (device.identity.epoch, device.stopped) == (2, None)
    device.close()


class PowerCut(BaseException):
    """The machine stops before this write."""


def next_file(path: Path, secrets: MemorySecrets) -> None:
    """The next life's file as a snapshot leaves it: whole, and never opened."""
    identity = identity_of(secrets, NEXT_KEY, 2)
    store = Store.open(lives.next_path(path), secrets.kept[DATABASE_KEY], create=True)
    with store.transaction():
        store.put_head(
            Head(identity.device, 2, identity.branch, "desktop", identity.kid, identity.centre_key, identity.centre_url)
        )
    store.close()


def identity_of(secrets: MemorySecrets, name: str, epoch: int) -> DeviceIdentity:
    key = device_key(secrets, system_randomness, name)
    return DeviceIdentity("odense-1", epoch, "odense", "desktop", key_name(key), "A" * 43, "http://127.0.0.1:1")
