"""Reading the feeds: every operation verified as if nobody had before, applied once, a page in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from nacl.signing import VerifyKey

from core.book.rows import DeviceEpoch, Session, StaffKey
from core.canonical import from_base64url, thumbprint
from core.device import evidence, feed_hashes, standing
from core.device.performing import changed_by, note_stamp
from core.device.sessions import close_of_ended_keys
from core.device.values import Changed
from core.device.workings import Workings
from core.envelope import Signed, check_signature, read_operation, verify_key
from core.errors import IntegrityFault
from core.operations import rules
from core.operations.customers import with_stamp
from core.operations.incarnations import BEGUN, FIRST
from core.operations.kind import Decoded, Signer
from core.operations.sessions import key_thumbprint
from core.records import RECORD_BYTES_MAX, record_digest
from core.store.log import Stored

BANK_FEED = "bank"
_KEY_ENDED = "staff.key_ended"


class Exceptional(Protocol):
    """A finding of the centre."""

    @property
    def code(self) -> str: ...
    @property
    def detail(self) -> Mapping[str, object]: ...


class Verdict(Protocol):
    """What the centre said of an operation; the wire's message is one."""

    @property
    def seq(self) -> int: ...
    @property
    def hash(self) -> str: ...
    @property
    def verdict(self) -> str: ...
    @property
    def accounting_date(self) -> str | None: ...
    @property
    def received_at(self) -> str: ...
    @property
    def exceptions(self) -> Sequence[Exceptional]: ...
    @property
    def stamp(self) -> str | None: ...


class Item(Protocol):
    """An operation at its place in a feed; the wire's message is one."""

    @property
    def position(self) -> int: ...
    @property
    def jws(self) -> str: ...
    @property
    def verdict(self) -> Verdict: ...
    @property
    def records(self) -> Mapping[str, str]: ...


class Page(Protocol):
    """A page of a feed; the wire's message is one."""

    @property
    def feed(self) -> str: ...
    @property
    def items(self) -> Sequence[Item]: ...
    @property
    def incarnation(self) -> int: ...
    @property
    def hash(self) -> str | None: ...


def accept_page(workings: Workings, page: Page) -> Changed:
    """Verify and apply a page of the bank-wide or the branch's feed; items read before are passed over.

    Raises `IntegrityFault`, and keeps nothing of the page, for whatever no honest centre sends: `feed_unknown`,
    `feed_gap`, `incarnation_older`, `operation_id_reused`, `chain_gap`, `chain_forked`, `device_behind`,
    `own_operation_differs`, `record_differs`, `checkpoint_differs` (the past is another one), and what reading,
    verifying and decoding an operation raise. Where it is the own chain that is in doubt, or the page revokes this
    device, the device stops.
    """
    position = feed_position(workings, page.feed)
    if page.incarnation < workings.head.incarnation:
        raise IntegrityFault("incarnation_older", str(page.incarnation))
    if page.incarnation > max(FIRST, workings.head.incarnation):
        raise IntegrityFault("incarnation_newer", str(page.incarnation))
    try:
        applied = _apply(workings, page, position)
    except IntegrityFault as fault:
        standing.stop_for(workings, fault)
        if fault.code == evidence.DIFFERS:
            evidence.keep(workings, page, position)
        raise
    changed = changed_by(applied, own=False)
    if _KEY_ENDED in changed.kinds:
        close_of_ended_keys(workings)
    if applied:
        workings.tell(changed)
    standing.stop_if_revoked(workings)
    return changed


def _apply(workings: Workings, page: Page, position: int) -> list[Decoded[Any]]:
    """What is new on the page, in one transaction."""
    fresh = [item for item in page.items if item.position > position]
    applied: list[Decoded[Any]] = []
    feeds = (BANK_FEED, workings.head.branch)
    # A page that was passed over whole says nothing of where this device stands.
    reached = fresh[-1].position if fresh else position
    stated = page.hash if not page.items or page.items[-1].position == reached else None
    quiet = not fresh and page.incarnation == workings.head.incarnation
    if quiet and stated in (None, feed_hashes.known_at(workings, page.feed, position)):
        # Asked every few seconds for ever: what has brought nothing is not written down.
        return applied
    with workings.writing():
        for item in fresh:
            if item.position != position + 1:
                raise IntegrityFault("feed_gap", f"{page.feed}:{position + 1}")
            position = item.position
            decoded = _accept(workings, page.feed, item)
            if decoded is not None:
                applied.append(decoded)
        field = "bank_position" if page.feed == BANK_FEED else "branch_position"
        changes: dict[str, Any] = {field: position, "incarnation": page.incarnation}
        workings.head = msgspec.structs.replace(workings.head, **changes)
        feed_hashes.read_on(workings, page.feed, [item.verdict.hash for item in fresh], position, stated)
        feed_hashes.take_checkpoints(workings, applied, feeds)
    return applied


def feed_position(workings: Workings, feed: str) -> int:
    """How far that feed is read. Raises `IntegrityFault("feed_unknown")`."""
    if feed == BANK_FEED:
        return workings.head.bank_position
    if feed == workings.head.branch:
        return workings.head.branch_position
    raise IntegrityFault("feed_unknown", feed)


def _accept(workings: Workings, feed: str, item: Item) -> Decoded[Any] | None:
    """One item; None if the operation was here already."""
    signed = read_operation(item.jws)
    operation = signed.operation
    log = workings.store.log
    known = log.stored(operation.id)
    if known is not None:
        _accept_known(workings, feed, signed, known)
        log.place(feed, item.position, known.no)
        restamp(workings, signed, item.verdict)
        _put_back(workings, signed, known, item.verdict)
        take_back_void(workings, signed, item.verdict)
        _keep_verdict(workings, known.no, signed, item.verdict)
        return None
    if (operation.device, operation.epoch) == (workings.head.device, workings.head.epoch):
        raise IntegrityFault("device_behind", f"{operation.device}/{operation.epoch}/{operation.seq}")
    decoded = rules.decode(signed)
    check_signature(signed.jws, _key_of(workings, signed))
    rules.verify(decoded, workings.book)
    if feed == _home(workings, signed):
        _move_chain(workings, signed)
    if item.verdict.stamp is not None:
        decoded = _stamped(decoded, item.verdict.stamp)
    rules.apply(decoded, workings.book, [found.code for found in item.verdict.exceptions])
    no = log.append(log.chain(operation.device, operation.epoch).no, signed, decoded.postings, workings.book)
    log.place(feed, item.position, no)
    log.add_records(_records(decoded, item.records))
    note_stamp(workings, decoded)
    _keep_verdict(workings, no, signed, item.verdict)
    return decoded


def _accept_known(workings: Workings, feed: str, signed: Signed, known: Stored) -> None:
    """An own operation come back, or one that stands in both feeds: the same, or somebody reused an id."""
    operation = signed.operation
    own = (operation.device, operation.epoch) == (workings.head.device, workings.head.epoch)
    if known.hash != signed.hash:
        raise IntegrityFault("own_operation_differs" if own else "operation_id_reused", operation.id)
    if not own and feed == _home(workings, signed):
        head = workings.store.log.chain(operation.device, operation.epoch)
        if operation.seq > head.seq:
            _move_chain(workings, signed)


def restamp(workings: Workings, signed: Signed, verdict: Verdict) -> None:
    """Give an own operation's values the stamp that counts, where this device's clock ran ahead of the centre's."""
    if verdict.stamp is None:
        return
    decoded = _stamped(rules.decode(signed), verdict.stamp)
    decoded.kind.apply(decoded, workings.book)
    if (workings.head.last_stamp or "") > verdict.stamp:
        workings.head = msgspec.structs.replace(workings.head, last_stamp=verdict.stamp)


def take_back_void(workings: Workings, signed: Signed, verdict: Verdict) -> None:
    """Undo what an own operation changed, where the centre has found that nobody might do it: it changes nothing."""
    if verdict.exceptions:
        found = [exceptional.code for exceptional in verdict.exceptions]
        rules.take_back_if_void(rules.decode(signed), found, workings.book)


def _put_back(workings: Workings, signed: Signed, known: Stored, verdict: Verdict) -> None:
    """Let count what was void, where a centre that was restored has heard it again and finds that it might be done."""
    before = workings.store.log.findings(known.no)
    if before:
        now = [exceptional.code for exceptional in verdict.exceptions]
        rules.put_back_if_valid(rules.decode(signed), before, now, workings.book)


def _stamped(decoded: Decoded[Any], stamp: str) -> Decoded[Any]:
    """The operation under the verdict's stamp. Raises `IntegrityFault("verdict_of_other")` for one that has none."""
    if not hasattr(decoded.body, "stamp"):
        raise IntegrityFault("verdict_of_other", decoded.operation.id)
    return with_stamp(decoded, stamp)


def _key_of(workings: Workings, signed: Signed) -> VerifyKey:
    """The key that must have signed, from what the book knows; the first of an incarnation by the key pinned here."""
    operation = signed.operation
    if rules.signer_of(operation) is Signer.STAFF:
        session = workings.book.get(Session, signed.kid)
        if session is None:
            raise IntegrityFault("session_unknown", operation.id)
        return verify_key(session.public_key)
    device = workings.book.get(DeviceEpoch, operation.device, operation.epoch)
    if device is not None:
        return verify_key(device.public_key)
    pinned = from_base64url(workings.head.centre_key)
    if operation.kind not in ("bank.founded", BEGUN) or signed.kid != thumbprint(pinned):
        raise IntegrityFault("device_unknown", operation.device)
    return VerifyKey(pinned)


def _home(workings: Workings, signed: Signed) -> str:
    """The feed in which every operation of its chain stands: its branch's, or the bank-wide one."""
    operation = signed.operation
    device = workings.book.get(DeviceEpoch, operation.device, operation.epoch)
    return (device.branch if device is not None else None) or operation.branch or BANK_FEED


def _move_chain(workings: Workings, signed: Signed) -> None:
    operation = signed.operation
    log = workings.store.log
    head = log.chain(operation.device, operation.epoch)
    where = f"{operation.device}/{operation.epoch}/{operation.seq}"
    if operation.seq != head.seq + 1:
        raise IntegrityFault("chain_gap" if operation.seq > head.seq else "chain_forked", where)
    if operation.prev != head.hash:
        raise IntegrityFault("chain_forked", where)
    log.move_chain(operation.device, operation.epoch, operation.seq, signed.hash)


def _records(decoded: Decoded[Any], carried: Mapping[str, str]) -> dict[str, bytes]:
    """The records that the operation names, of those that came with it: one may have been erased by law."""
    found: dict[str, bytes] = {}
    for digest in rules.records_named(decoded):
        text = carried.get(digest)
        if text is not None:
            data = from_base64url(text)
            if len(data) > RECORD_BYTES_MAX or record_digest(data) != digest:
                raise IntegrityFault("record_differs", digest)
            found[digest] = data
    return found


def _keep_verdict(workings: Workings, no: int, signed: Signed, verdict: Verdict) -> None:
    if verdict.hash != signed.hash:
        raise IntegrityFault("verdict_of_other", signed.operation.id)
    keep_verdict(workings, no, verdict, signed.operation.business_date)
    end_unintroduced(workings, signed, verdict)


def end_unintroduced(workings: Workings, signed: Signed, verdict: Verdict) -> None:
    """End keys that the centre found registered without an introduction: it knew an older key, this device did not."""
    operation = signed.operation
    people = {found.detail.get("person") for found in verdict.exceptions if found.code == "introduction_missing"}
    if operation.kind != "staff.keys_registered" or not people:
        return
    for key in rules.decode(signed).body.keys:
        row = workings.book.get(StaffKey, key_thumbprint(key.key))
        if key.person in people and row is not None and row.ended_by is None:
            workings.book.put(msgspec.structs.replace(row, ended_by=operation.id))


def keep_verdict(workings: Workings, no: int, verdict: Verdict, business_date: str | None) -> None:
    """Keep a verdict unless it says no more than that the operation was applied on its own date."""
    other_date = verdict.accounting_date not in (None, business_date)
    if verdict.verdict == "applied" and not other_date:
        return
    exceptions = [{"code": found.code, "detail": dict(found.detail)} for found in verdict.exceptions]
    text = msgspec.json.encode(exceptions).decode()
    workings.store.log.add_verdict(no, verdict.verdict, verdict.accounting_date, verdict.received_at, text)


def verdicts_by_seq(verdicts: Iterable[Verdict]) -> dict[int, Verdict]:
    """Verdicts by their place on the chain."""
    return {verdict.seq: verdict for verdict in verdicts}
