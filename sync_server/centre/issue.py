"""The centre's own operations: made under its key, on one chain per branch and one bank-wide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from core.clock import Clock, instant
from core.envelope import Authority, Operation, Seen, Signed, encode_body, operation_hash, sign_operation
from core.errors import Refused
from core.ids import Identifiers
from core.operations import rules
from core.operations.bank import centre_chain
from core.operations.kind import Body
from core.operations.money import authority_for
from core.operations.registry import KINDS
from sync_server.centre.keys import CentreKeys
from sync_server.ingest.settle import BANK_FEED, Settled, settle_one
from sync_server.ingest.writing import write_settled
from sync_server.store.home import CentreBook, Home

EPOCH = 1
INCARNATION = 1
_NAMES = {kind.body: kind for kind in KINDS.values()}


@dataclass(frozen=True, slots=True)
class Centre:
    """Who signs for the centre, with what clock and identifiers."""

    keys: CentreKeys
    clock: Clock
    ids: Identifiers


@dataclass(frozen=True, slots=True)
class Issued:
    """An operation of the centre, settled, and the position each feed reached by it."""

    settled: Settled
    positions: Mapping[str, int]

    @property
    def id(self) -> str:
        """The operation's id."""
        return self.settled.decoded.operation.id


def issue(
    home: Home,
    centre: Centre,
    branch: str | None,
    body: Body,
    *,
    book: CentreBook | None = None,
    records: Mapping[str, bytes] | None = None,
    business_date: str | None = None,
) -> Issued:
    """Make, sign, settle and write an operation of the centre inside the caller's transaction.

    `book` may hold rows that the caller has locked already. Raises `Refused` if a rule speaks against it.
    """
    book = book if book is not None else home.book()
    now_ms = centre.clock.now_ms()
    operation = _unplaced(centre, branch, body, now_ms, business_date)
    draft = rules.decode(Signed(jws="", operation=operation, hash="", kid=centre.keys.kid))
    if draft.kind.bank_wide:
        home.lock_feeds((BANK_FEED,))
    book.prefetch(rules.touches(draft, with_balances=True))
    head = home.begin_chain((operation.device, EPOCH))
    authority = authority_for(draft.postings, by_centre=True)
    placed = msgspec.structs.replace(operation, seq=head.seq + 1, prev=head.hash, authority=authority)
    decoded = rules.decode(sign_operation(placed, centre.keys.signing, centre.keys.kid))
    rules.verify(decoded, book)
    findings = rules.check(decoded, book)
    if findings:
        raise Refused(findings[0])
    settled = settle_one(decoded, book, instant(now_ms))
    positions = write_settled(home, (settled,), book, records or {})
    home.move_chain((placed.device, placed.epoch), placed.seq, operation_hash(decoded.signed.jws))
    return Issued(settled, positions)


def _unplaced(centre: Centre, branch: str | None, body: Body, now_ms: int, business_date: str | None) -> Operation:
    kind = _NAMES[type(body)]
    return Operation(
        v=1,
        id=centre.ids.new(),
        device=centre_chain(branch),
        epoch=EPOCH,
        seq=1,
        prev=None,
        kind=kind.name,
        kind_version=kind.version,
        at=instant(now_ms),
        seen=Seen(bank=0, branch=0, incarnation=INCARNATION),
        business_date=business_date or instant(now_ms)[:10],
        branch=branch,
        drawer=None,
        actor="centre",
        approver=None,
        authority=Authority(),
        body=msgspec.Raw(encode_body(body)),
    )
