"""Every input, however hostile, ends in a value, a refusal or a fault with a code; and what is accepted holds.

The long run is `python -m tests.reliability.fuzzing --inputs 1000000 --jobs 2` (docs/reliability/fuzzing.md).
"""

from collections import Counter
from pathlib import Path

import pytest

from core.operations import money
from tests.reliability.fuzzing.choices import Choices, from_bytes, from_seed
from tests.reliability.fuzzing.engine import Report, fuzz, schedule
from tests.reliability.fuzzing.targets import SHARES, opened

INPUTS = 12_000
_REACHED = {
    "changed": {"applied", "applied_with_exception", "fault body_malformed", "fault jws_signature"},
    "invented": {"applied", "applied_with_exception"},
    "run": {"applied", "quarantined chain_forked"},
    "push": {"applied", "quarantined", "refused body_malformed"},
    "token": {"fault jws_signature", "fault jws_malformed", "fault base64url_not_canonical"},
    "message": {"read", "problem json_malformed", "problem request_malformed"},
    "request": {"read", "fault request_differs", "fault request_clock"},
    "approval": {"read", "fault approval_of_other"},
    "page": {"read", "fault body_malformed"},
    "answer": {"read"},
}
"""What a run must have come to, or it has not been where the rules are."""


def test_nothing_unforeseen_is_found(tmp_path: Path) -> None:
    with opened(tmp_path) as targets:
        report = fuzz(targets, schedule(SHARES, INPUTS), "suite")
    assert [(finding.seed, finding.what, finding.where) for finding in report.findings.values()] == []
    assert report.inputs == INPUTS
    assert {name: reached - set(report.outcomes[name]) for name, reached in _REACHED.items()} == {
        name: set() for name in _REACHED
    }


def test_the_same_seed_makes_the_same_run(tmp_path: Path) -> None:
    plan = [("changed", number) for number in range(200)]
    ends: list[dict[str, Counter[str]]] = []
    for run in ("one", "two"):
        folder = tmp_path / run
        folder.mkdir()
        with opened(folder) as targets:
            ends.append(fuzz(targets, plan, "same").outcomes)
    assert ends[0] == ends[1]


def test_a_rule_that_lets_money_be_made_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fuzzer looks at what it thinks it looks at: with a known-bad rule in place it says so."""
    honest = money.apply_money

    def minting_twice(operation: object, postings: tuple[object, ...], book: object) -> None:
        honest(operation, (*postings, *postings[:1]), book)  # type: ignore[arg-type]

    with opened(tmp_path) as targets:
        monkeypatch.setattr("core.operations.rules.apply_money", minting_twice)
        report = fuzz(targets, schedule({"changed": 1}, 300), "minted")
    assert any("money was made or lost" in finding.what for finding in report.findings.values())


def test_a_centre_that_drops_what_it_quarantines_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(tmp_path) as targets:
        monkeypatch.setattr("sync_server.store.memory.home.MemoryHome.keep_unbooked", lambda *_: None)
        report = fuzz(targets, schedule({"push": 1}, 100), "dropped")
    assert report.findings


def test_a_centre_that_answers_a_second_push_otherwise_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path) as targets:
        monkeypatch.setattr("sync_server.ingest.push._known_verdicts", lambda *_: ([], None))
        report = fuzz(targets, schedule({"push": 1}, 100), "forgotten")
    assert any("the same push has another answer" in finding.what for finding in report.findings.values())


def test_a_crash_and_a_hang_are_findings() -> None:
    def crash(_choices: Choices) -> str:
        raise KeyError("x")

    def hang(_choices: Choices) -> str:
        while True:
            pass

    report = fuzz({"crash": crash, "hang": hang}, [("crash", 0), ("hang", 0), ("crash", 1)], "s")
    assert [(each.target, each.what.partition(":")[0]) for each in report.findings.values()] == [
        ("crash", "KeyError"),
        ("hang", "TooSlow"),
    ]
    assert report.found.total() == 3


def test_choices_are_the_same_from_the_same_source() -> None:
    def drawn(choices: Choices) -> list[object]:
        return [choices.below(9), choices.number(), choices.text(), choices.data(), choices.pick("abc")]

    assert drawn(from_seed("a")) == drawn(from_seed("a")) != drawn(from_seed("b"))
    assert drawn(from_bytes(b"\x00" * 40)) == drawn(from_bytes(b"\x00" * 40)) != drawn(from_bytes(b"\xf0" * 40))


def test_reports_of_several_processes_are_one() -> None:
    one, two = Report(), Report()
    one.note("a", "read", 0.5)
    two.note("a", "read", 0.25)
    two.note("b", "fault x", 0.25)
    one.add(two)
    assert (one.inputs, one.outcomes["a"]["read"], one.seconds["a"]) == (3, 2, 0.75)
