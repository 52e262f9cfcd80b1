"""Who may sign on a device: staff keys registered before a witness, and sessions opened under them.

The signed statements themselves are defined in `core.people`; here they become operations and rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec

from core.book import Book, Key
from core.book.rows import DeskKeys, DeviceEpoch, LastStep, PersonKeys, Session, Staff, StaffKey
from core.canonical import from_base64url, thumbprint
from core.envelope import Operation, read_header
from core.errors import IntegrityFault, Refusal
from core.operations.kind import (
    BY_CENTRE,
    BY_DEVICE,
    Body,
    Decoded,
    Digest,
    Instant,
    Kind,
    PublicKey,
    ShortCode,
    Signer,
    Token,
)
from core.operations.lending import reaches_keepers, visiting_keys
from core.people.registration import (
    Registration,
    RegistrationStatement,
    verify_founding,
    verify_registration,
)
from core.people.sessions import verify_session


class KeyRegistered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One key that is registered: whose, the public half, and the signatures that make it so."""

    person: ShortCode
    key: PublicKey
    registration: Registration


class StaffKeysRegistered(Body, frozen=True):
    """One key with a colleague of this device as witness; or the first two of a device, each other's witness."""

    keys: Annotated[tuple[KeyRegistered, ...], msgspec.Meta(min_length=1, max_length=2)]


class StaffKeyEnded(Body, frozen=True):
    """The centre ends a key: its owner left, or has a new password. `key` is its thumbprint."""

    person: ShortCode
    key: Digest
    reason: ShortCode


class SessionOpened(Body, frozen=True):
    """A person signed in: their staff key names the session key that acts for them on this chain until `ends_at`."""

    person: ShortCode
    staff_key: Digest
    session_key: PublicKey
    ends_at: Instant
    totp_step: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
    statement: Token


class SessionClosed(Body, frozen=True):
    """The session key (its thumbprint) signs nothing more on this chain."""

    session: Digest
    reason: Literal["signed-out", "locked", "idle", "ended", "restarted", "approved"]


def key_thumbprint(public_key: str) -> str:
    """The RFC 7638 thumbprint of a base64url public key."""
    return thumbprint(from_base64url(public_key))


def living_keys(person: str, book: Book) -> tuple[StaffKey, ...]:
    """Every key registered in the person's name that the centre has not ended, on a device epoch that it has not ended.

    A key belongs to a person on one life of a device: once that is over the key opens nothing that counts, and speaks
    for no other key either. Whoever has such a machine could else bring a key of their own into the person's name.
    """
    return tuple(row for row in _all_keys(person, book) if row.ended_by is None and _is_on_living_epoch(row, book))


def _is_on_living_epoch(key: StaffKey, book: Book) -> bool:
    device = book.get(DeviceEpoch, key.device, key.epoch)
    return device is None or device.state == "living"


def _all_keys(person: str, book: Book) -> tuple[StaffKey, ...]:
    """Every key ever registered in the person's name."""
    known = book.get(PersonKeys, person)
    rows = (book.get(StaffKey, kid) for kid in known.kids.split()) if known else ()
    return tuple(row for row in rows if row is not None)


def _is_introduced(key: KeyRegistered, book: Book) -> bool:
    """Whether a living key of the person speaks for the new one, or none is needed because there is none."""
    living = {row.kid for row in living_keys(key.person, book)} - {key_thumbprint(key.key)}
    token = key.registration.introduction
    return not living or (token is not None and read_header(token).kid in living)


def _verify_registered(decoded: Decoded[StaffKeysRegistered], book: Book) -> None:
    """Signatures and witnesses, and introductions where they are given.

    Whether one is missing depends on what else has been registered by then, so `check` says that.
    """
    keys, operation = decoded.body.keys, decoded.operation
    introduced = (key for key in keys if key.registration.introduction is not None)
    older = tuple(row for key in introduced for row in _all_keys(key.person, book))
    if len(keys) == 2:
        if book.get(DeskKeys, operation.device, operation.epoch) is not None:
            raise IntegrityFault("desk_founded_already", operation.device)
        first, second = keys
        statements: tuple[RegistrationStatement, ...] = verify_founding(
            first.registration, first.key, second.registration, second.key, older
        )
    else:
        witness = book.get(StaffKey, read_header(keys[0].registration.witness).kid)
        if witness is None:
            raise IntegrityFault("witness_unknown", keys[0].person)
        statements = (verify_registration(keys[0].registration, key=keys[0].key, witness=witness, older=older),)
    for key, statement in zip(keys, statements, strict=True):
        _check_place(key.person, statement, operation)
        if book.get(StaffKey, key_thumbprint(key.key)) is not None:
            raise IntegrityFault("key_registered_already", key.person)


def _check_place(person: str, statement: RegistrationStatement, operation: Operation) -> None:
    named = (statement.person, statement.branch, statement.device, statement.epoch)
    if named != (person, operation.branch, operation.device, operation.epoch):
        raise IntegrityFault("registration_of_other_place", person)


def _check_registered(decoded: Decoded[StaffKeysRegistered], book: Book) -> Iterable[Refusal]:
    for key in decoded.body.keys:
        staff = book.get(Staff, key.person)
        if staff is None:
            yield Refusal("staff_unknown", "person", {"person": key.person})
        elif staff.branch != decoded.operation.branch:
            yield Refusal("staff_elsewhere", "person", {"person": key.person})
        if not _is_introduced(key, book):
            yield Refusal("introduction_missing", "person", {"person": key.person})
        witness = book.get(StaffKey, read_header(key.registration.witness).kid)
        if witness is not None and witness.ended_by is not None:
            yield Refusal("witness_ended", "person", {"person": key.person})


def _register(decoded: Decoded[StaffKeysRegistered], book: Book) -> None:
    """A key that no living key of its person introduces is known from here on, and good for nothing."""
    operation = decoded.operation
    if book.get(DeskKeys, operation.device, operation.epoch) is None:
        book.put(DeskKeys(operation.device, operation.epoch, operation.id))
    introduced = {key.key: _is_introduced(key, book) for key in decoded.body.keys}
    for key in decoded.body.keys:
        kid = key_thumbprint(key.key)
        book.put(
            StaffKey(
                kid=kid,
                person=key.person,
                branch=operation.branch or "",
                device=operation.device,
                epoch=operation.epoch,
                public_key=key.key,
                registered_by=operation.id,
                registered_at=operation.at,
                witness=read_header(key.registration.witness).kid,
                ended_by=None if introduced[key.key] else operation.id,
            )
        )
        known = book.get(PersonKeys, key.person)
        kids = {kid, *(known.kids.split() if known else ())}
        book.put(PersonKeys(key.person, " ".join(sorted(kids))))


def _end_key(decoded: Decoded[StaffKeyEnded], book: Book) -> None:
    row = book.get(StaffKey, decoded.body.key)
    if row is not None and row.ended_by is None:
        book.put(msgspec.structs.replace(row, ended_by=decoded.operation.id))


def _verify_opened(decoded: Decoded[SessionOpened], book: Book) -> None:
    body, operation = decoded.body, decoded.operation
    staff_key = book.get(StaffKey, body.staff_key)
    if staff_key is None:
        raise IntegrityFault("staff_key_unknown", body.person)
    verify_opening(decoded, staff_key)
    last = book.get(LastStep, body.person, operation.device, operation.epoch)
    if last is not None and body.totp_step <= last.step:
        raise IntegrityFault("totp_reused", body.person)


def verify_opening(decoded: Decoded[SessionOpened], staff_key: StaffKey) -> None:
    """Whether the person's own signature inside holds. Raises `IntegrityFault`."""
    body, operation = decoded.body, decoded.operation
    statement = verify_session(
        body.statement,
        staff_key=staff_key,
        device=operation.device,
        epoch=operation.epoch,
        seq=operation.seq,
        prev=operation.prev,
        at=operation.at,
    )
    named = (statement.person, statement.session_key, statement.ends_at, statement.totp_step)
    if named != (body.person, body.session_key, body.ends_at, body.totp_step):
        raise IntegrityFault("session_statement_differs", body.person)


def _check_opened(decoded: Decoded[SessionOpened], book: Book) -> Iterable[Refusal]:
    staff = book.get(Staff, decoded.body.person)
    key = book.get(StaffKey, decoded.body.staff_key)
    if staff is None:
        yield Refusal("staff_unknown", "person")
    elif staff.suspended:
        yield Refusal("staff_suspended", "person")
    elif staff.branch != decoded.operation.branch:
        yield Refusal("staff_elsewhere", "person", {"branch": staff.branch})
    if key is not None and key.ended_by is not None:
        yield Refusal("staff_key_ended", "person")


def _open(decoded: Decoded[SessionOpened], book: Book) -> None:
    body, operation = decoded.body, decoded.operation
    book.put(LastStep(body.person, operation.device, operation.epoch, body.totp_step))
    note_session(decoded, book)


def note_session(decoded: Decoded[SessionOpened], book: Book) -> None:
    """Keep the session that was opened; one that is known stays as it is."""
    body, operation = decoded.body, decoded.operation
    kid = key_thumbprint(body.session_key)
    if book.get(Session, kid) is None:
        book.put(
            Session(
                kid=kid,
                device=operation.device,
                epoch=operation.epoch,
                person=body.person,
                public_key=body.session_key,
                opened_seq=operation.seq,
                opened_by=operation.id,
                opened_hash=decoded.signed.hash,
                staff_key=body.staff_key,
                ends_at=body.ends_at,
                closed_seq=None,
            )
        )


def _close(decoded: Decoded[SessionClosed], book: Book) -> None:
    row = book.get(Session, decoded.body.session)
    here = (decoded.operation.device, decoded.operation.epoch)
    if row is not None and (row.device, row.epoch) == here and row.closed_seq is None:
        book.put(msgspec.structs.replace(row, closed_seq=decoded.operation.seq))


def _touches_registered(operation: Operation, body: StaffKeysRegistered) -> Iterable[Key]:
    yield DeskKeys, (operation.device, operation.epoch)
    for key in body.keys:
        yield StaffKey, (key_thumbprint(key.key),)
        yield Staff, (key.person,)
        yield PersonKeys, (key.person,)


def _touches_opened(operation: Operation, body: SessionOpened) -> Iterable[Key]:
    yield LastStep, (body.person, operation.device, operation.epoch)
    yield Staff, (body.person,)
    yield StaffKey, (body.staff_key,)
    yield Session, (key_thumbprint(body.session_key),)
    yield from visiting_keys(operation)


def _touches_closed(operation: Operation, body: SessionClosed) -> Iterable[Key]:
    yield Session, (body.session,)
    yield from visiting_keys(operation)


KINDS = (
    Kind(
        name="staff.keys_registered",
        version=1,
        body=StaffKeysRegistered,
        signers=BY_DEVICE,
        verify=_verify_registered,
        check=_check_registered,
        apply=_register,
        touches=_touches_registered,
        bank_wide=True,
    ),
    Kind(
        name="staff.key_ended",
        version=1,
        body=StaffKeyEnded,
        signers=BY_CENTRE,
        apply=_end_key,
        bank_wide=True,
    ),
    Kind(
        name="session.opened",
        version=1,
        body=SessionOpened,
        signers=BY_DEVICE,
        verify=_verify_opened,
        check=_check_opened,
        apply=_open,
        touches=_touches_opened,
        reaches=reaches_keepers,
    ),
    Kind(
        name="session.closed",
        version=1,
        body=SessionClosed,
        signers=frozenset({Signer.STAFF, Signer.DEVICE}),
        apply=_close,
        touches=_touches_closed,
        reaches=reaches_keepers,
    ),
)
