"""What a stored operation says of itself, and how it stands: queued, applied, in exception, or made by the centre."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import MsgspecError
from sqlalchemy import Connection, bindparam, text

from core.envelope import Operation, read_header, read_operation
from core.operations import rules
from core.operations.kind import Decoded
from core.records import read_record

State = Literal["queued", "applied", "exception", "recorded", "quarantined", "centre"]
"""`queued` until the centre has acknowledged it; then what the centre said, `centre` for what it made itself."""

_STANDING = text(
    "SELECT c.no AS chain, h.acked_seq, h.device, h.epoch, h.branch FROM head AS h "
    "JOIN chains AS c ON c.device = h.device AND c.epoch = h.epoch WHERE h.no = 1"
)
_BY_ID = text("SELECT id, jws FROM operations WHERE id IN :ids").bindparams(bindparam("ids", expanding=True))
_RECORDS = text("SELECT digest, data FROM records WHERE digest IN :digests").bindparams(
    bindparam("digests", expanding=True)
)
_SESSIONS = text("SELECT kid, person FROM sessions WHERE kid IN :kids").bindparams(bindparam("kids", expanding=True))


@dataclass(frozen=True, slots=True)
class Note:
    """Who did what, when and where. `person` is a staff code, None for what a device or the centre did by itself."""

    operation: str
    kind: str
    at: str
    business_date: str | None
    person: str | None
    device: str
    epoch: int
    seq: int


@dataclass(frozen=True, slots=True)
class Standing:
    """This device: its chain's number in the file and how much of it is acknowledged."""

    chain: int
    acked_seq: int
    device: str
    epoch: int
    branch: str


@dataclass(frozen=True, slots=True)
class Finding:
    """An exception that the centre found: a stable code and its parameters."""

    code: str
    detail: Mapping[str, object]


def standing(connection: Connection) -> Standing:
    """Who this device is."""
    row = connection.execute(_STANDING).one()
    return Standing(row.chain, row.acked_seq, row.device, row.epoch, row.branch)


def state_of(here: Standing, chain: int, operation: Operation, verdict: str | None) -> State:
    """How an operation stands. `verdict` is the stored one, None where it was plainly applied."""
    if chain == here.chain and operation.seq > here.acked_seq:
        return "queued"
    if verdict == "applied_with_exception":
        return "exception"
    if verdict == "recorded":
        return "recorded"
    if verdict == "quarantined":
        return "quarantined"
    return "centre" if operation.actor == "centre" else "applied"


@lru_cache(maxsize=2048)
def read(jws: str) -> Decoded[Any]:
    """A stored operation with its body and entry. It was verified before it was stored."""
    return rules.decode(read_operation(jws))


def note_of(operation: Operation) -> Note:
    """The operation's note."""
    return Note(
        operation.id,
        operation.kind,
        operation.at,
        operation.business_date,
        person_of(operation),
        operation.device,
        operation.epoch,
        operation.seq,
    )


def person_of(operation: Operation) -> str | None:
    """The staff code of whoever did it."""
    return operation.actor.removeprefix("staff:") if operation.actor.startswith("staff:") else None


def notes(connection: Connection, ids: Iterable[str]) -> dict[str, Note]:
    """The notes of the operations that are here, by id."""
    keys = [UUID(operation_id).bytes for operation_id in sorted(set(ids))]
    rows = connection.execute(_BY_ID, {"ids": keys}).all()
    found = (note_of(read(row.jws).operation) for row in rows)
    return {note.operation: note for note in found}


def record_fields(connection: Connection, digests: Iterable[str | None]) -> dict[str, dict[str, str]]:
    """The fields of the records that are here, by digest."""
    wanted = sorted({digest for digest in digests if digest is not None})
    rows = connection.execute(_RECORDS, {"digests": wanted}).all()
    fields: dict[str, dict[str, str]] = {}
    for row in rows:
        try:
            fields[row.digest] = read_record(bytes(row.data))
        except MsgspecError:
            continue
    return fields


def approvers(connection: Connection, operations: Iterable[Operation]) -> dict[str, str]:
    """Who approved, by operation id, for those that were approved."""
    kids = {operation.id: read_header(operation.approver).kid for operation in operations if operation.approver}
    rows = connection.execute(_SESSIONS, {"kids": sorted(set(kids.values()))}).all()
    persons = {row.kid: row.person for row in rows}
    return {operation_id: persons[kid] for operation_id, kid in kids.items() if kid in persons}


def findings_of(exceptions: str | None) -> tuple[Finding, ...]:
    """The exceptions of a stored verdict."""
    if not exceptions:
        return ()
    return tuple(Finding(found["code"], found["detail"]) for found in msgspec.json.decode(exceptions))
