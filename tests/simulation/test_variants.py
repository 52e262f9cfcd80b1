"""Every wrong rule that we could think of is noticed, within the number of seeds that is stated for it."""

import pytest

from counterfoil.simulation.catching import Caught, catch_all
from counterfoil.simulation.variants import VARIANTS
from tests.simulation.test_seeds import SEEDS

_TRIES = 20
"""Runs by which a trace is shortened here; the command takes more."""


@pytest.fixture(scope="module")
def caught() -> dict[str, Caught]:
    return {each.name: each for each in catch_all(VARIANTS, jobs=2, runs=_TRIES)}


@pytest.mark.parametrize("name", VARIANTS)
def test_the_wrong_rule_is_noticed_and_its_shortened_trace_breaks_the_same_promise(
    name: str, caught: dict[str, Caught]
) -> None:
    found = caught[name]
    print(found)
    assert found.outcome.broken is not None, f"not caught within {VARIANTS[name].seeds} seeds: {VARIANTS[name].wrong}"
    assert found.outcome.broken.invariant != "no_bug", found.outcome.broken.seen
    assert found.again.broken is not None
    assert found.again.broken.invariant == found.outcome.broken.invariant
    assert len(found.places) < found.outcome.steps


@pytest.fixture(scope="module")
def caught_by_others() -> dict[str, Caught]:
    return {each.name: each for each in catch_all(VARIANTS, jobs=2, runs=0, second_bank=False)}


@pytest.mark.parametrize("name", VARIANTS)
def test_the_wrong_rule_is_noticed_without_the_second_bank_too(name: str, caught_by_others: dict[str, Caught]) -> None:
    found = caught_by_others[name]
    print(found)
    assert found.outcome.broken is not None, f"not caught within {VARIANTS[name].seeds} seeds: {VARIANTS[name].wrong}"
    assert found.outcome.broken.invariant not in {"model_agrees", "no_bug"}


def test_the_true_rules_pass_the_seeds_at_which_wrong_ones_are_noticed() -> None:
    for variant in VARIANTS.values():
        assert set(range(1, variant.seeds + 1)) <= set(SEEDS)
