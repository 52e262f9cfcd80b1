"""Reporting to a centre that was restored: what it forgot is given back, then every grant is echoed."""

from __future__ import annotations

from core.canonical import base64url
from core.device import Device
from core.errors import CentreRefusal, LineProblem
from core.sync.messages import GivenBack, GivenItem, Reported
from core.sync.transport import Transport

AT_ONCE = 200
_TOO_MUCH = frozenset({"body_too_large", "body_too_slow", "line_too_slow"})


class NewIncarnation(Exception):
    """An answer is of an incarnation of the centre of which this device has not heard."""


def report(device: Device, transport: Transport, *, enrolment: str | None = None) -> bool:
    """Say all that this device has read since the restored heads; may be broken off and done again.

    `enrolment` is the device's own `device.enrolled`, for a centre that no longer knows it. Answers whether the bank
    waits for anybody yet. Raises what the transport does, and `IntegrityFault`.
    """
    answer = transport.incarnation(enrolment)
    device.meet_incarnation(answer)
    most, after = AT_ONCE, None
    while (part := device.next_to_give_back(answer, after, most)) is not None:
        items = tuple(GivenItem(position, jws) for position, jws in part.items)
        records = {digest: base64url(data) for digest, data in part.records.items()}
        try:
            transport.give_back(GivenBack(answer.incarnation, part.feed, items, records, enrolment))
        except (CentreRefusal, LineProblem) as problem:
            if problem.code not in _TOO_MUCH or len(items) == 1:
                raise
            most = max(1, len(items) // 2)
            continue
        after = part.reached
    recovering = _echo(device, transport, answer.incarnation)
    device.note_reported(answer.incarnation)
    return recovering


def _echo(device: Device, transport: Transport, incarnation: int) -> bool:
    """Show every grant that this device holds, the last of them with the word that this was all."""
    grants = device.grants()
    while len(grants) > AT_ONCE:
        transport.reported(Reported(incarnation, tuple(grants[:AT_ONCE]), more=True))
        grants = grants[AT_ONCE:]
    return transport.reported(Reported(incarnation, tuple(grants))).recovering
