"""Everything that a desk writes: one case for each kind of operation it may make, and one for each of its other writes.

A case is staged once (with the centre), arranged anew in every process that is to die, and answers with the one step
that is watched. A kind of operation that a device may make and that has no case here fails a test.
"""

from __future__ import annotations

from core.operations.kind import Signer
from core.operations.registry import KINDS
from tests.reliability.device_crash import operations, other_writes, visiting
from tests.reliability.device_crash.case import CASES

__all__ = ["CASES", "DEVICE_KINDS", "operations", "other_writes", "visiting"]

DEVICE_KINDS = frozenset(kind.name for kind in KINDS.values() if kind.signers & {Signer.STAFF, Signer.DEVICE})
"""What a device may sign."""
