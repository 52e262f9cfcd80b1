"""The second person's approval as it stands in an operation: verified wherever one is, demanded where rules ask."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from core.book import Book
from core.book.rows import Session, Staff, StaffKey
from core.canonical import thumbprint
from core.envelope import body_hash, read_header, read_operation
from core.errors import IntegrityFault, Refusal
from core.operations.kind import SUPERVISOR, Decoded
from core.operations.sessions import SessionOpened
from core.people import approvals
from core.people.keys import public_bytes
from core.people.sessions import SessionStatement
from core.people.statements import read_statement


def approver_of(decoded: Decoded[Any], book: Book) -> str | None:
    """The person who approved, by the session whose key signed; None where nobody did."""
    token = decoded.operation.approver
    session = book.get(Session, read_header(token).kid) if token is not None else None
    return session.person if session else None


def verify_approval(decoded: Decoded[Any], book: Book) -> None:
    """Whether an approval, where there is one, is the approver's own for exactly this operation.

    Raises `IntegrityFault` with the codes of `core.people.approvals.verify_approval`, or `approval_session_unknown`,
    `approval_session_closed`, `approval_session_differs`.
    """
    operation = decoded.operation
    if operation.approver is None:
        return
    session = book.get(Session, read_header(operation.approver).kid)
    if session is None or (session.device, session.epoch) != (operation.device, operation.epoch):
        raise IntegrityFault("approval_session_unknown", operation.id)
    if session.closed_seq is not None:
        raise IntegrityFault("approval_session_closed", operation.id)
    approvals.verify_approval(
        operation.approver,
        session=_carried_session(operation.approver, session),
        operation_id=operation.id,
        kind=operation.kind,
        body_hash=body_hash(bytes(operation.body)),
        maker=operation.actor.removeprefix("staff:"),
        device=operation.device,
        epoch=operation.epoch,
        at=operation.at,
    )


def _carried_session(token: str, session: Session) -> SessionStatement:
    """The statement inside the carried `session.opened`, once it is the one that opened the known session."""
    carried = read_operation(approvals.session_opened_of(token))
    opened = carried.operation
    try:
        body = msgspec.json.decode(opened.body, type=SessionOpened)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as problem:
        raise IntegrityFault("approval_session_differs", session.person) from problem
    statement = read_statement(body.statement, SessionStatement)
    named = (
        opened.id,
        carried.hash,
        statement.person,
        thumbprint(public_bytes(statement.session_key)),
        statement.ends_at,
    )
    if named != (session.opened_by, session.opened_hash, session.person, session.kid, session.ends_at):
        raise IntegrityFault("approval_session_differs", session.person)
    return statement


def _key_ended(decoded: Decoded[Any], book: Book) -> bool:
    """Whether the staff key that opened the approver's session has been ended."""
    token = decoded.operation.approver
    session = book.get(Session, read_header(token).kid) if token is not None else None
    key = book.get(StaffKey, session.staff_key) if session is not None else None
    return key is not None and key.ended_by is not None


def check_approval(decoded: Decoded[Any], book: Book) -> Iterable[Refusal]:
    """Whether a supervisor of the branch, who is not the maker, has approved."""
    person = approver_of(decoded, book)
    staff = book.get(Staff, person) if person else None
    if staff is None:
        yield Refusal("approval_needed")
    elif staff.suspended:
        yield Refusal("approver_suspended", detail={"person": staff.code})
    elif _key_ended(decoded, book):
        yield Refusal("approver_key_ended", detail={"person": staff.code})
    elif staff.role != SUPERVISOR or staff.branch != decoded.operation.branch:
        yield Refusal("approver_not_supervisor", detail={"person": staff.code})
