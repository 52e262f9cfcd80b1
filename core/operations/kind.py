"""What a kind of operation is: its body, its entries, its check and what else it changes; and the types bodies use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from core.book import Book, Key
from core.envelope import Operation, Signed
from core.errors import Refusal
from core.ledger import Posting
from core.money import AMOUNT_MINOR_MAX

Amount = Annotated[int, msgspec.Meta(ge=1, le=AMOUNT_MINOR_MAX)]
AmountOrZero = Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MINOR_MAX)]
Total = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]
IDENTIFIER = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
Identifier = Annotated[str, msgspec.Meta(pattern=rf"^{IDENTIFIER}\Z")]
ShortCode = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?\Z")]
PublicKey = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{43}\Z")]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{43}\Z")]
Instant = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z\Z")]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=140, pattern=r"^[^\x00-\x1f\x7f]+\Z")]
Token = Annotated[str, msgspec.Meta(max_length=4096)]
Pieces = Annotated[int, msgspec.Meta(ge=0, le=10**6)]
Counts = dict[Annotated[int, msgspec.Meta(ge=1, le=10**9)], Pieces]
"""Pieces of each note or coin by its value in minor units."""


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The part of an operation that belongs to its kind; decoded strictly."""


class Signer(StrEnum):
    """Whose key signs an operation of a kind."""

    STAFF = "staff"
    DEVICE = "device"
    CENTRE = "centre"


TELLER = "teller"
SUPERVISOR = "supervisor"
ROLES = (TELLER, SUPERVISOR)

B = TypeVar("B", bound=Body)


@dataclass(frozen=True, slots=True)
class Decoded(Generic[B]):
    """An operation with its body decoded and its entry worked out, as the rules see it."""

    signed: Signed
    operation: Operation
    body: B
    postings: tuple[Posting, ...]
    kind: Kind[B]


def _no_entries(_operation: Operation, _body: Any) -> tuple[Posting, ...]:
    return ()


def _no_findings(_decoded: Decoded[Any], _book: Book) -> Iterable[Refusal]:
    return ()


def _no_effects(_decoded: Decoded[Any], _book: Book) -> None:
    return None


def _no_keys(_operation: Operation, _body: Any) -> Iterable[Key]:
    return ()


def _nowhere_else(_decoded: Decoded[Any], _book: Book) -> Iterable[str]:
    return ()


def _one_person(_decoded: Decoded[Any], _book: Book) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Kind(Generic[B]):
    """One kind in one version.

    `entries` is a pure function of the operation. `check` gives what speaks against it. `verify` raises
    `IntegrityFault` where signatures inside the body do not hold. `apply` changes the book beyond the ledger.
    `touches` names the rows that check and apply read. `second_person` says whether an approval is needed. `reaches`
    names branches whose feeds it enters though it is not made there and posts nothing there. `take_back` undoes what
    `apply` did, for kinds that change nothing unless the centre finds that role and approval hold
    (`core.operations.rules.is_void`); all others take effect whatever is found.
    """

    name: str
    version: int
    body: type[B]
    signers: frozenset[Signer]
    roles: frozenset[str] = frozenset(ROLES)
    entries: Callable[[Operation, B], tuple[Posting, ...]] = _no_entries
    check: Callable[[Decoded[B], Book], Iterable[Refusal]] = _no_findings
    verify: Callable[[Decoded[B], Book], None] = _no_effects
    apply: Callable[[Decoded[B], Book], None] = _no_effects
    touches: Callable[[Operation, B], Iterable[Key]] = _no_keys
    second_person: Callable[[Decoded[B], Book], bool] = _one_person
    reaches: Callable[[Decoded[B], Book], Iterable[str]] = _nowhere_else
    take_back: Callable[[Decoded[B], Book], None] | None = None
    is_request: bool = False
    bank_wide: bool = False
    needs_day: bool = False
    needs_drawer: bool = False


BY_STAFF = frozenset({Signer.STAFF})
BY_DEVICE = frozenset({Signer.DEVICE})
BY_CENTRE = frozenset({Signer.CENTRE})


def counts_differ(counts: Mapping[int, int] | None, amount: int) -> bool:
    """Whether a count by denomination was given and does not come to the amount (minor units)."""
    return counts is not None and sum(value * pieces for value, pieces in counts.items()) != amount
