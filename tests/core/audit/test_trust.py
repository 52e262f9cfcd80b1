"""What stands on paper from the day of enrolment, held against an export; and files that say more than they should."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.audit import Fault, Report, verify_chains
from core.audit.trust import Known, Trust, read_trust, written
from core.errors import EnvironmentProblem
from core.operations.bank import DeviceRevoked
from core.people.keys import key_name
from tests.bank import BankInADict, open_branch
from tests.core.audit.exports import export
from tests.core.audit.independent_checker import Bad, Checker

Copies = Callable[[], Path]


def lines_of(bank: BankInADict) -> list[str]:
    """The paper of the desk `odense-1`: the centre's key, its own, and that of one of its people."""
    desk = bank.chains["odense-1", 1]
    return [
        "# kept in the branch's safe",
        written("centre", key_name(bank.centre_key)),
        written("device:odense-1:1", key_name(desk.key)) + "  # the desk by the door",
        key_name(desk.staff_keys["mette"]),
    ]


def test_a_paper_says_whose_keys_need_nobodys_word(exported: Path, worked_bank: BankInADict, tmp_path: Path) -> None:
    paper = tmp_path / "paper.txt"
    paper.write_text("\n".join(lines_of(worked_bank)))
    report = verify_chains(exported, trust=read_trust([str(paper)]))
    assert isinstance(report, Report), report
    assert report.vouched.centre
    assert report.vouched.on_paper == ("device:odense-1:1", "staff:mette:odense-1:1")
    assert "device:odense-2:1" in report.vouched.by_itself
    assert report.vouched.not_met == ()
    assert any("not on your paper" in line for line in report.lines())


def test_a_device_under_another_key_than_the_papers_is_a_fault(exported: Path) -> None:
    found = verify_chains(exported, trust=Trust((Known("A" * 43, "device:odense-1:1"),)))
    assert isinstance(found, Fault)
    assert (found.file, found.code) == ("keys.json", "key_differs_from_paper")


def test_a_key_that_was_nowhere_met_is_said_so(exported: Path) -> None:
    report = verify_chains(exported, trust=read_trust(["A" * 43]))
    assert isinstance(report, Report)
    assert report.vouched.not_met == ("A" * 43,)


@pytest.mark.parametrize("said", ["", "centre", "abc", "A" * 44, "device:x AAAA", "/nowhere/at/all"])
def test_what_is_no_fingerprint_is_refused(said: str) -> None:
    with pytest.raises(EnvironmentProblem) as caught:
        read_trust([said])
    assert caught.value.code == "fingerprint_malformed"


SPOILS: dict[str, Callable[[bytes], bytes]] = {
    "a line more": lambda data: data + b"\n",
    "a space more": lambda data: data + b" ",
    "no end": lambda data: data[:-1],
    "a space before": lambda data: b" " + data,
    "a payload twice": lambda data: data.replace(b'"payload":', b'"payload":"A","payload":'),
    "a kid twice": lambda data: data.replace(b'"kid":', b'"kid":"A","kid":', 1),
}


@pytest.mark.parametrize("name", ["heads.json", "keys.json"])
@pytest.mark.parametrize("spoil", SPOILS)
def test_a_file_of_json_has_one_spelling(copy_of: Copies, name: str, spoil: str) -> None:
    directory = copy_of()
    sound = (directory / name).read_bytes()
    (directory / name).write_bytes(SPOILS[spoil](sound))
    if (directory / name).read_bytes() == sound:
        return  # that member is in the other file
    found = verify_chains(directory)
    assert isinstance(found, Fault)
    assert (found.file, found.code) == (name, name.replace(".json", "_malformed"))
    with pytest.raises(Bad):
        Checker(directory).check()


@pytest.mark.parametrize("off", [-1, 1])
def test_a_chain_ends_where_the_centre_ended_it(tmp_path: Path, off: int) -> None:
    bank = open_branch().bank
    seq = len(bank.chains["odense-1", 1].operations)
    bank.by_centre(DeviceRevoked(device="odense-1", epoch=1, head_seq=seq + off))
    export(bank, tmp_path)
    found = verify_chains(tmp_path)
    assert isinstance(found, Fault)
    assert (found.file, found.line, found.code) == ("odense-1-1.jws", seq, "chain_end_differs")
    with pytest.raises(Bad):
        Checker(tmp_path).check()


def test_a_chain_that_was_ended_at_its_end_holds(tmp_path: Path) -> None:
    bank = open_branch().bank
    bank.by_centre(DeviceRevoked(device="odense-1", epoch=1, head_seq=len(bank.chains["odense-1", 1].operations)))
    export(bank, tmp_path)
    assert isinstance(verify_chains(tmp_path), Report)
    assert Checker(tmp_path).check()
