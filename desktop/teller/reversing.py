"""Who reverses an operation: the desk that made it, or, once that has ended, the centre as two supervisors ask."""

from __future__ import annotations

from core.operations.kind import SUPERVISOR
from core.operations.reversals import REVERSIBLE
from core.store.queries.journal import OperationDetail
from desktop.desk import Desk
from desktop.teller.saying import reference


def by_centre(detail: OperationDetail, desk: Desk) -> bool:
    """Whether the centre is to be asked: it was made elsewhere, in an epoch that has ended."""
    original, identity = detail.original, desk.device.identity
    return original.ended and (original.device, original.epoch) != (identity.device, identity.epoch)


def why_not_reverse(detail: OperationDetail, desk: Desk) -> str:
    """Why this can't be reversed here by whoever is at work; empty if it can."""
    line, original, identity = detail.line, detail.original, desk.device.identity
    if original.kind not in REVERSIBLE:
        return desk.tr("Only cash and transfers within the branch are reversed at the counter.")
    if line.reversed_by:
        return desk.tr("It has been reversed already, by {reference}.").format(reference=reference(line.reversed_by))
    if by_centre(detail, desk):
        if desk.role != SUPERVISOR:
            return desk.tr("The desk that made it has ended. Two supervisors ask the centre to reverse it.")
        return ""
    if (original.device, original.epoch) != (identity.device, identity.epoch):
        return desk.tr("It was made at another desk ({device}) and is reversed there.").format(device=original.device)
    if desk.business_date is None:
        return desk.tr("The business day is not open at this desk.")
    return ""
