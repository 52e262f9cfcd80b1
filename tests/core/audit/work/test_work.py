"""A person carries away what they signed, and anybody can check it without the bank."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path

import pytest

from core.audit import Fault
from core.audit.trust import Known, Trust
from core.audit.work import VerdictKnown, WorkReport, verify_work, write_work
from core.audit.work.export import KEY_KINDS
from core.envelope import Signed
from core.errors import StoreProblem
from core.people.keys import key_name
from tests.bank import DATE, BankInADict
from tests.core.audit.exports import worked_day
from tests.core.audit.independent_checker import Bad
from tests.core.audit.work.independent_work_checker import WorkChecker


class DictWork:
    """A bank in a dict as the source; the centre has applied everything."""

    def __init__(self, bank: BankInADict) -> None:
        self.bank = bank

    def chains(self) -> list[tuple[str, int]]:
        return list(self.bank.chains)

    def chain(self, device: str, epoch: int) -> list[str]:
        return [signed.jws for signed in self.bank.chains[device, epoch].operations]

    def of_kinds(self, kinds: tuple[str, ...]) -> Iterable[str]:
        everything = [signed for chain in self.bank.chains.values() for signed in chain.operations]
        return [each.jws for each in sorted(everything, key=lambda s: s.operation.id) if each.operation.kind in kinds]

    def verdict(self, signed: Signed) -> VerdictKnown | None:
        operation = signed.operation
        place = (operation.device, operation.epoch, operation.seq)
        return VerdictKnown(*place, signed.hash, "applied", operation.business_date, operation.at, ())


def write(bank: BankInADict, directory: Path, person: str, first: str | None = None, last: str | None = None) -> None:
    write_work(
        directory,
        DictWork(bank),
        person=person,
        first_day=first,
        last_day=last,
        made_at=f"{DATE}T18:00:00.000Z",
        made_from="the test",
    )


@pytest.fixture(scope="module")
def bank() -> BankInADict:
    return worked_day().bank


@pytest.fixture(scope="module")
def copy_of(bank: BankInADict, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Copies of what Mette signed."""
    home = tmp_path_factory.mktemp("work")
    write(bank, home / "sound", "mette")
    numbers = count()
    return lambda: Path(shutil.copytree(home / "sound", home / str(next(numbers))))


@pytest.mark.parametrize("person", ["mette", "jens", "freja"])
def test_what_a_person_signed_can_be_checked_without_the_bank(bank: BankInADict, tmp_path: Path, person: str) -> None:
    write(bank, tmp_path, person)
    report = verify_work(tmp_path, Trust((Known(key_name(bank.centre_key), "centre"),)))
    assert isinstance(report, WorkReport), report
    assert report.vouched.centre
    made = [
        signed
        for chain in bank.chains.values()
        for signed in chain.operations
        if signed.operation.actor == f"staff:{person}"
    ]
    texts = "".join(path.read_text() for path in tmp_path.glob("*.work"))
    assert all(signed.jws in texts for signed in made)
    assert sum(report.made.values()) >= len(made)
    assert WorkChecker(tmp_path).check() >= len(made)
    assert any("without a gap" in line for line in report.lines())


def test_what_others_did_is_not_given_away(bank: BankInADict, tmp_path: Path) -> None:
    write(bank, tmp_path, "mette")
    texts = "".join(path.read_text() for path in tmp_path.glob("*.work"))
    others = [
        signed
        for chain in bank.chains.values()
        for signed in chain.operations
        if signed.operation.actor == "staff:jens" and signed.operation.approver is None
    ]
    assert others
    assert not any(signed.jws in texts for signed in others)
    report = verify_work(tmp_path, Trust())
    assert isinstance(report, WorkReport)
    assert report.others > 0
    assert report.approved["entry.reversed"] + report.approved["cash.withdrawn"] >= 1


def test_a_period_in_which_nothing_was_signed_is_said_so(bank: BankInADict, tmp_path: Path) -> None:
    with pytest.raises(StoreProblem) as caught:
        write(bank, tmp_path, "mette", "1999-01-01", "1999-12-31")
    assert caught.value.code == "work_none"


def test_a_desk_that_lacks_the_keys_says_that_the_centre_has_them(bank: BankInADict, tmp_path: Path) -> None:
    class Late(DictWork):
        def of_kinds(self, kinds: tuple[str, ...]) -> Iterable[str]:
            assert kinds == KEY_KINDS
            return list(super().of_kinds(kinds))[3:]

    with pytest.raises(StoreProblem) as caught:
        write_work(
            tmp_path,
            Late(bank),
            person="mette",
            first_day=None,
            last_day=None,
            made_at=f"{DATE}T18:00:00.000Z",
            made_from="a desk",
        )
    assert caught.value.code == "work_incomplete"


@pytest.mark.parametrize("seed", range(30))
def test_any_changed_byte_is_found_by_both(copy_of: Callable[[], Path], seed: int) -> None:
    directory = copy_of()
    dice = random.Random(seed)
    path = dice.choice([*sorted(directory.glob("*.work")), directory / "keys.jws"])
    data = bytearray(path.read_bytes())
    place = dice.randrange(len(data))
    data[place] = dice.choice([byte for byte in b"AaZz09-_.=\n\r" if byte != data[place]])
    path.write_bytes(data)
    with pytest.raises(Bad) as bad:
        WorkChecker(directory).check()
    found = verify_work(directory, Trust())
    assert isinstance(found, Fault)
    assert bad.value.place.startswith(found.file)


def lines(directory: Path) -> list[bytes]:
    return (directory / "odense-1-1.work").read_bytes().splitlines(keepends=True)


SPOILS: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str, str]] = {
    "something left out": (lambda all_: [*all_[:5], *all_[6:]], "odense-1-1.work", ""),
    "the end left out": (lambda all_: all_[:-1], "work.json", "work_differs"),
    "two put in another order": (lambda all_: [*all_[:4], all_[5], all_[4], *all_[6:]], "odense-1-1.work", ""),
    "something made another's": (lambda all_: [*all_[:5], b"A" * 43 + b"\n", *all_[6:]], "odense-1-1.work", ""),
    "neither": (lambda all_: [*all_[:5], b"A" * 42 + b"\n", *all_[6:]], "odense-1-1.work", "line_neither"),
}


@pytest.mark.parametrize("spoil", SPOILS)
def test_what_was_worked_on_is_named(copy_of: Callable[[], Path], spoil: str) -> None:
    directory = copy_of()
    change, file, code = SPOILS[spoil]
    (directory / "odense-1-1.work").write_bytes(b"".join(change(lines(directory))))
    found = verify_work(directory, Trust())
    assert isinstance(found, Fault)
    assert found.file == file
    assert not code or found.code == code
    with pytest.raises(Bad):
        WorkChecker(directory).check()


def test_a_verdict_is_about_what_is_there(copy_of: Callable[[], Path]) -> None:
    directory = copy_of()
    said = (directory / "verdicts.json").read_text()
    (directory / "verdicts.json").write_text(said.replace('"seq": ', '"seq": 9', 1))
    found = verify_work(directory, Trust())
    assert isinstance(found, Fault)
    assert (found.file, found.code) == ("verdicts.json", "verdict_of_nobody")
