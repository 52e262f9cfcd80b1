"""The centre restored: a device steps back to the restored heads, gives back what it read beyond them, and echoes.

A device keeps every operation for ever, others' too, and where it stood in the feeds. So it gives the feeds back as
they were; what of its own it has not read there yet, it pushes again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
from nacl.signing import VerifyKey

from core.canonical import from_base64url
from core.device import feed_hashes
from core.device.feeds import BANK_FEED
from core.device.pushes import RUN_BYTES_MAX
from core.device.workings import Workings
from core.envelope import check_signature, read_operation
from core.errors import IntegrityFault
from core.operations import rules
from core.operations.bank import DeviceEnrolled, centre_chain
from core.operations.checkpoints import NOTHING_READ, FeedMark
from core.operations.incarnations import FIRST, IncarnationBegun
from core.operations.rights import GRANTED, RightsGranted
from core.store.log import Place

_REPORTED = "reported-incarnation"
_LOOKED_AT = 500


class ChainEnd(Protocol):
    """Where the centre has a chain; the wire's message is one."""

    @property
    def device(self) -> str: ...
    @property
    def epoch(self) -> int: ...
    @property
    def seq(self) -> int: ...


class Answer(Protocol):
    """The centre's word on its incarnation; the wire's message is one."""

    @property
    def incarnation(self) -> int: ...
    @property
    def begun(self) -> str | None: ...
    @property
    def ends(self) -> Sequence[ChainEnd]: ...


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a device has come in giving back: a feed of its own (the first, the second), and a place in it."""

    feed: int
    place: Place


@dataclass(frozen=True, slots=True)
class Part:
    """What stood in a feed behind the restored head: (position, signed text) in order, and their records.

    `reached` is where to go on.
    """

    feed: str
    items: tuple[tuple[int, str], ...]
    records: dict[str, bytes]
    reached: Reached


def has_to_report(workings: Workings) -> bool:
    """Whether this device has met an incarnation to which it has not said yet all that it knows."""
    number = workings.head.incarnation
    return number > FIRST and workings.store.setting(_REPORTED) != str(number)


def meet(workings: Workings, answer: Answer) -> None:
    """Be in the centre's incarnation from here on: read the feeds from the restored heads, and no older page.

    Raises `IntegrityFault`: `incarnation_older`, `incarnation_differs` (the centre's word is not its own),
    `checkpoint_differs` (what it restored is not what this device had read).
    """
    head = workings.head
    if answer.incarnation < head.incarnation:
        raise IntegrityFault("incarnation_older", str(answer.incarnation))
    if answer.incarnation == head.incarnation:
        return
    marks = {mark.feed: mark for mark in _begun(workings, answer).feeds}
    with workings.writing():
        bank = _step_back(workings, BANK_FEED, head.bank_position, marks.get(BANK_FEED))
        branch = _step_back(workings, head.branch, head.branch_position, marks.get(head.branch))
        acked_seq, acked_no = _acknowledged(workings, answer.ends)
        workings.head = msgspec.structs.replace(
            workings.head,
            bank_position=bank,
            branch_position=branch,
            incarnation=answer.incarnation,
            acked_seq=acked_seq,
            acked_no=acked_no,
        )


def _acknowledged(workings: Workings, ends: Sequence[ChainEnd]) -> tuple[int, int]:
    """How much of the own chain the restored centre has, and its number here.

    What lies beyond it is sent once more: not all of it may have been read in the feeds by anybody.
    """
    head, own = workings.head, workings.own
    end = next((end.seq for end in ends if (end.device, end.epoch) == (head.device, head.epoch)), 0)
    if end >= head.acked_seq:
        return head.acked_seq, head.acked_no
    found = workings.store.log.at_seq(own.no, end) if end else None
    return (end, found[0]) if found is not None else (0, 0)


def _begun(workings: Workings, answer: Answer) -> IncarnationBegun:
    """What the centre signed as it began the incarnation, held to the key that is pinned here."""
    where = str(answer.incarnation)
    if answer.begun is None:
        raise IntegrityFault("incarnation_differs", where)
    check_signature(answer.begun, VerifyKey(from_base64url(workings.head.centre_key)))
    body = rules.decode(read_operation(answer.begun)).body
    if not isinstance(body, IncarnationBegun) or body.incarnation != answer.incarnation:
        raise IntegrityFault("incarnation_differs", where)
    return body


def _step_back(workings: Workings, feed: str, position: int, mark: FeedMark | None) -> int:
    restored, hash_ = (mark.position, mark.hash) if mark is not None else (0, NOTHING_READ)
    feed_hashes.step_back(workings, feed, position, restored, hash_)
    return min(position, restored)


def next_part(workings: Workings, answer: Answer, after: Reached | None, limit: int) -> Part | None:
    """What comes next of all that was read behind the restored heads; None at the end.

    The bank-wide feed comes first: the branch's rests on it (keys, staff).
    """
    feeds = (BANK_FEED, workings.head.branch)
    marks = {mark.feed: mark.position for mark in _begun(workings, answer).feeds}
    for number in range(after.feed if after is not None else 0, len(feeds)):
        feed = feeds[number]
        place = after.place if after is not None and after.feed == number else Place(marks.get(feed, 0) + 1, 0)
        part = _part(workings, number, feed, place, limit)
        if part is not None:
            return part
    return None


def _part(workings: Workings, number: int, feed: str, place: Place, limit: int) -> Part | None:
    items: list[tuple[int, str]] = []
    records: dict[str, bytes] = {}
    size = 0
    for here, jws in workings.store.log.items(feed, place, limit):
        named = _records(workings, jws)
        size += len(jws) + sum(2 * len(data) for data in named.values())
        if items and size > RUN_BYTES_MAX:
            break
        items.append((here.position, jws))
        records |= named
        place = here
    return Part(feed, tuple(items), records, Reached(number, place)) if items else None


def _records(workings: Workings, jws: str) -> dict[str, bytes]:
    named = rules.records_named(rules.decode(read_operation(jws)))
    found = {digest: workings.store.log.record(digest) for digest in named}
    return {digest: data for digest, data in found.items() if data is not None}


def grants(workings: Workings) -> list[str]:
    """The newest grant of each account to this device, as the centre signed it."""
    head = workings.head
    newest: dict[str, tuple[int, str]] = {}
    for jws in workings.store.log.of_kind(GRANTED):
        body: Any = rules.decode(read_operation(jws)).body
        if isinstance(body, RightsGranted) and (body.device, body.epoch) == (head.device, head.epoch):
            newest[body.account] = max(newest.get(body.account, (0, "")), (body.granted, jws))
    return [jws for _, jws in sorted(newest.values())]


def note_reported(workings: Workings, incarnation: int) -> None:
    """The centre has it all."""
    with workings.store.transaction():
        workings.store.put_setting(_REPORTED, str(incarnation))


def own_enrolment(workings: Workings) -> str | None:
    """The centre's own word that it trusts this device's key, for a centre that has forgotten it."""
    head, last = workings.head, 0
    while rows := workings.store.log.arrived(last, _LOOKED_AT):
        for no, device, _epoch, _seq, jws in rows:
            last = no
            if device == centre_chain(None) and _enrols(jws, head.device, head.epoch):
                return jws
    return None


def _enrols(jws: str, device: str, epoch: int) -> bool:
    signed = read_operation(jws)
    if signed.operation.kind != "device.enrolled":
        return False
    body: Any = rules.decode(signed).body
    return isinstance(body, DeviceEnrolled) and (body.device, body.epoch) == (device, epoch)
