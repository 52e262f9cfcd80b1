"""Cases at the centre: who says that one has been looked into, or has to be looked at once more, when and why.

A case is opened by what it is about, and stands at the centre alone; that a person closed it is an operation.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec

from core.book import Book, Key
from core.book.rows import Staff
from core.canonical import digest
from core.envelope import Operation
from core.errors import Refusal
from core.operations.kind import BY_CENTRE, Body, Decoded, Digest, Kind, ShortCode

CLOSED, REOPENED = "case.closed", "case.reopened"

_Number = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]


class _CaseDecided(Body, frozen=True):
    """`case` is the number that the centre gave it, `about` the digest of what it says (`about_case`); `person` has
    decided, and why stands in the record that `record` names.
    """

    case: _Number
    about: Digest
    person: ShortCode
    record: Digest


class CaseClosed(_CaseDecided, frozen=True):
    """A person has looked into a case."""


class CaseReopened(_CaseDecided, frozen=True):
    """A case that was closed has to be looked at once more."""


def about_case(
    opened_at: str, code: str, device: str | None, epoch: int | None, operation_id: str | None, detail: str
) -> str:
    """The digest of what a case says, base64url: nobody can make a closed case another one."""
    return digest(msgspec.json.encode([opened_at, code, device, epoch, operation_id, detail]))


def _check(decoded: Decoded[CaseClosed] | Decoded[CaseReopened], book: Book) -> Iterable[Refusal]:
    """Findings: `staff_unknown`, `staff_suspended`."""
    person = book.get(Staff, decoded.body.person)
    if person is None:
        yield Refusal("staff_unknown", "person")
    elif person.suspended:
        yield Refusal("staff_suspended", "person")


def _touches(_operation: Operation, body: CaseClosed | CaseReopened) -> Iterable[Key]:
    yield Staff, (body.person,)


KINDS = (
    Kind(
        name=CLOSED,
        version=1,
        body=CaseClosed,
        signers=BY_CENTRE,
        check=_check,
        touches=_touches,
        bank_wide=True,
    ),
    Kind(
        name=REOPENED,
        version=1,
        body=CaseReopened,
        signers=BY_CENTRE,
        check=_check,
        touches=_touches,
        bank_wide=True,
    ),
)
