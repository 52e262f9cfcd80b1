"""The rules that every operation passes, at its maker, at the centre and at every reader: decode, verify, check, apply.

`verify` raises for what cannot be honest (a wrong signature inside, a key that is not valid there); `check` answers
with what speaks against an honest operation; `apply` changes the book.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from core.book import Book, Key
from core.book.rows import Day, DeviceEpoch, Drawer, Session, Staff, StaffKey
from core.envelope import Operation, Signed, encode_body
from core.errors import IntegrityFault, Refusal
from core.ids import is_code
from core.operations.approvals import check_approval, verify_approval
from core.operations.drawers import drawer_here
from core.operations.ended import CARRYING, carried
from core.operations.incarnations import BEGUN
from core.operations.kind import Decoded, Kind, Signer
from core.operations.lending import lent_to, verify_elsewhere
from core.operations.money import (
    apply_money,
    check_money,
    findings_after,
    frees,
    is_centres,
    money_keys,
    verify_accounts,
)
from core.operations.registry import KINDS
from core.operations.rights import GRANTED

_STAFF = "staff:"
_SIGNERS = {signer.value: signer for signer in (Signer.DEVICE, Signer.CENTRE)}
_naming_records = {
    key: tuple(field for field in ("record", "details", "evidence") if field in kind.body.__struct_fields__)
    for key, kind in KINDS.items()
}
_decoders = {key: msgspec.json.Decoder(kind.body, strict=True) for key, kind in KINDS.items()}


def kind_of(operation: Operation) -> Kind[Any]:
    """The kind in its version. Raises `IntegrityFault("kind_unknown")`."""
    kind = KINDS.get((operation.kind, operation.kind_version))
    if kind is None:
        raise IntegrityFault("kind_unknown", f"{operation.kind}/{operation.kind_version}")
    return kind


def decode(signed: Signed) -> Decoded[Any]:
    """Decode the body strictly and work out the entry.

    Raises `IntegrityFault` with `kind_unknown`, `body_malformed`, `actor_malformed` or `actor_not_allowed`.
    """
    operation = signed.operation
    kind = kind_of(operation)
    try:
        body = _decoders[operation.kind, operation.kind_version].decode(operation.body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as problem:
        raise IntegrityFault("body_malformed", str(problem)) from problem
    # One spelling only: a field given twice, say, would be read in two ways by two programs.
    if encode_body(body) != bytes(operation.body):
        raise IntegrityFault("body_malformed", "spelling")
    signer = signer_of(operation)
    if signer is Signer.STAFF and not is_code(operation.actor[len(_STAFF) :]):
        raise IntegrityFault("actor_malformed", operation.actor)
    if signer not in kind.signers:
        raise IntegrityFault("actor_not_allowed", operation.actor)
    return Decoded(signed, operation, body, kind.entries(operation, body), kind)


def signer_of(operation: Operation) -> Signer:
    """Whose key signs, by what the actor says. Raises `IntegrityFault("actor_malformed")`."""
    if operation.actor.startswith(_STAFF):
        return Signer.STAFF
    signer = _SIGNERS.get(operation.actor)
    if signer is not None:
        return signer
    raise IntegrityFault("actor_malformed", operation.actor)


def touches(decoded: Decoded[Any], *, with_balances: bool) -> Iterable[Key]:
    """Every row that verify, check and apply read for this operation."""
    operation = decoded.operation
    yield DeviceEpoch, (operation.device, operation.epoch)
    if signer_of(operation) is Signer.STAFF:
        yield Session, (decoded.signed.kid,)
        yield Staff, (operation.actor.removeprefix("staff:"),)
    if decoded.kind.needs_day and operation.business_date is not None:
        yield Day, (operation.device, operation.epoch, operation.business_date)
    if decoded.kind.needs_drawer:
        currency = getattr(decoded.body, "currency", "")
        yield Drawer, (operation.branch, operation.drawer, currency, operation.device, operation.epoch)
    yield from decoded.kind.touches(operation, decoded.body)
    yield from money_keys(operation, decoded.postings, with_balances=with_balances)


def verify(decoded: Decoded[Any], book: Book) -> None:
    """Whether the key may sign this on this chain, and whether the signatures inside hold.

    Raises `IntegrityFault`: `device_unknown`, `key_not_of_device`, `branch_differs`, `session_unknown`,
    `session_of_another`, `session_closed`, `session_ended`, and what kinds and approvals raise.
    """
    operation = decoded.operation
    device = book.get(DeviceEpoch, operation.device, operation.epoch)
    if device is None:
        if operation.kind == "bank.founded":
            return
        if operation.kind == BEGUN:
            decoded.kind.verify(decoded, book)
            return
        raise IntegrityFault("device_unknown", operation.device)
    if (device.purpose == "centre") is not is_centres(operation):
        raise IntegrityFault("actor_not_allowed", operation.actor)
    if device.branch is not None and device.branch != operation.branch:
        raise IntegrityFault("branch_differs", operation.branch or "")
    if signer_of(operation) is Signer.STAFF:
        _verify_session(decoded, book)
    elif decoded.signed.kid != device.kid:
        raise IntegrityFault("key_not_of_device", decoded.signed.kid)
    if any(posting.branch != operation.branch for posting in decoded.postings):
        verify_elsewhere(decoded.postings, _maker(decoded), book)
    verify_accounts(decoded.postings, book)
    if operation.approver is not None and signer_of(operation) is not Signer.STAFF:
        raise IntegrityFault("approval_not_expected", operation.id)
    verify_approval(decoded, book)
    decoded.kind.verify(decoded, book)


def _verify_session(decoded: Decoded[Any], book: Book) -> None:
    operation = decoded.operation
    session = book.get(Session, decoded.signed.kid)
    if session is None:
        raise IntegrityFault("session_unknown", decoded.signed.kid)
    if (session.device, session.epoch) != (operation.device, operation.epoch):
        raise IntegrityFault("session_of_another", session.device)
    if operation.actor != f"staff:{session.person}":
        raise IntegrityFault("session_of_another", session.person)
    if session.closed_seq is not None or operation.seq <= session.opened_seq:
        raise IntegrityFault("session_closed", session.kid)
    if operation.at > session.ends_at:
        raise IntegrityFault("session_ended", session.ends_at)


def check(decoded: Decoded[Any], book: Book) -> tuple[Refusal, ...]:
    """What speaks against it. At the maker anything refuses; at the centre it becomes an exception and a case."""
    return tuple(_findings(decoded, book))


def _findings(decoded: Decoded[Any], book: Book) -> Iterable[Refusal]:
    if signer_of(decoded.operation) is Signer.STAFF:
        yield from _check_person(decoded, book)
    if not is_centres(decoded.operation):
        yield from _check_desk(decoded, book)
    yield from decoded.kind.check(decoded, book)
    if decoded.kind.name != CARRYING:
        yield from check_money(decoded.operation, decoded.postings, book)
    if needs_second_person(decoded, book) and not is_centres(decoded.operation):
        yield from check_approval(decoded, book)


def needs_second_person(decoded: Decoded[Any], book: Book) -> bool:
    """Whether its kind asks for an approval; what is paid beyond rights takes one whatever the kind."""
    authority = decoded.operation.authority
    return (authority is not None and authority.standin > 0) or decoded.kind.second_person(decoded, book)


def _check_person(decoded: Decoded[Any], book: Book) -> Iterable[Refusal]:
    staff = book.get(Staff, decoded.operation.actor.removeprefix("staff:"))
    if staff is None:
        yield Refusal("staff_unknown")
    elif staff.suspended:
        yield Refusal("staff_suspended")
    elif staff.branch != decoded.operation.branch:
        yield Refusal("staff_elsewhere", detail={"branch": staff.branch})
    elif _key_ended(decoded, book):
        yield Refusal("staff_key_ended")
    elif staff.role not in decoded.kind.roles:
        yield Refusal("role_not_allowed", detail={"needs": " ".join(sorted(decoded.kind.roles))})


def _key_ended(decoded: Decoded[Any], book: Book) -> bool:
    """Whether the staff key that opened the session has been ended, or was never proven to be the person's."""
    session = book.get(Session, decoded.signed.kid)
    key = book.get(StaffKey, session.staff_key) if session is not None else None
    return key is not None and key.ended_by is not None


def _check_desk(decoded: Decoded[Any], book: Book) -> Iterable[Refusal]:
    operation = decoded.operation
    device = book.get(DeviceEpoch, operation.device, operation.epoch)
    if device is None or _is_late(operation, device):
        yield Refusal("device_revoked")
    if decoded.kind.needs_day:
        day = book.get(Day, operation.device, operation.epoch, operation.business_date)
        if day is None or day.state != "open":
            yield Refusal("day_not_open", detail={"business_date": operation.business_date})
    if decoded.kind.needs_drawer:
        yield from _check_drawer(decoded, book)


def _is_late(operation: Operation, device: DeviceEpoch) -> bool:
    """Whether it lies behind the end that the centre has set: what it had then, it may have forgotten and got back."""
    return device.state != "living" and operation.seq > (device.head_seq or 0)


def _check_drawer(decoded: Decoded[Any], book: Book) -> Iterable[Refusal]:
    operation = decoded.operation
    row = drawer_here(operation, getattr(decoded.body, "currency", ""), book)
    if row is None or row.state != "open":
        yield Refusal("drawer_not_open", "drawer")
    elif operation.actor != f"staff:{row.person}":
        yield Refusal("drawer_of_another_person", "drawer", {"person": row.person})


def _maker(decoded: Decoded[Any]) -> Operation:
    """Who moves the money: of an operation that the centre books late, the device that made it."""
    return carried(decoded.body).operation if decoded.kind.name == CARRYING else decoded.operation


_NOT_ALLOWED = frozenset(
    {
        "staff_unknown",
        "staff_suspended",
        "staff_elsewhere",
        "staff_key_ended",
        "role_not_allowed",
        "approval_needed",
        "approver_suspended",
        "approver_key_ended",
        "approver_not_supervisor",
    }
)
"""Findings that role and approval do not hold."""


def is_void(decoded: Decoded[Any], found: Iterable[str]) -> bool:
    """Whether it changes nothing, by the codes of what the centre found: a lift or a decision that nobody might make.

    The centre's word counts at every replica, for what is known of people differs from desk to desk.
    """
    return decoded.kind.take_back is not None and not _NOT_ALLOWED.isdisjoint(found)


def take_back_if_void(decoded: Decoded[Any], found: Iterable[str], book: Book) -> None:
    """Undo at its maker what the centre has found void. Twice is harmless."""
    if decoded.kind.take_back is not None and is_void(decoded, found):
        decoded.kind.take_back(decoded, book)


def put_back_if_valid(decoded: Decoded[Any], before: Iterable[str], found: Iterable[str], book: Book) -> None:
    """Let count what was found void `before`, and is not any more. Twice is harmless."""
    if decoded.kind.take_back is not None and is_void(decoded, before) and not is_void(decoded, found):
        decoded.kind.apply(decoded, book)


def apply(decoded: Decoded[Any], book: Book, found: Iterable[str] = ()) -> None:
    """Post the entry and change the book; `found` are the codes of what the centre found against it."""
    apply_money(_maker(decoded), decoded.postings, book)
    if not is_void(decoded, found):
        decoded.kind.apply(decoded, book)
    book.note(decoded.operation.id, decoded.signed.jws)


def frees_of(decoded: Decoded[Any], book: Book) -> dict[str, int]:
    """What is free, by account, on those that it concerns: before it is applied, or after; in minor units."""
    promised = (decoded.body.account,) if decoded.kind.name == GRANTED else ()
    return frees(decoded.postings, book, promised)


def after(decoded: Decoded[Any], book: Book, before: Mapping[str, int]) -> tuple[Refusal, ...]:
    """What it leaves behind that needs a case, looked at once it has been applied; `before` is what was free."""
    return tuple(findings_after(before, frees_of(decoded, book)))


def inside(decoded: Decoded[Any], book: Book) -> tuple[Refusal, ...]:
    """What speaks against the operation that the centre books late, word for word: for its case, not to refuse it.

    That its device has ended is known to the two people who decided.
    """
    if decoded.kind.name != CARRYING:
        return ()
    found = _findings(carried(decoded.body), book)
    return tuple(finding for finding in found if finding.code != "device_revoked")


def branches_touched(decoded: Decoded[Any]) -> frozenset[str]:
    """The branch where it is made, and those whose books it touches."""
    named = {posting.branch for posting in decoded.postings}
    if decoded.operation.branch is not None:
        named.add(decoded.operation.branch)
    return frozenset(named)


def branches_reached(decoded: Decoded[Any], book: Book) -> frozenset[str]:
    """The branches whose feeds it enters, by the book as it is once the operation has been applied.

    Where a file is lent, both branches hear of what is done with it.
    """
    named = branches_touched(decoded).union(decoded.kind.reaches(decoded, book))
    return named.union(lent_to(decoded, book)) if is_centres(decoded.operation) else named


def records_named(decoded: Decoded[Any]) -> tuple[str, ...]:
    """The digests of the records that its body names, or the body of what it carries."""
    if decoded.kind.name == CARRYING:
        decoded = carried(decoded.body)
    named = [getattr(decoded.body, field) for field in _naming_records[decoded.kind.name, decoded.kind.version]]
    return tuple(digest for digest in named if isinstance(digest, str))


def customer_of(decoded: Decoded[Any]) -> str | None:
    """The customer whose file it concerns, if one."""
    if decoded.kind.name == CARRYING:
        decoded = carried(decoded.body)
    if decoded.kind.name == "customer.registered":
        return decoded.operation.id
    customer = getattr(decoded.body, "customer", None)
    return customer if isinstance(customer, str) else None
