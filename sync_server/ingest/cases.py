"""Cases: what a person at the centre must look at."""

from __future__ import annotations

from typing import Any

import msgspec

from core.operations.kind import Decoded
from sync_server.database import Connection

_encode = msgspec.json.Encoder().encode
_INSERT = b"INSERT INTO cases (opened_at, code, device, epoch, operation_id, detail) VALUES (%s, %s, %s, %s, %s, %s)"


def open_case(
    connection: Connection, code: str, decoded: Decoded[Any], detail: dict[str, object], opened_at: str
) -> None:
    """About an operation."""
    operation = decoded.operation
    connection.execute(
        _INSERT, (opened_at, code, operation.device, operation.epoch, operation.id, _encode(detail).decode())
    )


def open_payment_case(connection: Connection, transfer_id: str, why: str, opened_at: str) -> None:
    """About a payment whose partner says something that no program may decide on."""
    detail = _encode({"why": why}).decode()
    connection.execute(_INSERT, (opened_at, "payment_needs_person", None, None, transfer_id, detail))
