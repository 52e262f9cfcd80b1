"""A person's signature that opens a session: the staff key names the session key and its one place."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec
from nacl.signing import SigningKey

from core.clock import instant_ms
from core.errors import IntegrityFault
from core.people.keys import RegisteredKey
from core.people.statements import (
    CountFromZero,
    DeviceCode,
    Hash,
    Instant,
    Key,
    Number,
    PersonCode,
    Statement,
    sign_statement,
    verify_statement,
)

SESSION_MS_MAX = 16 * 60 * 60 * 1000
"""No session outlives a long working day."""


class SessionStatement(Statement, frozen=True, kw_only=True):
    """That `session_key` (base64url) acts for the person on this chain, from `seq` on, until `ends_at`.

    `prev` is the chain's hash before `session.opened`, `totp_step` the one-time code's step, `checkpoint` is
    the name of the newest checkpoint of the centre that the device has seen.
    """

    TYP: ClassVar[str] = "counterfoil-session+jws"
    INSTANTS: ClassVar[tuple[str, ...]] = ("ends_at",)
    person: PersonCode
    device: DeviceCode
    epoch: Number
    seq: Number
    prev: Hash | None
    session_key: Key
    ends_at: Instant
    totp_step: CountFromZero
    checkpoint: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,512}\Z")] | None


def make_session(statement: SessionStatement, staff_key: SigningKey) -> str:
    """The statement signed by the person's staff key."""
    return sign_statement(statement, staff_key)


def verify_session(
    token: str,
    *,
    staff_key: RegisteredKey,
    device: str,
    epoch: int,
    seq: int,
    prev: str | None,
    at: str,
    last_totp_step: int | None = None,
) -> SessionStatement:
    """What the staff key signed, if it stands in `session.opened` at exactly that place of that chain.

    `at` is that operation's clock; `last_totp_step` that of the person's session before, where it is known.
    Raises `IntegrityFault` with the codes of `verify_statement`, or `session_of_other_person`,
    `session_of_other_device`, `session_of_other_place`, `session_ended`, `session_too_long`, `totp_reused`.
    """
    statement = verify_statement(token, SessionStatement, staff_key.public_key)
    if statement.person != staff_key.person:
        raise IntegrityFault("session_of_other_person", statement.person)
    places = {(statement.device, statement.epoch), (staff_key.device, staff_key.epoch), (device, epoch)}
    if len(places) != 1:
        raise IntegrityFault("session_of_other_device", statement.person)
    if (statement.seq, statement.prev) != (seq, prev):
        raise IntegrityFault("session_of_other_place", statement.person)
    if statement.ends_at <= at:
        raise IntegrityFault("session_ended", statement.person)
    if instant_ms(statement.ends_at) > instant_ms(at) + SESSION_MS_MAX:
        raise IntegrityFault("session_too_long", statement.person)
    if last_totp_step is not None and statement.totp_step <= last_totp_step:
        raise IntegrityFault("totp_reused", statement.person)
    return statement
