"""What came of asking the centre for spending rights."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FetchedRights:
    """What the centre granted just now and what is still available there, in minor units, and what is payable here.

    `coming` is what other devices have been asked to hand back for it.
    """

    granted: int
    available: int
    payable_here: int
    coming: int = 0
