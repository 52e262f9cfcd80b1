"""People at this device: sessions opened under a staff key and closed again, keys registered, approvals given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from nacl.signing import SigningKey

from core.book.rows import Session, Staff, StaffKey
from core.clock import instant
from core.device.feed_hashes import newest_checkpoint
from core.device.performing import act
from core.device.values import OpenSession, Performed, Refusals
from core.device.workings import Workings
from core.operations.sessions import KeyRegistered, SessionClosed, SessionOpened, StaffKeysRegistered
from core.people.keys import key_name, new_signing_key, public_text
from core.people.sessions import SESSION_MS_MAX, SessionStatement, make_session

CloseReason = Literal["signed-out", "locked", "idle", "ended", "restarted", "approved"]
_BY_DEVICE: frozenset[CloseReason] = frozenset({"ended", "restarted"})


def open_session(
    workings: Workings, person: str, staff_key: SigningKey, totp_step: int, *, lasting_ms: int
) -> OpenSession | Refusals:
    """Make a session key, have the staff key name it, and write `session.opened`, signed by the device.

    Refusals carry the codes of the rules: `staff_unknown`, `staff_suspended`, `staff_key_unknown`, `staff_key_ended`…
    """
    head, own = workings.head, workings.own
    seen = newest_checkpoint(workings)
    session_key = new_signing_key(workings.randomness)
    ends_at = instant(workings.now_ms() + min(lasting_ms, SESSION_MS_MAX))
    statement = SessionStatement(
        person=person,
        device=head.device,
        epoch=head.epoch,
        seq=own.seq + 1,
        prev=own.hash,
        session_key=public_text(session_key),
        ends_at=ends_at,
        totp_step=totp_step,
        checkpoint=seen.hash if seen is not None else None,
    )
    body = SessionOpened(
        person=person,
        staff_key=key_name(staff_key),
        session_key=statement.session_key,
        ends_at=ends_at,
        totp_step=totp_step,
        statement=make_session(statement, staff_key),
    )
    done = act(workings, "session.opened", body)
    if isinstance(done, Refusals):
        return done
    staff = workings.book.get(Staff, person)
    role = staff.role if staff else ""
    return OpenSession(key_name(session_key), person, role, ends_at, done.signed.jws, session_key)


def close_session(workings: Workings, session: OpenSession, reason: CloseReason) -> Performed | Refusals | None:
    """Write `session.closed`, by the session's own key while it is good, else by the device's.

    None if it was closed before.
    """
    row = workings.book.get(Session, session.kid)
    if row is None or row.closed_seq is not None:
        return None
    if instant(workings.now_ms()) > row.ends_at:
        return _close(workings, session.kid, "ended", None)
    return _close(workings, session.kid, reason, None if reason in _BY_DEVICE else session)


def _close(workings: Workings, kid: str, reason: CloseReason, signed_by: OpenSession | None) -> Performed | Refusals:
    body = SessionClosed(session=kid, reason=reason)
    return act(workings, "session.closed", body, session=signed_by)


def close_left_open(workings: Workings) -> int:
    """Close what a crash left open: the keys are gone, and the chain says so. Answers how many there were."""
    kids = workings.store.rows.open_sessions()
    for kid in kids:
        _close(workings, kid, "restarted", None)
    return len(kids)


def close_of_ended_keys(workings: Workings) -> int:
    """Close the sessions here whose staff key has been ended: whoever holds one may do nothing more with it.

    Answers how many there were.
    """
    ended = []
    for kid in workings.store.rows.open_sessions():
        row = workings.book.get(Session, kid)
        key = workings.book.get(StaffKey, row.staff_key) if row is not None else None
        if key is not None and key.ended_by is not None:
            ended.append(kid)
    for kid in ended:
        _close(workings, kid, "ended", None)
    return len(ended)


def register_keys(workings: Workings, keys: Iterable[KeyRegistered]) -> Performed | Refusals:
    """Write `staff.keys_registered`: one key with its witness, or the first two of this device."""
    return act(workings, "staff.keys_registered", StaffKeysRegistered(keys=tuple(keys)))
