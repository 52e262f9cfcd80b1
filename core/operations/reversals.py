"""Undoing money: a new entry that names the old one and carries its postings the other way round, once.

On the chain that made it; by the centre where that chain has ended, or where it was the centre's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from core.book import Book, Key
from core.book.rows import DepositAccount, DeviceEpoch, Reversal
from core.envelope import Operation, Signed, read_operation
from core.errors import IntegrityFault, Refusal
from core.ledger import Posting, deposit_id, imbalances, reversed_postings
from core.operations import cash, ended, terms, transfers
from core.operations.kind import IDENTIFIER, Body, Currency, Decoded, Digest, Identifier, Kind, ShortCode, Signer

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


def lines(postings: Iterable[Posting]) -> tuple[Line, ...]:
    """Postings in the form a body carries."""
    return tuple(Line(*posting) for posting in postings)


def _entries(_operation: Operation, body: EntryReversed) -> tuple[Posting, ...]:
    """The postings as carried; what does not balance is no entry and posts nothing (see `check`)."""
    postings = tuple(Posting(line.branch, line.account, line.currency, line.amount) for line in body.postings)
    return () if imbalances(postings) else postings


def _check(decoded: Decoded[EntryReversed], book: Book) -> Iterable[Refusal]:
    body = decoded.body
    if book.get(Reversal, body.reverses) is not None:
        yield Refusal("already_reversed")
    jws = book.operation(body.reverses)
    if jws is None:
        yield Refusal("reversed_unknown")
        return
    original = read_operation(jws)
    if original.hash != body.reverses_hash or not _may_reverse(decoded.operation, original.operation, book):
        yield Refusal("reversed_elsewhere")
    if (original.operation.kind, original.operation.kind_version) not in _REVERSIBLE_KINDS:
        yield Refusal("not_reversible", detail={"kind": original.operation.kind})
    elif decoded.postings != reversed_postings(_entry_of(original)):
        yield Refusal("reversal_differs")


def _may_reverse(operation: Operation, original: Operation, book: Book) -> bool:
    """Its own chain may, while it lives; the centre may for a chain that has ended, and for its own."""
    if operation.actor != "centre":
        return (original.device, original.epoch) == (operation.device, operation.epoch)
    device = book.get(DeviceEpoch, original.device, original.epoch)
    return original.actor == "centre" or (device is not None and device.state != "living")


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


def _touches(_operation: Operation, body: EntryReversed) -> Iterable[Key]:
    yield Reversal, (body.reverses,)
    for line in body.postings:
        account = deposit_id(line.account)
        if account is not None:
            yield DepositAccount, (account,)


def _always(_decoded: Decoded[EntryReversed], _book: Book) -> bool:
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
)
