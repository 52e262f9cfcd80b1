"""Cases: what a person at the centre must look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from core.book.rows import DepositAccount
from core.errors import Refusal
from core.operations.kind import Decoded
from core.rights import free
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


def close_case(home: Home, number: int) -> Refusal | None:
    """A person has looked. Refusals: `case_not_open`; `case_still_stands`, while what it is about is still so."""
    case = home.open_case(number)
    if case is None:
        return Refusal("case_not_open", "number")
    if case.code == "free_below_zero":
        named = msgspec.json.decode(case.detail, type=dict[str, str]).get("account", "")
        account = home.book(locking=False).get(DepositAccount, named)
        if account is not None and free(account.posted, account.overdraft_limit, account.rights) < 0:
            return Refusal("case_still_stands", "number", {"account": named})
    home.close_case(number)
    return None
