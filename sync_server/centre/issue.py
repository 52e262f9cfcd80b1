"""The centre's own operations: made under its key, on one chain per branch and one bank-wide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from core.book.rows import Staff
from core.clock import Clock, instant
from core.envelope import Authority, Operation, Seen, Signed, encode_body, sign_operation
from core.errors import Refused
from core.ids import Identifiers
from core.operations import rules
from core.operations.bank import StaffReinstated, centre_chain
from core.operations.incarnations import FIRST
from core.operations.kind import Body, Decoded
from core.operations.money import authority_for
from core.operations.registry import KINDS
from sync_server.centre.keys import CentreKeys
from sync_server.ingest.settle import BANK_FEED, ChainHead, Settled, feeds_of, settle_one
from sync_server.ingest.writing import write_settled
from sync_server.store.home import CentreBook, Home
from sync_server.store.incarnations import is_gathering

_NAMES = {kind.body: kind for kind in KINDS.values()}


class Gathering(Exception):
    """A centre that was restored does not know yet what stood in a branch's feed, so it says nothing there."""


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
    despite: frozenset[str] = frozenset(),
    in_its_place: bool = False,
) -> Issued:
    """Make, sign, settle and write an operation of the centre inside the caller's transaction.

    `book` may hold rows that the caller has locked already. Raises `Refused` if a rule speaks against it; findings of
    the codes in `despite` become exceptions, with their cases. Raises `Gathering`, unless it is said `in_its_place`
    among what devices give back.
    """
    book, records = book if book is not None else home.book(), records or {}
    guarded = not in_its_place
    (settled,), positions = _issue(home, centre, branch, (body,), book, records, business_date, despite, guarded)
    return Issued(settled, positions)


def issue_all(
    home: Home, centre: Centre, branch: str, bodies: Sequence[Body], *, book: CentreBook
) -> Mapping[str, int]:
    """Issue several operations of a branch's chain, written together; the position that each feed reached.

    `book` holds every account that they touch, locked in order. Raises `Refused` for the first that a rule speaks
    against: then none is issued. Raises `Gathering`.
    """
    return _issue(home, centre, branch, bodies, book, {}, None, frozenset(), guarded=True)[1]


def _issue(
    home: Home,
    centre: Centre,
    branch: str | None,
    bodies: Sequence[Body],
    book: CentreBook,
    records: Mapping[str, bytes],
    business_date: str | None,
    despite: frozenset[str],
    guarded: bool,
) -> tuple[list[Settled], Mapping[str, int]]:
    now_ms, incarnation = centre.clock.now_ms(), home.incarnations.hold()
    operations = [_unplaced(centre, incarnation, branch, body, now_ms, business_date) for body in bodies]
    drafts = [rules.decode(Signed(jws="", operation=each, hash="", kid=centre.keys.kid)) for each in operations]
    if any(draft.kind.bank_wide for draft in drafts):
        home.lock_feeds((BANK_FEED,))
    book.prefetch([key for draft in drafts for key in rules.touches(draft, with_balances=True)])
    chain = (operations[0].device, operations[0].epoch)
    row = home.begin_chain(chain)
    head = ChainHead(row.seq, row.hash)
    settled = []
    for draft in drafts:
        if guarded and incarnation > FIRST:
            _must_not_gather(home, draft, book)
        settled.append(_settle(centre, draft, head, book, instant(now_ms), despite))
        head = ChainHead(head.seq + 1, settled[-1].verdict.hash)
    positions = write_settled(home, settled, book, records)
    home.move_chain(chain, head.seq, head.hash)
    return settled, positions


def _must_not_gather(home: Home, draft: Decoded[Any], book: CentreBook) -> None:
    """Raises `Gathering` where it would come before what devices have yet to give back.

    That somebody may work again counts as well: what is given back of him was done while he might not.
    """
    feeds = feeds_of(draft, book) - {BANK_FEED}
    if isinstance(draft.body, StaffReinstated) and (person := book.get(Staff, draft.body.person)) is not None:
        feeds |= {person.branch}
    for feed in sorted(feeds):
        if is_gathering(home.incarnations, feed):
            raise Gathering(feed)


def _settle(
    centre: Centre, draft: Decoded[Any], head: ChainHead, book: CentreBook, at: str, despite: frozenset[str]
) -> Settled:
    """Sign the draft behind that head and settle it into the book. Raises `Refused`."""
    authority = authority_for(draft.postings, by_centre=True)
    placed = msgspec.structs.replace(draft.operation, seq=head.seq + 1, prev=head.hash, authority=authority)
    decoded = rules.decode(sign_operation(placed, centre.keys.signing, centre.keys.kid))
    rules.verify(decoded, book)
    refusals = [finding for finding in rules.check(decoded, book) if finding.code not in despite]
    if refusals:
        raise Refused(refusals[0])
    return settle_one(decoded, book, at)


def _unplaced(
    centre: Centre, incarnation: int, branch: str | None, body: Body, now_ms: int, business_date: str | None
) -> Operation:
    kind = _NAMES[type(body)]
    return Operation(
        v=1,
        id=centre.ids.new(),
        device=centre_chain(branch),
        epoch=incarnation,
        seq=1,
        prev=None,
        kind=kind.name,
        kind_version=kind.version,
        at=instant(now_ms),
        seen=Seen(bank=0, branch=0, incarnation=incarnation),
        business_date=business_date or instant(now_ms)[:10],
        branch=branch,
        drawer=None,
        actor="centre",
        approver=None,
        authority=Authority(),
        body=msgspec.Raw(encode_body(body)),
    )
