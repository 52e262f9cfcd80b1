"""What a known-bad variant is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    """One wrong rule: its name, what is wrong in a sentence, and a context in which it counts.

    `seeds`: within how many seeds, from 1 on and of 200 steps each, it is caught.
    """

    name: str
    wrong: str
    seeds: int
    applied: Callable[[], AbstractContextManager[None]]
