"""Reporting to a centre that was restored: what it forgot is given back, then every grant is echoed."""

from __future__ import annotations

from core.canonical import base64url
from core.device import Device
from core.errors import CentreRefusal, LineProblem
from core.sync.messages import GivenBack, Reported
from core.sync.transport import Transport

AT_ONCE = 200
_TOO_MUCH = frozenset({"body_too_large", "body_too_slow", "line_too_slow"})


class NewIncarnation(Exception):
    """An answer is of an incarnation of the centre of which this device has not heard."""


def report(device: Device, transport: Transport, *, enrolment: str | None = None) -> bool:
    """Say all that this device knows, from the beginning of what the centre lacks; may be broken off and done again.

    `enrolment` is the device's own `device.enrolled`, for a centre that no longer knows it. Answers whether others of
    the branch are awaited yet. Raises what the transport does, and `IntegrityFault`.
    """
    answer = transport.incarnation(enrolment)
    device.meet_incarnation(answer)
    most, after = AT_ONCE, 0
    while (part := device.next_to_give_back(answer.ends, after, most)) is not None:
        records = {digest: base64url(data) for digest, data in part.records.items()}
        try:
            transport.give_back(GivenBack(answer.incarnation, part.operations, records, enrolment))
        except (CentreRefusal, LineProblem) as problem:
            if problem.code not in _TOO_MUCH or len(part.operations) == 1:
                raise
            most = max(1, len(part.operations) // 2)
            continue
        after = part.last_no
    said = transport.reported(Reported(answer.incarnation, device.granted()))
    device.note_reported(answer.incarnation)
    return said.recovering
