"""Known-bad variants: each replaces one rule of the bank by a wrong one, and the simulator must notice it.

Production code has no switch for them. A variant is a context manager in which the wrong rule counts: of `replaced`
(a function, wherever a module holds it by name), `swapped` (an attribute of an object or class) and `ruled` (what a
kind of operation holds). To add one: write the context manager beside its like, add it to the `VARIANTS` of its module,
and the test in tests/simulation runs it.
"""

from __future__ import annotations

from collections.abc import Mapping

from counterfoil.simulation.variants import accounts, centre, desks, payments, rights
from counterfoil.simulation.variants.variant import Variant

VARIANTS: Mapping[str, Variant] = {
    variant.name: variant for family in (rights, accounts, centre, desks, payments) for variant in family.VARIANTS
}

__all__ = ["VARIANTS", "Variant"]
