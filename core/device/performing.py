"""Drafting, approving and performing an operation: the one way anything is changed on a device."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from core.book.rows import DepositAccount
from core.clock import instant, instant_ms
from core.device import standing
from core.device.values import BalanceChange, Changed, Draft, OpenSession, Performed, Refusals
from core.device.workings import Workings
from core.envelope import (
    OPERATION_BYTES_MAX,
    Authority,
    Operation,
    Seen,
    Signed,
    body_hash,
    encode_body,
    sign_operation,
)
from core.errors import IntegrityFault, Refusal
from core.ledger import Posting, deposit_id
from core.operations import rules
from core.operations.customers import CustomerAmended, CustomerRegistered
from core.operations.kind import Body, Decoded, Kind
from core.operations.leases import lease_of
from core.operations.money import authority_for, debited, standin_for
from core.operations.registry import KINDS
from core.operations.rights import payable_by, right_of
from core.people.approvals import ApprovalStatement, make_approval
from core.records import RECORD_BYTES_MAX, record_digest
from core.store.log import ChainHead

APPROVAL_MS = 10 * 60 * 1000
"""How long an approval may wait for its operation."""

_NEWEST: dict[str, Kind[Any]] = {name: KINDS[name, version] for name, version in sorted(KINDS)}


def draft(
    workings: Workings,
    kind_name: str,
    body: Body,
    *,
    session: OpenSession | None = None,
    drawer: str | None = None,
    business_date: str | None = None,
    records: Mapping[str, bytes] | None = None,
    standin: bool = False,
) -> Draft:
    """The operation as it would be performed now, with what speaks against it. Writes nothing.

    Without `business_date` it is the device's open day; without `drawer`, where the kind needs one, the person's own.
    With `standin` what exceeds this device's rights is paid at the bank's own risk, which two people sign.
    """
    made = replace(_prepared(workings, kind_name, body, session, drawer, business_date, records), standin=standin)
    try:
        decoded = _decoded(workings, made, None)
        rules.verify(decoded, workings.book)
    except IntegrityFault as fault:
        return replace(made, findings=(_refusal_of(fault),))
    findings = _findings(workings, made, decoded)
    return replace(
        made,
        authority=decoded.operation.authority,
        postings=decoded.postings,
        changes=_changes(workings, decoded),
        findings=tuple(finding for finding in findings if finding.code != "approval_needed"),
        needs_second_person=rules.needs_second_person(decoded, workings.book),
    )


def act(
    workings: Workings,
    kind_name: str,
    body: Body,
    *,
    session: OpenSession | None = None,
    drawer: str | None = None,
    business_date: str | None = None,
    records: Mapping[str, bytes] | None = None,
) -> Performed | Refusals:
    """Draft and perform in one, for whatever nobody looks at or approves before it is done."""
    return perform(workings, _prepared(workings, kind_name, body, session, drawer, business_date, records))


def _prepared(
    workings: Workings,
    kind_name: str,
    body: Body,
    session: OpenSession | None,
    drawer: str | None,
    business_date: str | None,
    records: Mapping[str, bytes] | None,
) -> Draft:
    """The draft before anything has been checked."""
    kind = _NEWEST[kind_name]
    return Draft(
        id=workings.identifiers.new(),
        kind=kind.name,
        kind_version=kind.version,
        body=body,
        body_bytes=encode_body(body),
        business_date=business_date or (open_day(workings) if session is not None else None),
        drawer=drawer or _drawer_for(workings, kind, body, session),
        session=session,
        authority=None,
        postings=(),
        changes=(),
        records=dict(records or {}),
        findings=(),
        needs_second_person=False,
    )


def _refusal_of(fault: IntegrityFault) -> Refusal:
    """At its maker what would be a fault elsewhere is an operation that is not made."""
    return Refusal(fault.code, detail={"where": fault.where} if fault.where else {})


def open_day(workings: Workings) -> str | None:
    """The newest business date that is open on this device."""
    return workings.remembered(("day",), workings.store.rows.open_day)


def _drawer_for(workings: Workings, kind: Kind[Any], body: Body, session: OpenSession | None) -> str | None:
    """The person's open drawer; for the end of a day any that is open, so that it is found to be open still."""
    rows = workings.store.rows
    if kind.needs_drawer and session is not None:
        currency, person = getattr(body, "currency", None), session.person
        find = partial(rows.open_drawer, currency=currency, person=person)
        return workings.remembered(("drawer", currency, person), find)
    if kind.name == "day.closed":
        return workings.remembered(("drawer",), rows.open_drawer)
    return None


def _decoded(workings: Workings, made: Draft, approver: str | None) -> Decoded[Any]:
    """The draft at the chain's next place, its authority worked out, not signed."""
    operation = _operation(workings, made, approver)
    kid = made.session.kid if made.session is not None else workings.head.kid
    decoded = rules.decode(Signed("", operation, "", kid))
    authority = _authority(workings, made, decoded)
    if authority is None:
        return decoded
    operation = msgspec.structs.replace(operation, authority=authority)
    return Decoded(Signed("", operation, "", kid), operation, decoded.body, decoded.postings, decoded.kind)


def _authority(workings: Workings, made: Draft, decoded: Decoded[Any]) -> Authority | None:
    """By rights under the lease that is held; as a stand-in only what exceeds all that may be paid by rights."""
    head = workings.head
    lease = lease_of(head.device, head.epoch, workings.book) if debited(decoded.postings) else None
    authority = authority_for(decoded.postings, by_centre=False, lease=lease.number if lease is not None else 0)
    if authority is None or not made.standin:
        return authority
    payable = min(payable_here(workings, account) for account in debited(decoded.postings))
    return standin_for(authority, payable)


def _operation(workings: Workings, made: Draft, approver: str | None) -> Operation:
    head, own = workings.head, workings.own
    return Operation(
        v=1,
        id=made.id,
        device=head.device,
        epoch=head.epoch,
        seq=own.seq + 1,
        prev=own.hash,
        kind=made.kind,
        kind_version=made.kind_version,
        at=instant(workings.now_ms()),
        seen=Seen(head.bank_position, head.branch_position, head.incarnation),
        business_date=made.business_date,
        branch=head.branch,
        drawer=made.drawer,
        actor=f"staff:{made.session.person}" if made.session is not None else "device",
        approver=approver,
        authority=None,
        body=msgspec.Raw(made.body_bytes),
    )


def _findings(workings: Workings, made: Draft, decoded: Decoded[Any]) -> tuple[Refusal, ...]:
    return (
        *standing.against(workings, decoded),
        *_record_findings(workings, made, decoded),
        *standing.leaving(decoded, rules.check(decoded, workings.book)),
    )


def _record_findings(workings: Workings, made: Draft, decoded: Decoded[Any]) -> Iterable[Refusal]:
    named = rules.records_named(decoded)
    for digest in named:
        if digest not in made.records and workings.store.log.record(digest) is None:
            yield Refusal("record_missing", detail={"digest": digest})
    for digest, data in made.records.items():
        if len(data) > RECORD_BYTES_MAX:
            yield Refusal("record_too_large", detail={"most": RECORD_BYTES_MAX})
        if digest not in named or record_digest(data) != digest:
            yield Refusal("record_differs", detail={"digest": digest})


def _changes(workings: Workings, decoded: Decoded[Any]) -> tuple[BalanceChange, ...]:
    sums: dict[tuple[str, str, str], int] = {}
    for posting in decoded.postings:
        key = (posting.branch, posting.account, posting.currency)
        sums[key] = sums.get(key, 0) + posting.amount
    return tuple(_change(workings, Posting(*key, amount)) for key, amount in sums.items())


def _change(workings: Workings, posting: Posting) -> BalanceChange:
    book, head = workings.book, workings.head
    named = (posting.branch, posting.account, posting.currency)
    account_id = deposit_id(posting.account)
    if account_id is None:
        before = book.balance(*named)
        return BalanceChange(*named, None, before, before + posting.amount)
    account = book.get(DepositAccount, account_id)
    posted = account.posted if account else 0
    payable = payable_by(right_of(account_id, head.device, head.epoch, book))
    return BalanceChange(*named, account_id, posted, posted - posting.amount, payable, payable - posting.amount)


def approve(workings: Workings, made: Draft, approver: OpenSession) -> str:
    """The approver's signature over exactly this draft: what `perform` takes as its second person."""
    maker = made.session.person if made.session is not None else "device"
    now_ms = workings.now_ms()
    statement = ApprovalStatement(
        id=made.id,
        kind=made.kind,
        body_hash=body_hash(made.body_bytes),
        maker=maker,
        device=workings.head.device,
        epoch=workings.head.epoch,
        expires_at=instant(min(now_ms + APPROVAL_MS, instant_ms(approver.ends_at))),
        session_opened=approver.opened,
    )
    return make_approval(statement, approver.key)


def perform(workings: Workings, made: Draft, approver: str | None = None) -> Performed | Refusals:
    """Check again, sign, and write operation, entry, effects and place in the outbox in one durable transaction."""
    try:
        decoded = _decoded(workings, made, approver)
        rules.verify(decoded, workings.book)
    except IntegrityFault as fault:
        return Refusals((_refusal_of(fault),))
    findings = _findings(workings, made, decoded)
    if findings:
        return Refusals(findings)
    session = made.session
    key, kid = (session.key, session.kid) if session is not None else (workings.key, workings.head.kid)
    signed = sign_operation(decoded.operation, key, kid)
    if len(signed.jws) > OPERATION_BYTES_MAX:
        return Refusals((Refusal("operation_too_long", detail={"most": OPERATION_BYTES_MAX}),))
    final = Decoded(signed, decoded.operation, decoded.body, decoded.postings, decoded.kind)
    _write(workings, final, made.records)
    if workings.listeners:
        workings.tell(changed_by((final,), own=True))
    return Performed(signed, final.postings)


def _write(workings: Workings, decoded: Decoded[Any], records: Mapping[str, bytes]) -> None:
    with workings.writing():
        rules.apply(decoded, workings.book)
        log, signed = workings.store.log, decoded.signed
        log.append(workings.own.no, signed, decoded.postings, workings.book)
        if records:
            log.add_records(records)
        note_stamp(workings, decoded)
        workings.own = ChainHead(workings.own.no, decoded.operation.seq, signed.hash)
        at_ms = instant_ms(decoded.operation.at)
        workings.time.keep(at_ms)
    workings.time.done(at_ms)


def note_stamp(workings: Workings, decoded: Decoded[Any]) -> None:
    """Keep the greatest stamp of the hybrid logical clock, so that the next one is greater still."""
    body = decoded.body
    if isinstance(body, CustomerAmended | CustomerRegistered) and body.stamp > (workings.head.last_stamp or ""):
        workings.head = msgspec.structs.replace(workings.head, last_stamp=body.stamp)


def changed_by(operations: Iterable[Decoded[Any]], *, own: bool) -> Changed:
    """What screens must read again after these operations."""
    kinds: set[str] = set()
    accounts: set[str] = set()
    customers: set[str] = set()
    for decoded in operations:
        kinds.add(decoded.kind.name)
        for posting in decoded.postings:
            account = deposit_id(posting.account)
            if account is not None:
                accounts.add(account)
        named = getattr(decoded.body, "account", None)
        if isinstance(named, str):
            accounts.add(named)
        customer = rules.customer_of(decoded)
        if customer is not None:
            customers.add(customer)
    return Changed(frozenset(kinds), frozenset(accounts), frozenset(customers), own)


def payable_here(workings: Workings, account: str) -> int:
    """What this device may pay out of the account without asking, in minor units."""
    return payable_by(right_of(account, workings.head.device, workings.head.epoch, workings.book))


def granted_here(workings: Workings, account: str) -> int:
    """What the centre has granted this device on the account altogether, in minor units."""
    return right_of(account, workings.head.device, workings.head.epoch, workings.book).granted
