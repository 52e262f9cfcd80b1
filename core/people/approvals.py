"""The second person's signature over one operation, made in their own session, good for nothing else."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec
from nacl.signing import SigningKey

from core.errors import IntegrityFault
from core.people.sessions import SessionStatement
from core.people.statements import (
    DeviceCode,
    Hash,
    Instant,
    Number,
    PersonCode,
    Statement,
    read_statement,
    sign_statement,
    verify_statement,
)


class ApprovalStatement(Statement, frozen=True, kw_only=True):
    """That the approver agrees to the operation `id` of that kind and body, by that maker on that device.

    `session_opened` is the compact JWS of the approver's own `session.opened`, so that the approval can be
    checked by itself.
    """

    TYP: ClassVar[str] = "counterfoil-approval+jws"
    INSTANTS: ClassVar[tuple[str, ...]] = ("expires_at",)
    id: Annotated[str, msgspec.Meta(max_length=36)]
    kind: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9._-]{1,128}\Z")]
    body_hash: Hash
    maker: PersonCode
    device: DeviceCode
    epoch: Number
    expires_at: Instant
    session_opened: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,5000}\Z")]


def make_approval(statement: ApprovalStatement, session_key: SigningKey) -> str:
    """The statement signed by the approver's session key."""
    return sign_statement(statement, session_key)


def session_opened_of(token: str) -> str:
    """The approver's `session.opened` (a compact JWS) that an approval carries, neither of them checked yet.

    The caller verifies that operation first; `verify_approval` takes the session statement inside it.
    Raises `IntegrityFault` with the codes of `read_statement`.
    """
    return read_statement(token, ApprovalStatement).session_opened


def verify_approval(
    token: str,
    *,
    session: SessionStatement,
    operation_id: str,
    kind: str,
    body_hash: str,
    maker: str,
    device: str,
    epoch: int,
    at: str,
) -> ApprovalStatement:
    """What the approver signed, if it is about exactly this operation at that time (`at`, the maker's clock).

    `session` is the verified statement inside the `session.opened` that the approval carries.
    Raises `IntegrityFault` with the codes of `verify_statement`, or `approval_own`, `approval_of_other`,
    `approval_expired`, `approval_session_ended`.
    """
    statement = verify_statement(token, ApprovalStatement, session.session_key)
    if session.person == maker:
        raise IntegrityFault("approval_own", maker)
    named = (
        statement.id,
        statement.kind,
        statement.body_hash,
        statement.maker,
        statement.device,
        statement.epoch,
    )
    if named != (operation_id, kind, body_hash, maker, device, epoch):
        raise IntegrityFault("approval_of_other", operation_id)
    if statement.expires_at < at:
        raise IntegrityFault("approval_expired", operation_id)
    if session.ends_at <= at:
        raise IntegrityFault("approval_session_ended", operation_id)
    return statement
