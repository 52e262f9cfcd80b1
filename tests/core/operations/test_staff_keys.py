"""A staff key belongs to a person on one life of a device, and ends with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.audit import verify_chains
from core.audit.report import Report
from core.operations.bank import DeviceRevoked
from core.operations.sessions import StaffKeysRegistered, living_keys
from core.people.keys import key_name, new_signing_key
from tests.bank import BranchDay, Chain, open_branch
from tests.core.audit.exports import export, introduction
from tests.core.audit.independent_checker import Checker

PEOPLE = ("mette", "jens")


@pytest.fixture
def day() -> BranchDay:
    """A branch whose first desk has ended; both of its people had their keys there."""
    opened = open_branch()
    opened.bank.sign_out(opened.teller)
    opened.bank.sign_out(opened.supervisor)
    return opened


def end(day: BranchDay, desk: Chain) -> None:
    last = desk.operations[-1].operation.seq
    day.bank.by_centre(DeviceRevoked(device=desk.device, epoch=desk.epoch, head_seq=last))


def test_at_a_desk_that_was_enrolled_anew_people_make_their_keys_without_anybody_ending_the_old(
    day: BranchDay, tmp_path: Path
) -> None:
    end(day, day.desk)
    anew = day.bank.enrol("odense-1", epoch=2)
    day.bank.found_desk(anew, *PEOPLE)
    for person in PEOPLE:
        (living,) = living_keys(person, day.bank.book)
        assert living.kid == key_name(anew.staff_keys[person])
    export(day.bank, tmp_path)
    report = verify_chains(tmp_path)
    assert isinstance(report, Report), report
    assert report.to_look_at == ()
    checker = Checker(tmp_path)
    checker.check()
    assert checker.to_look_at == []


def test_a_key_of_an_ended_desk_introduces_nobody(day: BranchDay) -> None:
    other = day.bank.enrol("odense-2")
    day.bank.found_desk(other, *PEOPLE, [introduction(day.bank, person, "odense-1", "odense-2") for person in PEOPLE])
    end(day, day.desk)
    third = day.bank.enrol("odense-3")
    keys = {person: new_signing_key(day.bank.randomness) for person in PEOPLE}
    by_the_dead, by_the_living = (
        [introduction(day.bank, person, older, "odense-3") for person in PEOPLE] for older in ("odense-1", "odense-2")
    )
    for introductions, found in ((by_the_dead, ["introduction_missing"] * 2), (by_the_living, [])):
        body = StaffKeysRegistered(
            keys=(
                day.bank.registration(third, "mette", keys["jens"], keys["mette"], introductions[0]),
                day.bank.registration(third, "jens", keys["mette"], keys["jens"], introductions[1]),
            )
        )
        assert day.bank.findings(day.bank.sign(third, body, "device", third.key)) == found


def test_while_the_desk_lives_its_keys_do(day: BranchDay) -> None:
    other = day.bank.enrol("odense-2")
    keys = {person: new_signing_key(day.bank.randomness) for person in PEOPLE}
    body = StaffKeysRegistered(
        keys=(
            day.bank.registration(other, "mette", keys["jens"], keys["mette"]),
            day.bank.registration(other, "jens", keys["mette"], keys["jens"]),
        )
    )
    found = day.bank.findings(day.bank.sign(other, body, "device", other.key))
    assert found == ["introduction_missing"] * 2
