"""Undoing money: a new entry that names the old one and carries its postings the other way round, once.

On the chain that made it; by the centre where that chain has ended, as two people have asked it to at a desk of the
branch, or where it was the centre's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any

import msgspec

from core.book import Book, Key
from core.book.rows import DepositAccount, DeviceEpoch, Request, Reversal
from core.envelope import Operation, Signed
from core.errors import IntegrityFault, Refusal
from core.ledger import Posting, deposit_id, imbalances, reversed_postings
from core.operations import cash, ended, terms, transfers
from core.operations.kind import (
    BY_STAFF,
    IDENTIFIER,
    SUPERVISOR,
    Body,
    Currency,
    Decoded,
    Digest,
    Identifier,
    Kind,
    ShortCode,
    Signer,
)
from core.operations.originals import original_key, original_of
from core.operations.requests import note_request

REVERSAL = "reversal.requested"

_CENTRES_OWN = frozenset({"fee.charged", "exposure.booked"})
_REVERSIBLE_KINDS: dict[tuple[str, int], Kind[Any]] = {
    (kind.name, kind.version): kind
    for kind in (*cash.KINDS, *transfers.KINDS, *terms.KINDS, *ended.KINDS)
    if kind.name in {"cash.deposited", "cash.withdrawn", "transfer.made", *_CENTRES_OWN}
}
REVERSIBLE = frozenset(name for name, _version in _REVERSIBLE_KINDS) - _CENTRES_OWN
"""What a counter may undo by itself; what has left the branch is returned by the centre."""

LedgerAccount = Annotated[
    str, msgspec.Meta(max_length=48, pattern=rf"^(?:deposit:{IDENTIFIER}|(?!deposit:)[a-z0-9:-]+)\Z")
]
SignedAmount = Annotated[int, msgspec.Meta(ge=-(10**12), le=10**12)]


class Line(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A posting as it stands in a body: `[branch, account, currency, amount]`, debit positive, in minor units."""

    branch: ShortCode
    account: LedgerAccount
    currency: Currency
    amount: SignedAmount


class EntryReversed(Body, frozen=True):
    """The entry of `reverses` (an operation of this chain, or of an ended one; its hash) the other way round."""

    reverses: Identifier
    reverses_hash: Digest
    postings: tuple[Line, ...]
    details: Digest | None = None


class ReversalRequested(Body, frozen=True):
    """Two supervisors ask the centre for the entry of `reverses` (of an ended epoch) the other way round."""

    reverses: Identifier
    reverses_hash: Digest
    postings: tuple[Line, ...]
    details: Digest | None = None


Reversing = EntryReversed | ReversalRequested


def lines(postings: Iterable[Posting]) -> tuple[Line, ...]:
    """Postings in the form a body carries."""
    return tuple(Line(*posting) for posting in postings)


def _entries(_operation: Operation, body: EntryReversed) -> tuple[Posting, ...]:
    """The postings as carried; what does not balance is no entry and posts nothing (see `check`)."""
    postings = postings_of(body)
    return () if imbalances(postings) else postings


def postings_of(body: Reversing) -> tuple[Posting, ...]:
    """The lines that a body carries, as postings."""
    return tuple(Posting(line.branch, line.account, line.currency, line.amount) for line in body.postings)


def _check(decoded: Decoded[EntryReversed], book: Book) -> Iterable[Refusal]:
    operation = decoded.operation
    return _check_undoing(decoded.body, book, lambda original: _may_reverse(operation, original, book))


def _check_asked(decoded: Decoded[ReversalRequested], book: Book) -> Iterable[Refusal]:
    branch = decoded.operation.branch
    return _check_undoing(decoded.body, book, lambda original: _has_ended_here(original, branch, book))


def _check_undoing(body: Reversing, book: Book, may: Callable[[Operation], bool]) -> Iterable[Refusal]:
    """What speaks against undoing that operation with these lines; `may` says whether the maker is the one to do it."""
    if book.get(Reversal, body.reverses) is not None:
        yield Refusal("already_reversed")
    original = original_of(body.reverses, body.reverses_hash, book)
    if original is None:
        yield Refusal("reversed_unknown")
        return
    if original.hash != body.reverses_hash or not may(original.operation):
        yield Refusal("reversed_elsewhere")
    if (original.operation.kind, original.operation.kind_version) not in _REVERSIBLE_KINDS:
        yield Refusal("not_reversible", detail={"kind": original.operation.kind})
    elif postings_of(body) != reversed_postings(_entry_of(original)):
        yield Refusal("reversal_differs")
    for account in _accounts(body):
        row = book.get(DepositAccount, account)
        if row is not None and row.state == "closed":
            yield Refusal("account_closed", "account")


def _accounts(body: Reversing) -> list[str]:
    """The customers' accounts that it moves."""
    return [account for line in body.postings if (account := deposit_id(line.account)) is not None]


def _may_reverse(operation: Operation, original: Operation, book: Book) -> bool:
    """Its own chain may, while it lives; the centre may for a chain that has ended, and for its own."""
    if operation.actor != "centre":
        return (original.device, original.epoch) == (operation.device, operation.epoch)
    device = book.get(DeviceEpoch, original.device, original.epoch)
    return original.actor == "centre" or (device is not None and device.state != "living")


def _has_ended_here(original: Operation, branch: str | None, book: Book) -> bool:
    """Whether a device made it at that branch in an epoch that has ended since."""
    device = book.get(DeviceEpoch, original.device, original.epoch)
    made_here = original.actor != "centre" and original.branch == branch
    return made_here and device is not None and device.state != "living"


def _entry_of(original: Signed) -> tuple[Posting, ...]:
    kind = _REVERSIBLE_KINDS[original.operation.kind, original.operation.kind_version]
    return kind.entries(original.operation, msgspec.json.decode(original.operation.body, type=kind.body))


def _verify(decoded: Decoded[EntryReversed], _book: Book) -> None:
    """Raises `IntegrityFault("reversal_unbalanced")`: no honest maker signs lines that are no entry."""
    if not decoded.postings:
        raise IntegrityFault("reversal_unbalanced", decoded.operation.id)


def _apply(decoded: Decoded[EntryReversed], book: Book) -> None:
    if book.get(Reversal, decoded.body.reverses) is None:
        book.put(Reversal(decoded.body.reverses, decoded.operation.id))


def _ask(decoded: Decoded[ReversalRequested], book: Book) -> None:
    """It waits, shown on the first account that it moves."""
    moved = ((deposit_id(line.account), line) for line in decoded.body.postings)
    account, line = next(((account, line) for account, line in moved if account is not None), (None, None))
    if line is None:
        note_request(decoded, book)
    else:
        note_request(decoded, book, account=account, currency=line.currency, amount=abs(line.amount))


def _touches(_operation: Operation, body: Reversing) -> Iterable[Key]:
    yield Reversal, (body.reverses,)
    yield original_key(body.reverses_hash)
    for account in _accounts(body):
        yield DepositAccount, (account,)


def _touches_asked(operation: Operation, body: ReversalRequested) -> Iterable[Key]:
    yield Request, (operation.id,)
    yield from _touches(operation, body)


def _always(_decoded: Decoded[Any], _book: Book) -> bool:
    return True


KINDS = (
    Kind(
        name="entry.reversed",
        version=1,
        body=EntryReversed,
        signers=frozenset({Signer.STAFF, Signer.CENTRE}),
        entries=_entries,
        check=_check,
        verify=_verify,
        apply=_apply,
        touches=_touches,
        second_person=_always,
        needs_day=True,
    ),
    Kind(
        name=REVERSAL,
        version=1,
        body=ReversalRequested,
        signers=BY_STAFF,
        roles=frozenset({SUPERVISOR}),
        check=_check_asked,
        apply=_ask,
        touches=_touches_asked,
        second_person=_always,
        is_request=True,
    ),
)
