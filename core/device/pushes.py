"""The outbox: what is after the acknowledged `seq`, handed over in runs, and what the centre answers to one.

A device that has stopped hands over what it has all the same: the centre books none of it by itself, and keeps it as
bytes until two people have decided. Its outbox ends where the centre has said so of everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from core.device.feeds import (
    Verdict,
    end_unintroduced,
    keep_verdict,
    restamp,
    take_back_void,
    verdicts_by_seq,
)
from core.device.values import Changed, Outbox, PushRun
from core.device.workings import Workings
from core.envelope import operation_hash, read_operation
from core.errors import IntegrityFault
from core.operations import rules

RUN_BYTES_MAX = 3 * 1024 * 1024
"""The centre reads bodies of 4 MiB, JSON and all; the difference is room for what a proxy adds or counts otherwise."""

_AROUND = 6
"""Quotes, commas, colons around a text in JSON; a little more than there are."""


class Answer(Protocol):
    """The centre's answer to a push; the wire's message is one."""

    @property
    def verdicts(self) -> Sequence[Verdict]: ...
    @property
    def head_seq(self) -> int: ...
    @property
    def head_hash(self) -> str | None: ...


def outbox(workings: Workings) -> Outbox:
    """How much the centre has not acknowledged; of a stopped device, how much it does not keep yet."""
    own = workings.own
    sent, no = _sent(workings)
    length = own.seq - sent
    if not length:
        return Outbox(0, None)
    rows = workings.store.log.after(own.no, no, 1)
    return Outbox(length, read_operation(rows[0][2]).operation.at if rows else None)


def _sent(workings: Workings) -> tuple[int, int]:
    """The last `seq` that the centre has, booked or kept, as far as that is known here, and its number."""
    head, handed = workings.head, workings.handed_seq
    if handed <= head.acked_seq:
        return head.acked_seq, head.acked_no
    found = workings.store.log.at_seq(workings.own.no, handed, after_no=max(0, head.acked_no - 1))
    return (handed, found[0]) if found is not None else (head.acked_seq, head.acked_no)


def next_run(workings: Workings, limit: int) -> PushRun | None:
    """The oldest operations that are not acknowledged, at most `limit`, with their records; None if there are none.

    At most `RUN_BYTES_MAX` as they travel, unless a single operation is more.
    """
    head = workings.head
    operations: list[str] = []
    records: dict[str, bytes] = {}
    size = 0
    for _no, _seq, jws in workings.store.log.after(workings.own.no, _sent(workings)[1], limit):
        named = rules.records_named(rules.decode(read_operation(jws)))
        found = {digest: workings.store.log.record(digest) for digest in named if digest not in records}
        fresh = {digest: data for digest, data in found.items() if data is not None}
        size += len(jws) + _AROUND + sum(_travelling(digest, data) for digest, data in fresh.items())
        if operations and size > RUN_BYTES_MAX:
            break
        operations.append(jws)
        records |= fresh
    return PushRun(head.device, head.epoch, tuple(operations), records) if operations else None


def _travelling(digest: str, data: bytes) -> int:
    return len(digest) + (len(data) + 2) // 3 * 4 + _AROUND


def accept_answer(workings: Workings, answer: Answer) -> None:
    """Move the acknowledged `seq` to the centre's head, and keep the verdicts that say more than "applied".

    A head behind what was acknowledged (a restored centre) moves it back, so that the rest is sent again.
    Raises `IntegrityFault` with `device_behind`, `chain_forked` or `verdict_of_other`; then nothing is kept. The first
    two, and a verdict `quarantined`, stop the device: what it did from here on would count nowhere. One that has
    stopped only notes what the centre has of it, wherever the centre's own head is.
    """
    if workings.stopped is not None:
        _note_handed_over(workings, answer)
        return
    head = workings.head
    try:
        found = _place(workings, answer)
    except IntegrityFault as fault:
        workings.stop(fault.code)
        raise
    with workings.writing():
        _keep_verdicts(workings, answer)
        workings.store.log.move_chain(head.device, head.epoch, answer.head_seq, found[1])
        workings.head = msgspec.structs.replace(workings.head, acked_seq=answer.head_seq, acked_no=found[0])
    workings.tell(Changed(own=True))
    if any(verdict.verdict == "quarantined" for verdict in answer.verdicts):
        workings.stop("quarantined")
        _note_handed_over(workings, answer)


def _note_handed_over(workings: Workings, answer: Answer) -> None:
    """Every verdict says that the centre has this operation, booked or as bytes: go on behind the last of them.

    A centre that says less than it did has been restored: whatever it has forgotten is handed over once more.
    """
    sent = _sent(workings)[0]
    with workings.writing():
        _keep_verdicts(workings, answer)
        seqs = verdicts_by_seq(answer.verdicts)
        handed = sent
        while handed + 1 in seqs:
            handed += 1
        if answer.head_seq < workings.head.acked_seq:
            seq, no = _still_there(workings, answer)
            workings.head = msgspec.structs.replace(workings.head, acked_seq=seq, acked_no=no)
            handed = seq
        workings.note_handed_over(handed)
    workings.tell(Changed(own=True))


def _still_there(workings: Workings, answer: Answer) -> tuple[int, int]:
    """The centre's head, by `seq` and number, where that is an operation of this file; else the chain's beginning."""
    try:
        no, _hash = _place(workings, answer)
    except IntegrityFault:
        return 0, 0
    return answer.head_seq, no


def _place(workings: Workings, answer: Answer) -> tuple[int, str | None]:
    """The number and hash here of the operation that is the centre's head."""
    found = _found(workings, answer.head_seq)
    if answer.head_hash != found[1]:
        raise IntegrityFault("chain_forked", f"{workings.head.device}/{workings.head.epoch}/{answer.head_seq}")
    return found


def _found(workings: Workings, seq: int) -> tuple[int, str | None]:
    head = workings.head
    if seq == 0:
        return 0, None
    log = workings.store.log
    behind = head.acked_no - 1 if seq >= head.acked_seq else 0
    found = log.at_seq(workings.own.no, seq, after_no=behind) if seq <= workings.own.seq else None
    if found is None:
        raise IntegrityFault("device_behind", f"{head.device}/{head.epoch}/{seq}")
    return found


def _keep_verdicts(workings: Workings, answer: Answer) -> None:
    by_seq = verdicts_by_seq(answer.verdicts)
    rows = workings.store.log.after(workings.own.no, _sent(workings)[1], len(by_seq))
    for no, seq, jws in rows:
        verdict = by_seq.get(seq)
        if verdict is None:
            continue
        if verdict.hash != operation_hash(jws):
            raise IntegrityFault("verdict_of_other", f"{workings.head.device}/{workings.head.epoch}/{seq}")
        if verdict.verdict != "applied" or verdict.accounting_date is not None or verdict.stamp is not None:
            signed = read_operation(jws)
            keep_verdict(workings, no, verdict, signed.operation.business_date)
            restamp(workings, signed, verdict)
            take_back_void(workings, signed, verdict)
            end_unintroduced(workings, signed, verdict)
