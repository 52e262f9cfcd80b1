"""Cases: what a person at the centre must look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from core.operations.kind import Decoded
from sync_server.database import Connection

_encode = msgspec.json.Encoder().encode
_INSERT = (
    b"INSERT INTO cases (opened_at, code, device, epoch, operation_id, detail) "
    b"SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::uuid[], %s::text[])"
)

_INSERT_ONCE = (
    b"INSERT INTO cases (opened_at, code, operation_id, detail) SELECT new.* FROM "
    b"(VALUES (%s::text, %s::text, %s::uuid, %s::text)) AS new (opened_at, code, operation_id, detail) "
    b"WHERE NOT EXISTS (SELECT 1 FROM cases c WHERE c.operation_id = new.operation_id AND c.code = new.code "
    b"AND c.detail = new.detail AND c.state = 'open')"
)


@dataclass(frozen=True, slots=True)
class Case:
    """A case about an operation: a stable code and its parameters."""

    code: str
    decoded: Decoded[Any]
    detail: Mapping[str, object]


def open_cases(connection: Connection, cases: Sequence[Case], opened_at: str) -> None:
    """Open them in one statement, in their order."""
    if not cases:
        return
    operations = [case.decoded.operation for case in cases]
    columns = (
        [opened_at] * len(cases),
        [case.code for case in cases],
        [operation.device for operation in operations],
        [operation.epoch for operation in operations],
        [operation.id for operation in operations],
        [_encode(case.detail).decode() for case in cases],
    )
    connection.execute(_INSERT, columns)


def open_payment_case(connection: Connection, transfer_id: str, why: str, opened_at: str) -> None:
    """About a payment on which no program may decide; none beside one that is open for the same reason."""
    detail = _encode({"why": why}).decode()
    connection.execute(_INSERT_ONCE, (opened_at, "payment_needs_person", transfer_id, detail))


def close_case(connection: Connection, number: int) -> bool:
    """A person has looked; False if no open case has that number."""
    done = connection.execute(b"UPDATE cases SET state = 'closed' WHERE no = %s AND state = 'open'", (number,))
    return done.rowcount == 1
