"""Cases are closed and opened again by people: an operation of the centre says who, when and why."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from core.book.rows import DepositAccount
from core.errors import Refusal
from core.ids import Randomness
from core.operations.cases import CaseClosed, CaseReopened, about_case
from core.records import make_record
from core.rights import free
from sync_server.centre.issue import Centre, issue
from sync_server.store.home import Home


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decides over a case, and why, in their own words (1 to 140 characters)."""

    person: str
    reason: str


def close_case(home: Home, centre: Centre, randomness: Randomness, number: int, decision: Decision) -> Refusal | None:
    """A person has looked. Refusals: `case_not_open`; `case_still_stands`, while what it is about is still so.

    Raises `Refused` for a person who may not: `staff_unknown`, `staff_suspended`.
    """
    case = home.open_case(number)
    if case is None:
        return Refusal("case_not_open", "number")
    if case.code == "free_below_zero":
        named = msgspec.json.decode(case.detail, type=dict[str, str]).get("account", "")
        account = home.book(locking=False).get(DepositAccount, named)
        if account is not None and free(account.posted, account.overdraft_limit, account.rights) < 0:
            return Refusal("case_still_stands", "number", {"account": named})
    digest, record = make_record({"reason": decision.reason}, randomness)
    body = CaseClosed(case=number, about=about_case(*case), person=decision.person, record=digest)
    home.close_case(number, issue(home, centre, None, body, records={digest: record}).id)
    return None


def reopen_case(home: Home, centre: Centre, randomness: Randomness, number: int, decision: Decision) -> Refusal | None:
    """It has to be looked at once more. Refusal: `case_not_closed`. Raises `Refused` as closing does."""
    case = home.closed_case(number)
    if case is None:
        return Refusal("case_not_closed", "number")
    digest, record = make_record({"reason": decision.reason}, randomness)
    body = CaseReopened(case=number, about=about_case(*case), person=decision.person, record=digest)
    home.reopen_case(number, issue(home, centre, None, body, records={digest: record}).id)
    return None
