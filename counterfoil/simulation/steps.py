"""The plan of a run: which kinds of thing happen in which order, each with a number that seeds all that it draws.

A step draws from its own number alone, so that a plan can be replayed with steps left out and the others do what
they can of what they did. Each seed prefers some kinds and leaves others out ("swarm testing", Groce and others,
ISSTA 2012): a fault that needs quiet around it is not drowned by all the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from counterfoil.simulation.chance import generator


class Step(NamedTuple):
    """One thing that happens: its place in the plan, its kind, and the seed of its own chance."""

    place: int
    kind: str
    number: int


_LEFT_OUT_PERCENT = 20
_PREFERRED_PERCENT = 20
_PREFERENCE = 4


def plan(seed: int, count: int, weights: Mapping[str, int], always: frozenset[str]) -> tuple[Step, ...]:
    """`count` steps for a seed. `weights` say how often each kind comes; those in `always` are never left out."""
    chance = generator("plan", seed)
    kinds = sorted(weights)
    chosen: list[int] = []
    for kind in kinds:
        roll = chance.random() * 100
        weight = weights[kind]
        if kind not in always and roll < _LEFT_OUT_PERCENT:
            weight = 0
        elif kind not in always and roll > 100 - _PREFERRED_PERCENT:
            weight *= _PREFERENCE
        chosen.append(weight)
    drawn = chance.choices(kinds, weights=chosen, k=count)
    return tuple(Step(place, kind, chance.getrandbits(48)) for place, kind in enumerate(drawn))


def only(steps: Sequence[Step], places: frozenset[int]) -> tuple[Step, ...]:
    """The steps at those places of the plan."""
    return tuple(step for step in steps if step.place in places)
