"""Known-bad variants: each replaces one rule of the bank by a wrong one, and the simulator must notice it.

A variant is a `Variant` in `VARIANTS`: its name, what is wrong with it, within how many seeds it is caught, and a
context manager in which the wrong rule counts. It is made of `replaced` (a function, wherever a module holds it by
name) and `swapped` (an attribute of an object or class; what a `Kind` holds must be swapped in `core.operations.rules`
or in what the kind's function calls). Production code has no switch for them. To add one: write the context manager,
add it to `VARIANTS`, and the test in tests/simulation runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from core import rights
from core.book.rows import Right
from core.operations import rights as operations_of_rights
from counterfoil.simulation.replacing import replaced


@dataclass(frozen=True)
class Variant:
    """One wrong rule. `seeds`: within how many seeds (of 200 steps) it is caught."""

    name: str
    wrong: str
    seeds: int
    applied: Callable[[], AbstractContextManager[None]]


@contextmanager
def terms_below_zero() -> Iterator[None]:
    """What one device has used too much frees what another holds."""
    with replaced(rights.reserved, rights.payable):
        yield


@contextmanager
def rights_unchecked() -> Iterator[None]:
    """A device believes that it may pay a little more than it may."""
    true = operations_of_rights.payable_by

    def generous(right: Right) -> int:
        return true(right) + 100

    with replaced(true, generous):
        yield


VARIANTS: Mapping[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant("terms-below-zero", "terms of the sum of rights may go below zero", 500, terms_below_zero),
        Variant("rights-unchecked", "a device pays more than its rights", 50, rights_unchecked),
    )
}
