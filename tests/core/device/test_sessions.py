"""Nobody acts but in an open session of their own, and what a crash left open is closed."""

from pathlib import Path

import pytest

from core.clock import FixedClock
from core.device import Changed, Device, DeviceIdentity, OpenSession, Refusals
from core.device.keys import DEVICE_KEY, device_key
from core.envelope import read_operation
from core.errors import KeyringProblem, StoreProblem
from core.operations.accounts import AccountFrozen, FreezeLifted
from core.operations.bank import StaffSuspended
from core.operations.drawers import VaultFunded
from core.operations.sessions import StaffKeyEnded
from core.people.keys import key_name, new_signing_key, public_text
from core.store.queries.journal import journal
from core.store.queries.people import keys_of, public_keys, staff
from core.store.sign_in import LocalPerson
from tests.bank import counted_randomness
from tests.core.device.conftest import OpenBranch
from tests.core.device.desk import Desk, MemorySecrets, both_homes
from tests.core.device.memory_centre import MemoryCentre

HOUR_MS = 60 * 60 * 1000


@both_homes
def test_a_closed_session_signs_nothing_more(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    account = desk.account(teller, desk.customer(teller, branch.supervisor))
    assert desk.device.close_session(teller, "signed-out") is not None
    assert desk.device.close_session(teller, "signed-out") is None
    assert desk.refused(teller, desk.deposited(account, 1)) == ["session_closed"]


def test_a_session_ends_with_the_day_it_was_opened_for(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    account = desk.account(teller, desk.customer(teller, branch.supervisor))
    branch.clock.advance(13 * HOUR_MS)
    assert desk.refused(teller, desk.deposited(account, 1)) == ["session_ended"]
    assert desk.device.close_session(teller, "signed-out") is not None
    with desk.device.reading() as connection:
        (line,) = journal(connection, limit=1).lines
    assert (line.kind, line.note.person) == ("session.closed", None)


@both_homes
def test_somebody_without_a_key_here_cannot_sign_in(branch: OpenBranch) -> None:
    stranger = new_signing_key(counted_randomness("stranger"))
    done = branch.desk.device.open_session("jens", stranger, 1)
    assert isinstance(done, Refusals)
    assert done.first.code == "staff_key_unknown"


def test_one_persons_key_does_not_open_anothers_session(branch: OpenBranch) -> None:
    done = branch.desk.device.open_session("mette", branch.desk.staff_keys["jens"], 60_000_000)
    assert isinstance(done, Refusals)
    assert done.first.code == "session_of_other_person"


def test_a_suspended_person_cannot_sign_in(branch: OpenBranch) -> None:
    branch.centre.issue(StaffSuspended(person="jens"))
    branch.desk.read()
    done = branch.desk.device.open_session("jens", branch.desk.staff_keys["jens"], 60_000_000)
    assert isinstance(done, Refusals)
    assert done.first.code == "staff_suspended"


def test_a_teller_does_not_do_a_supervisors_work(branch: OpenBranch) -> None:
    body = VaultFunded(currency="DKK", amount=1)
    assert branch.desk.refused(branch.teller, body) == ["role_not_allowed"]


def test_sessions_left_open_by_a_crash_are_closed_at_the_next_start(branch: OpenBranch) -> None:
    branch.desk.reopen()
    with branch.desk.device.reading() as connection:
        lines = journal(connection, limit=2).lines
    assert [line.kind for line in lines] == ["session.closed", "session.closed"]
    assert isinstance(branch.desk.sign_in("jens"), OpenSession)


def test_a_session_keeps_its_key_out_of_sight(branch: OpenBranch) -> None:
    assert bytes(branch.teller.key).hex() not in repr(branch.teller)
    assert "key=" not in repr(branch.teller)


def test_every_key_in_a_persons_name_is_listed(branch: OpenBranch) -> None:
    with branch.desk.device.reading() as connection:
        (key,) = keys_of(connection, "jens")
        assert key.kid == key_name(branch.desk.staff_keys["jens"])
        assert (key.device, key.witness, key.ended) == ("odense-1", "mette", False)
        uses = {(found.use, found.owner) for found in public_keys(connection)}
        assert {member.code: member.role for member in staff(connection)} == {"jens": "teller", "mette": "supervisor"}
    assert {("device", "odense-1"), ("device", "centre"), ("staff", "jens"), ("session", "jens")} <= uses


@both_homes
def test_what_signing_in_keeps_survives_a_restart(branch: OpenBranch) -> None:
    kept = LocalPerson("jens", "Jens Holm", b"sealed", 17, 2, 1234)
    branch.desk.device.save_local_person(kept)
    branch.desk.device.put_setting("theme", "dark")
    branch.desk.reopen()
    assert branch.desk.device.local_person("jens") == kept
    assert branch.desk.device.local_people() == (kept,)
    assert branch.desk.device.setting("theme") == "dark"
    branch.desk.device.forget_local_person("jens")
    assert branch.desk.device.local_person("jens") is None


def test_another_computers_keys_do_not_open_the_device(branch: OpenBranch) -> None:
    desk = branch.desk
    desk.device.close()
    others = MemorySecrets()
    with pytest.raises(KeyringProblem) as raised:
        Device.open(desk.path, others, desk.clock)
    assert raised.value.code == "device_key_missing"
    others.kept = dict(desk.secrets.kept) | {DEVICE_KEY: bytes(32)}
    with pytest.raises(KeyringProblem) as raised:
        Device.open(desk.path, others, desk.clock)
    assert raised.value.code == "device_key_other"
    others.kept = dict(desk.secrets.kept) | {"database-key": bytes(32)}
    with pytest.raises(StoreProblem) as problem:
        Device.open(desk.path, others, desk.clock)
    assert problem.value.code == "store_wrong_key"
    desk.device = Device.open(desk.path, desk.secrets, desk.clock, desk.randomness)


def test_a_device_is_made_only_for_the_key_that_is_trusted(tmp_path: Path, clock: FixedClock) -> None:
    secrets = MemorySecrets()
    device_key(secrets, counted_randomness("a"))
    other = new_signing_key(counted_randomness("b"))
    identity = DeviceIdentity(
        "odense-9", 1, "odense", "desktop", key_name(other), public_text(other), "http://127.0.0.1"
    )
    with pytest.raises(KeyringProblem):
        Device.create(tmp_path / "device.db", secrets, clock, identity=identity)
    assert not (tmp_path / "device.db").exists()


@both_homes
def test_account_numbers_come_from_the_own_block_and_never_twice(branch: OpenBranch) -> None:
    desk, teller = branch.desk, branch.teller
    customer = desk.customer(teller, branch.supervisor)
    first = desk.device.next_iban()
    assert first == desk.device.next_iban(), "a number that was only looked at is not used up"
    desk.account(teller, customer)
    desk.reopen()
    second = desk.device.next_iban()
    assert first is not None
    assert second is not None
    assert first[0] != second[0]
    assert not desk.device.wants_iban_block()


def test_a_block_that_runs_out_is_noticed_before(tmp_path: Path, centre: MemoryCentre, clock: FixedClock) -> None:
    desk = Desk(tmp_path, centre, clock, "odense-5", "odense")
    assert desk.device.next_iban() is None
    assert desk.device.wants_iban_block()
    desk.read()
    assert desk.device.next_iban() is not None
    desk.device.close()


@both_homes
def test_stamps_grow_even_when_the_clock_goes_back(branch: OpenBranch) -> None:
    desk = branch.desk
    before = desk.device.next_stamp()
    desk.customer(branch.teller, branch.supervisor)
    branch.clock.advance(-HOUR_MS)
    assert desk.device.next_stamp() > before
    desk.reopen()
    assert desk.device.next_stamp() > before


@both_homes
def test_the_end_of_a_key_ends_its_sessions_at_once_and_nobody_elses(branch: OpenBranch) -> None:
    desk = branch.desk
    ended = key_name(desk.staff_keys["jens"])
    account = desk.account(branch.teller, desk.customer(branch.teller, branch.supervisor))
    branch.centre.issue(StaffKeyEnded(person="jens", key=ended, reason="lost"))
    told: list[Changed] = []
    desk.device.on_change(told.append)
    desk.sync()
    kinds = [sorted(changed.kinds) for changed in told if changed.kinds]
    assert kinds[:2] == [["session.closed"], ["staff.key_ended"]]
    assert desk.refused(branch.teller, desk.deposited(account, 1)) == ["session_closed"]
    assert desk.device.close_session(branch.teller, "signed-out") is None
    last = read_operation(list(desk.device.export_chain("odense-1", 1))[-1]).operation
    assert (last.kind, last.actor) == ("session.closed", "device")
    day = desk.draft(branch.supervisor, desk.deposited(account, 1))
    assert "staff_key_ended" not in [finding.code for finding in day.findings]


@both_homes
def test_the_end_of_a_supervisors_key_ends_their_approvals(branch: OpenBranch) -> None:
    desk = branch.desk
    account = desk.account(branch.teller, desk.customer(branch.teller, branch.supervisor))
    frozen = desk.perform(branch.teller, AccountFrozen(account=account, reason="lost-card"))
    draft = desk.draft(branch.teller, FreezeLifted(account=account, freeze=frozen.id))
    approval = desk.device.approve(draft, branch.supervisor)
    branch.centre.issue(StaffKeyEnded(person="mette", key=key_name(desk.staff_keys["mette"]), reason="lost"))
    desk.sync()
    done = desk.device.perform(draft, approval)
    assert isinstance(done, Refusals)
    assert done.first.code == "approval_session_closed"
