"""What even the holder of a real key can't do unnoticed: each forgery is well signed and in its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from nacl.signing import SigningKey

from core.audit import Fault, Report, verify_chains
from core.canonical import thumbprint
from core.clock import instant
from core.envelope import OPERATION_TYPE, read_operation, sign_compact
from core.operations import bank as bank_operations
from core.operations import cash, drawers
from core.operations.kind import Decoded
from core.operations.sessions import SessionOpened, StaffKeysRegistered
from core.people.keys import key_name, new_signing_key, public_text
from core.people.sessions import SessionStatement, make_session
from tests.bank import BRANCH, BankInADict, BranchDay, Chain, open_branch
from tests.core.audit.exports import export, introduction
from tests.core.audit.independent_checker import Bad, Checker


@pytest.fixture
def day() -> BranchDay:
    """A branch that has just opened."""
    return open_branch()


def force(bank: BankInADict, decoded: Decoded[Any]) -> None:
    """Put an operation on its chain without asking any rule, as a forger would."""
    operation = decoded.operation
    bank.chains[operation.device, operation.epoch].operations.append(decoded.signed)


def fault_in(bank: BankInADict, directory: Path) -> tuple[str, int | None, str]:
    """The fault that is found, which the independent checker has to find as well."""
    export(bank, directory)
    found = verify_chains(directory)
    assert isinstance(found, Fault)
    with pytest.raises(Bad):
        Checker(directory).check()
    return found.file, found.line, found.code


def last_of(chain: Chain) -> tuple[str, int]:
    return f"{chain.device}-{chain.epoch}.jws", len(chain.operations)


def test_the_centre_does_not_put_a_key_of_its_own_in_a_devices_place(day: BranchDay, tmp_path: Path) -> None:
    key = public_text(day.bank.centre_key)
    body = bank_operations.DeviceEnrolled(device="odense-1", epoch=1, branch=BRANCH, purpose="desktop", key=key)
    force(day.bank, day.bank.draft_by_centre(body))
    chain = day.bank.chains["centre", 1]
    assert fault_in(day.bank, tmp_path) == (*last_of(chain), "device_epoch_taken")


def test_the_bank_is_not_founded_again_under_another_key(day: BranchDay, tmp_path: Path) -> None:
    founded = msgspec.json.decode(
        day.bank.chains["centre", 1].operations[0].operation.body, type=bank_operations.BankFounded
    )
    again = msgspec.structs.replace(founded, centre_key=public_text(SigningKey(bytes(32))))
    force(day.bank, day.bank.draft_by_centre(again))
    assert fault_in(day.bank, tmp_path) == (*last_of(day.bank.chains["centre", 1]), "bank_founded_already")


def test_an_export_begins_with_the_founding_of_its_bank(day: BranchDay, tmp_path: Path) -> None:
    day.bank.chains["centre", 1].operations.pop(0)
    assert fault_in(day.bank, tmp_path) == ("centre-1.jws", 1, "bank_not_founded")


def test_nobody_gets_a_key_on_another_device_behind_their_back(day: BranchDay, tmp_path: Path) -> None:
    desk = day.bank.enrol("odense-2")
    _found_unseen(day.bank, desk, (None, None))
    export(day.bank, tmp_path)
    report = verify_chains(tmp_path)
    assert isinstance(report, Report), report
    checker = Checker(tmp_path)
    checker.check()
    named = [(fault.file, fault.line, fault.code) for fault in report.to_look_at]
    assert named == [(*last_of(desk), "introduction_missing")] * 2
    assert [f"{file} line {line}" for file, line, _code in named] == checker.to_look_at
    said = [line for line in report.lines() if "introduction_missing" in line]
    assert {"jens", "mette"} == {person for line in said for person in ("jens", "mette") if f"{person}: " in line}


def test_an_introduction_is_the_persons_own(day: BranchDay, tmp_path: Path) -> None:
    desk = day.bank.enrol("odense-2")
    mettes = introduction(day.bank, "mette", "odense-1", "odense-2")
    _found_unseen(day.bank, desk, (mettes, mettes))
    assert fault_in(day.bank, tmp_path) == (*last_of(desk), "introduction_unknown_key")


def test_an_introduction_is_for_one_device(day: BranchDay, tmp_path: Path) -> None:
    desk = day.bank.enrol("odense-2")
    elsewhere = [introduction(day.bank, person, "odense-1", "odense-3") for person in ("mette", "jens")]
    _found_unseen(day.bank, desk, (elsewhere[0], elsewhere[1]))
    assert fault_in(day.bank, tmp_path) == (*last_of(desk), "introduction_of_other")


def test_keys_do_not_introduce_one_another_in_a_circle(tmp_path: Path) -> None:
    bank = BankInADict()
    desks = [bank.enrol("odense-1"), bank.enrol("odense-2")]
    for desk in desks:
        for person in ("mette", "jens"):
            desk.staff_keys[person] = new_signing_key(bank.randomness)
    for desk, other in ((desks[0], desks[1]), (desks[1], desks[0])):
        introductions = [introduction(bank, person, other.device, desk.device) for person in ("mette", "jens")]
        _found_unseen(bank, desk, (introductions[0], introductions[1]), new_keys=False)
    assert fault_in(bank, tmp_path)[1:] == (1, "introduction_circular")


def _found_unseen(
    bank: BankInADict, desk: Chain, introductions: tuple[str | None, str | None], *, new_keys: bool = True
) -> None:
    if new_keys:
        desk.staff_keys.update({person: new_signing_key(bank.randomness) for person in ("mette", "jens")})
    mette, jens = desk.staff_keys["mette"], desk.staff_keys["jens"]
    body = StaffKeysRegistered(
        keys=(
            bank.registration(desk, "mette", jens, mette, introductions[0]),
            bank.registration(desk, "jens", mette, jens, introductions[1]),
        )
    )
    force(bank, bank.sign(desk, body, "device", desk.key))


def test_a_device_opens_no_session_for_a_person_who_did_not_sign(day: BranchDay, tmp_path: Path) -> None:
    seq, prev = day.desk.place
    statement = SessionStatement(
        person="jens",
        device=day.desk.device,
        epoch=1,
        seq=seq,
        prev=prev,
        session_key=public_text(day.desk.key),
        ends_at=instant(day.bank.clock.now_ms() + 3_600_000),
        totp_step=2**40,
        checkpoint=None,
    )
    body = SessionOpened(
        person="jens",
        staff_key=key_name(day.desk.staff_keys["jens"]),
        session_key=statement.session_key,
        ends_at=statement.ends_at,
        totp_step=statement.totp_step,
        statement=make_session(statement, day.desk.key),
    )
    force(day.bank, day.bank.sign(day.desk, body, "device", day.desk.key))
    assert fault_in(day.bank, tmp_path) == (*last_of(day.desk), "jws_key")


def test_a_device_does_not_sign_for_a_person(day: BranchDay, tmp_path: Path) -> None:
    body = drawers.VaultFunded(currency="DKK", amount=1_00)
    force(day.bank, day.bank.sign(day.desk, body, "staff:mette", day.desk.key))
    assert fault_in(day.bank, tmp_path) == (*last_of(day.desk), "session_unknown")


def test_the_centre_does_not_sign_for_a_person(day: BranchDay, tmp_path: Path) -> None:
    body = drawers.VaultFunded(currency="DKK", amount=1_00)
    force(day.bank, day.bank.sign(day.desk, body, "staff:mette", day.bank.centre_key))
    assert fault_in(day.bank, tmp_path) == (*last_of(day.desk), "key_unknown")


def test_a_session_signs_for_nobody_else_and_not_once_closed_or_ended(day: BranchDay, tmp_path: Path) -> None:
    body = drawers.VaultFunded(currency="DKK", amount=1_00)
    force(day.bank, day.bank.sign(day.desk, body, "staff:mette", day.teller.key))
    assert fault_in(day.bank, tmp_path / "other") == (*last_of(day.desk), "session_of_another")
    day.desk.operations.pop()
    force(day.bank, day.bank.draft(day.supervisor, body, at="2026-11-21T08:00:00.000Z"))
    assert fault_in(day.bank, tmp_path / "late") == (*last_of(day.desk), "session_ended")
    day.desk.operations.pop()
    day.bank.sign_out(day.supervisor)
    force(day.bank, day.bank.draft(day.supervisor, body))
    assert fault_in(day.bank, tmp_path / "closed") == (*last_of(day.desk), "session_closed")


def test_nobody_approves_their_own_work(day: BranchDay, tmp_path: Path) -> None:
    account = day.account()
    day.deposit(account, 9_000_00)
    body = cash.CashWithdrawn(account=account, account_branch=BRANCH, currency="DKK", amount=8_000_00)
    force(day.bank, day.bank.draft(day.teller, body, drawer=day.drawer, approver=day.teller))
    assert fault_in(day.bank, tmp_path) == (*last_of(day.desk), "approval_own")


def test_an_approval_serves_one_operation(day: BranchDay, tmp_path: Path) -> None:
    account = day.account()
    day.deposit(account, 9_000_00)
    body = day.withdrawal(account, 8_000_00)
    approved = day.bank.draft(day.teller, body, drawer=day.drawer, approver=day.supervisor).operation.approver
    other = day.withdrawal(account, 8_999_00)
    force(day.bank, day.bank.draft(day.teller, other, drawer=day.drawer, approval=approved))
    assert fault_in(day.bank, tmp_path) == (*last_of(day.desk), "approval_of_other")


def test_an_id_stands_for_one_operation(day: BranchDay, tmp_path: Path) -> None:
    reused = day.desk.operations[0].operation.id
    body = drawers.VaultFunded(currency="DKK", amount=1_00)
    force(day.bank, day.bank.draft(day.supervisor, body, id=reused))
    assert fault_in(day.bank, tmp_path) == (*last_of(day.desk), "id_reused")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b'"amount":100,', b'"amount":900,"amount":100,', "body_malformed"),
        (b'"amount":100,', b'"amount": 100,', "body_malformed"),
        (b'"v":1,', b'"v":1,"v":1,', "operation_malformed"),
        (b'"v":1,', b'"v":1, ', "operation_malformed"),
    ],
)
def test_no_operation_can_be_read_in_two_ways(
    day: BranchDay, tmp_path: Path, old: bytes, new: bytes, code: str
) -> None:
    body = drawers.VaultFunded(currency="DKK", amount=1_00)
    sound = day.bank.draft(day.supervisor, body)
    payload = msgspec.json.encode(sound.operation).replace(old, new)
    kid = thumbprint(bytes(day.supervisor.key.verify_key))
    double = sign_compact(payload, day.supervisor.key, kid, OPERATION_TYPE)
    export(day.bank, tmp_path)
    with (tmp_path / "odense-1-1.jws").open("ab") as file:
        file.write(double.encode() + b"\n")
    found = verify_chains(tmp_path)
    assert isinstance(found, Fault)
    with pytest.raises(Bad, match=f"odense-1-1.jws line {found.line}"):
        Checker(tmp_path).check()
    assert (found.file, found.line, found.code) == ("odense-1-1.jws", sound.operation.seq, code)
    assert read_operation(sound.signed.jws).hash == sound.signed.hash
