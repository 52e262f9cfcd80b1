"""A session is good for one person at one place of one chain; an approval for one operation by somebody else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from core.canonical import digest
from core.errors import IntegrityFault
from core.people.approvals import ApprovalStatement, make_approval, session_opened_of, verify_approval
from core.people.keys import public_text
from core.people.sessions import SessionStatement, make_session, verify_session
from tests.core.people.people_on_devices import Person

AT = "2026-11-20T09:42:00.000Z"
EVENING = "2026-11-20T18:00:00.000Z"
METTE = Person("mette")
JENS = Person("jens")
METTE_SESSION = Person("mette", life=7)
JENS_SESSION = Person("jens", life=7)
PREV = digest(b"the operation before")
ID = "01939c3e-7c00-7000-8000-000000000001"
BODY_HASH = digest(b"the body")


def _session(**changes: Any) -> SessionStatement:
    said = SessionStatement(
        person="mette",
        device="odense-1",
        epoch=1,
        seq=12,
        prev=PREV,
        session_key=public_text(METTE_SESSION.signing_key),
        ends_at=EVENING,
        totp_step=59_833_333,
        checkpoint=None,
    )
    return msgspec.structs.replace(said, **changes)


def _verified(token: str, **changes: Any) -> SessionStatement:
    place: dict[str, Any] = {
        "staff_key": METTE,
        "device": "odense-1",
        "epoch": 1,
        "seq": 12,
        "prev": PREV,
        "at": AT,
    } | changes
    return verify_session(token, **place)


def _session_fault(said: SessionStatement, **changes: Any) -> str:
    with pytest.raises(IntegrityFault) as caught:
        _verified(make_session(said, METTE.signing_key), **changes)
    return caught.value.code


def test_a_session_opens_at_the_place_that_the_person_signed() -> None:
    assert _verified(make_session(_session(), METTE.signing_key)) == _session()


def test_the_first_operation_of_a_chain_may_open_a_session() -> None:
    said = _session(seq=1, prev=None)
    assert _verified(make_session(said, METTE.signing_key), seq=1, prev=None) == said


def test_a_key_of_somebody_else_opens_no_session() -> None:
    with pytest.raises(IntegrityFault, match="jws_key"):
        _verified(make_session(_session(), JENS.signing_key))
    assert _session_fault(_session(person="jens")) == "session_of_other_person"


@pytest.mark.parametrize(("seq", "prev"), [(13, PREV), (11, PREV), (12, digest(b"another")), (12, None)])
def test_a_session_is_not_opened_twice_nor_elsewhere_on_the_chain(seq: int, prev: str | None) -> None:
    assert _session_fault(_session(), seq=seq, prev=prev) == "session_of_other_place"


@pytest.mark.parametrize(
    ("signed", "place"),
    [
        ({"device": "odense-2"}, {}),
        ({"epoch": 2}, {}),
        ({"epoch": 2}, {"epoch": 2}),
        ({}, {"device": "odense-2"}),
        ({"device": "odense-2"}, {"device": "odense-2"}),
    ],
)
def test_a_staff_key_is_good_on_its_own_device_and_epoch_alone(signed: dict[str, Any], place: dict[str, Any]) -> None:
    assert _session_fault(_session(**signed), **place) == "session_of_other_device"


def test_a_session_has_an_end_within_a_working_day() -> None:
    assert _session_fault(_session(ends_at=AT)) == "session_ended"
    longest = _session(ends_at="2026-11-21T01:42:00.000Z")
    assert _verified(make_session(longest, METTE.signing_key)) == longest
    assert _session_fault(_session(ends_at="2026-11-21T01:42:00.001Z")) == "session_too_long"
    last = "9999-12-31T23:59:59.000Z"
    assert _session_fault(_session(ends_at=last), at=last) == "session_ended"


def test_one_code_opens_one_session() -> None:
    token = make_session(_session(), METTE.signing_key)
    assert _verified(token, last_totp_step=59_833_332) == _session()
    assert _session_fault(_session(), last_totp_step=59_833_333) == "totp_reused"
    assert _session_fault(_session(), last_totp_step=59_833_334) == "totp_reused"


def _approval(**changes: Any) -> ApprovalStatement:
    said = ApprovalStatement(
        id=ID,
        kind="cash.paid_out",
        body_hash=BODY_HASH,
        maker="mette",
        device="odense-1",
        epoch=1,
        expires_at="2026-11-20T09:47:00.000Z",
        session_opened="eyJ.eyJ.AAA",
    )
    return msgspec.structs.replace(said, **changes)


def _supervisor_session(**changes: Any) -> SessionStatement:
    key = public_text(JENS_SESSION.signing_key)
    return _session(**({"person": "jens", "device": "odense-2", "session_key": key} | changes))


def _approved(token: str, **changes: Any) -> ApprovalStatement:
    about: dict[str, Any] = {
        "session": _supervisor_session(),
        "operation_id": ID,
        "kind": "cash.paid_out",
        "body_hash": BODY_HASH,
        "maker": "mette",
        "device": "odense-1",
        "epoch": 1,
        "at": AT,
    } | changes
    return verify_approval(token, **about)


def _approval_fault(token: str, **changes: Any) -> str:
    with pytest.raises(IntegrityFault) as caught:
        _approved(token, **changes)
    return caught.value.code


def test_a_supervisor_approves_one_operation_from_their_own_session_on_their_own_device() -> None:
    token = make_approval(_approval(), JENS_SESSION.signing_key)
    assert session_opened_of(token) == "eyJ.eyJ.AAA"
    assert _approved(token) == _approval()


@pytest.mark.parametrize(
    "change",
    [
        {"operation_id": "01939c3e-7c00-7000-8000-000000000002"},
        {"kind": "cash.deposited"},
        {"body_hash": digest(b"another body")},
        {"maker": "karla"},
        {"device": "odense-3"},
        {"epoch": 2},
    ],
)
def test_an_approval_is_good_for_nothing_else(change: dict[str, Any]) -> None:
    token = make_approval(_approval(), JENS_SESSION.signing_key)
    assert _approval_fault(token, **change) == "approval_of_other"


def test_nobody_approves_their_own_work() -> None:
    own = _session()
    token = make_approval(_approval(), METTE_SESSION.signing_key)
    assert _approval_fault(token, session=own) == "approval_own"


def test_an_approval_and_the_session_behind_it_end() -> None:
    token = make_approval(_approval(), JENS_SESSION.signing_key)
    assert _approved(token, at="2026-11-20T09:47:00.000Z") == _approval()
    assert _approval_fault(token, at="2026-11-20T09:47:00.001Z") == "approval_expired"
    assert _approval_fault(token, session=_supervisor_session(ends_at=AT)) == "approval_session_ended"


def test_an_approval_is_signed_by_the_session_s_key_and_not_by_the_staff_key() -> None:
    assert _approval_fault(make_approval(_approval(), JENS.signing_key)) == "jws_key"
