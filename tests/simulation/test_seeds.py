"""No promise breaks in the first seeds. Many more are run by `counterfoil simulate`; see docs/reliability.md."""

from counterfoil.simulation.running import run_all

SEEDS = range(1, 201)
SEEDS_WITH_RESTORES = range(1, 101)
"""As many as the promises of a restored centre hold for: docs/reliability/simulator.md says what is known beyond."""

STEPS = 200


def test_no_seed_breaks_a_promise() -> None:
    outcomes = list(run_all(SEEDS, STEPS, jobs=2))
    assert {outcome.seed for outcome in outcomes} == set(SEEDS)
    assert [outcome for outcome in outcomes if outcome.broken is not None] == []


def test_no_seed_breaks_a_promise_where_the_centre_is_restored_in_some_of_them() -> None:
    outcomes = list(run_all(SEEDS_WITH_RESTORES, STEPS, jobs=2, restores=True))
    assert {outcome.seed for outcome in outcomes} == set(SEEDS_WITH_RESTORES)
    assert [outcome for outcome in outcomes if outcome.broken is not None] == []
