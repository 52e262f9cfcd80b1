"""Chance from a seed: the same numbers in every run, on every machine, whatever else is drawn beside them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Chance(random.Random):
    """A seeded source with the questions that steps ask."""

    def happens(self, percent: int) -> bool:
        """Whether something happens that does so in `percent` of a hundred cases."""
        return self.random() * 100 < percent

    def one_of(self, choices: Sequence[T]) -> T:
        """One of them, each as likely as the others."""
        return choices[int(self.random() * len(choices))]

    def up_to(self, most: int) -> int:
        """A whole number from 1 to `most`, the small ones as likely as the large ones."""
        return 1 + int(self.random() * most)

    def amount(self, most: int) -> int:
        """An amount from 1 to `most` minor units: often small, often round, now and then the whole."""
        if most <= 1 or self.happens(10):
            return max(1, most)
        size = self.up_to(most if self.happens(30) else max(1, most // 10))
        return size if size < 1000 or self.happens(30) else size // 1000 * 1000


def generator(*names: object) -> Chance:
    """A source of its own for each list of names; equal names give equal numbers (independent of hash seeds)."""
    return Chance("/".join(map(str, names)))
