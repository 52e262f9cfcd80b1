"""A rule that is made wrong is noticed, told with its seed and commit, shortened, and replayed exactly."""

import sys

import pytest

from counterfoil.command_line import main
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
