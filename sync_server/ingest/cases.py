"""Cases: what a person at the centre must look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from core.operations.kind import Decoded
from sync_server.store.home import Home
from sync_server.store.values import CaseRow

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Case:
    """A case about an operation: a stable code and its parameters."""

    code: str
    decoded: Decoded[Any]
    detail: Mapping[str, object]


def open_cases(home: Home, cases: Sequence[Case], opened_at: str) -> None:
    """Open them in their order."""
    home.open_cases([_row(case, opened_at) for case in cases])


def _row(case: Case, opened_at: str) -> CaseRow:
    operation = case.decoded.operation
    detail = _encode(case.detail).decode()
    return CaseRow(opened_at, case.code, operation.device, operation.epoch, operation.id, detail)


def open_payment_case(home: Home, transfer_id: str, why: str, opened_at: str) -> None:
    """About a payment on which no program may decide; none beside one that is open for the same reason."""
    detail = _encode({"why": why}).decode()
    home.open_case_once(CaseRow(opened_at, "payment_needs_person", None, None, transfer_id, detail))
