"""No promise breaks in the first seeds. Many more are run by `counterfoil simulate`; see docs/reliability.md."""

from counterfoil.simulation.running import run_all

SEEDS = range(1, 201)
STEPS = 200


def test_no_seed_breaks_a_promise() -> None:
    outcomes = list(run_all(SEEDS, STEPS, jobs=2))
    assert {outcome.seed for outcome in outcomes} == set(SEEDS)
    assert [outcome for outcome in outcomes if outcome.broken is not None] == []
