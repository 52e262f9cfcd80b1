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


BACKED_UP, RESTORED = "backed up", "restored"
"""A backup of the centre and what puts it back: each is of use only with the other, so they are not drawn by weight."""

_RESTORED_PERCENT = 25
"""In how many seeds the centre is restored."""

_LEFT_OUT_PERCENT = 20
_TWICE_PERCENT = 25
_PREFERRED_PERCENT = 20
_PREFERENCE = 4
_FORGOTTEN_MAX = 60


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
    steps = tuple(Step(place, kind, chance.getrandbits(48)) for place, kind in enumerate(drawn))
    return _with_restores(seed, steps)


def _with_restores(seed: int, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """In some seeds the centre's database is backed up at one step and restored at a later one, or at two."""
    chance = generator("restores", seed)
    most = min(_FORGOTTEN_MAX, len(steps) // 2)
    if not most or not chance.happens(_RESTORED_PERCENT):
        return steps
    kept = chance.up_to(len(steps) - most) - 1
    kinds = {kept: BACKED_UP, kept + chance.up_to(most): RESTORED}
    if chance.happens(_TWICE_PERCENT):
        kinds[min(len(steps) - 1, max(kinds) + chance.up_to(most))] = RESTORED
    return tuple(step._replace(kind=kinds.get(step.place, step.kind)) for step in steps)


def only(steps: Sequence[Step], places: frozenset[int]) -> tuple[Step, ...]:
    """The steps at those places of the plan."""
    return tuple(step for step in steps if step.place in places)
