"""A rule that is made wrong is noticed, told with its seed and commit, shortened, and replayed exactly."""

import re
import sys
from pathlib import Path

import pytest

from counterfoil.command_line import main
from counterfoil.simulation.narrating import PROMISES, with_short_names
from counterfoil.simulation.running import Outcome, prepared, run, run_all
from counterfoil.simulation.shrinking import shortened
from counterfoil.simulation.variants import VARIANTS

VARIANT = "rights-unchecked"
STEPS = 200


def _first_broken() -> Outcome:
    seeds = range(1, 1 + VARIANTS[VARIANT].seeds)
    return next(outcome for outcome in run_all(seeds, STEPS, variant=VARIANT) if outcome.broken is not None)


def test_a_broken_rule_is_noticed_and_its_trace_is_short_and_replays_exactly() -> None:
    outcome = _first_broken()
    with prepared(VARIANT):
        again = run(outcome.seed, STEPS)
        assert (again.broken, again.digest) == (outcome.broken, outcome.digest)
        places = shortened(outcome, STEPS)
        assert 1 <= len(places) <= 12
        short = run(outcome.seed, STEPS, places=frozenset(places))
        assert short.broken is not None
        assert outcome.broken is not None
        assert short.broken.invariant == outcome.broken.invariant


def test_the_true_rules_count_again_afterwards() -> None:
    outcome = _first_broken()
    with prepared():
        assert run(outcome.seed, STEPS).broken is None


def test_the_command_tells_of_a_broken_seed_and_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = _first_broken().seed
    monkeypatch.setattr(sys, "argv", ["counterfoil", "simulate", "--seeds", f"{seed}:{seed}", "--variant", VARIANT])
    assert main() == 1
    said = capsys.readouterr().err
    assert f"seed {seed} breaks" in said
    assert "commit" in said
    assert f"counterfoil simulate --seeds {seed}:{seed} --steps {STEPS} --variant {VARIANT} --only" in said


def test_the_command_says_how_much_was_run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["counterfoil", "simulate", "--seeds", "1:2", "--steps", "20"])
    assert main() == 0
    assert "2 seeds of 20 steps" in capsys.readouterr().out


@pytest.mark.parametrize(
    "options",
    [["--seeds", "2:1"], ["--seeds", "x"], ["--seeds", "1:2", "--variant", "none"], ["--seeds", "1:2", "--only", "1"]],
)
def test_the_command_refuses_what_it_can_not_run(options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["counterfoil", "simulate", *options])
    assert main() == 2


def test_every_promise_that_may_break_is_said_in_a_sentence_and_on_its_page() -> None:
    checkout = Path(__file__).resolve().parents[2]
    sources = (path.read_text("utf-8") for path in (checkout / "counterfoil/simulation").glob("*.py"))
    named = {name for text in sources for name in re.findall(r'(?:violated|Broken)\(\s*"(\w+)"', text)}
    assert "never_beyond" in named
    assert named == set(PROMISES)
    page = (checkout / "docs/reliability/simulator.md").read_text("utf-8")
    assert [name for name in PROMISES if f"`{name}`" not in page] == []


def test_ids_are_told_by_short_names_that_stay_the_same() -> None:
    first, second = "01a1f7f8-37d0-7002-be54-48d863e60dc9", "01a1f7fe-f53f-7000-94bb-2367fdedc41c"
    told = list(with_short_names([f"hold {first}", f"deposit {second} on {first.replace('-', '')}", "nor-1/1"]))
    assert told == ["hold #1", "deposit #2 on #1", "nor-1/1"]
