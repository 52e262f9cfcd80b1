"""Lives of the centre's database: after a restore, or a fail-over that lost something, the centre begins the next one.

An incarnation's number is the epoch of the centre's own chains. It is greater than any that came before it, also than
those of which a restored database knows nothing; so it is not the next number, but the time (seconds since 1970).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec

from core.book import Book, Key
from core.book.rows import Bank, Branch, DeviceEpoch
from core.canonical import from_base64url, thumbprint
from core.envelope import Operation
from core.errors import IntegrityFault, Refusal
from core.operations.bank import centre_chain
from core.operations.checkpoints import FeedMark
from core.operations.kind import BY_CENTRE, Body, Decoded, Kind, ShortCode

BEGUN = "incarnation.begun"
FIRST = 1
"""The incarnation of a bank whose centre was never restored."""

Incarnation = Annotated[int, msgspec.Meta(ge=2, le=2**53 - 1)]


class IncarnationBegun(Body, frozen=True):
    """A new life of the centre's database begins, where the last one that it knows of stood.

    `feeds` are the restored heads: each feed's last position and running hash. `branches` are those that it knows of.
    """

    incarnation: Incarnation
    branches: tuple[ShortCode, ...]
    feeds: tuple[FeedMark, ...]


class IncarnationExtended(Body, frozen=True):
    """A branch of which the restored database knew nothing has been given back, and takes part in this incarnation."""

    incarnation: Incarnation
    branch: ShortCode


def _verify_begun(decoded: Decoded[IncarnationBegun], book: Book) -> None:
    """First on the bank-wide chain of its epoch, by the bank's own key.

    Raises `IntegrityFault`: `incarnation_differs`, `key_not_of_device`.
    """
    operation, where = decoded.operation, str(decoded.body.incarnation)
    if (operation.device, operation.epoch) != (centre_chain(None), decoded.body.incarnation) or operation.seq != 1:
        raise IntegrityFault("incarnation_differs", where)
    bank = book.get(Bank, "bank")
    if bank is None or thumbprint(from_base64url(bank.centre_key)) != decoded.signed.kid:
        raise IntegrityFault("key_not_of_device", decoded.signed.kid)


def _begin(decoded: Decoded[IncarnationBegun], book: Book) -> None:
    _add_chain(None, decoded.body.incarnation, book)
    for branch in decoded.body.branches:
        _add_chain(branch, decoded.body.incarnation, book)


def _add_chain(branch: str | None, incarnation: int, book: Book) -> None:
    """A chain of the centre's own, under the bank's key."""
    bank, chain = book.get(Bank, "bank"), centre_chain(branch)
    if bank is not None and book.get(DeviceEpoch, chain, incarnation) is None:
        kid = thumbprint(from_base64url(bank.centre_key))
        book.put(DeviceEpoch(chain, incarnation, branch, "centre", kid, bank.centre_key, "living"))


def _verify_extended(decoded: Decoded[IncarnationExtended], _book: Book) -> None:
    """Raises `IntegrityFault("incarnation_differs")`."""
    if decoded.operation.epoch != decoded.body.incarnation or decoded.operation.branch is not None:
        raise IntegrityFault("incarnation_differs", str(decoded.body.incarnation))


def _check_extended(decoded: Decoded[IncarnationExtended], book: Book) -> Iterable[Refusal]:
    if book.get(Branch, decoded.body.branch) is None:
        yield Refusal("branch_unknown", "branch")


def _extend(decoded: Decoded[IncarnationExtended], book: Book) -> None:
    _add_chain(decoded.body.branch, decoded.body.incarnation, book)


def _touches_begun(_operation: Operation, body: IncarnationBegun) -> Iterable[Key]:
    yield Bank, ("bank",)
    for branch in (None, *body.branches):
        yield DeviceEpoch, (centre_chain(branch), body.incarnation)


def _touches_extended(_operation: Operation, body: IncarnationExtended) -> Iterable[Key]:
    yield Bank, ("bank",)
    yield Branch, (body.branch,)
    yield DeviceEpoch, (centre_chain(body.branch), body.incarnation)


KINDS = (
    Kind(
        name=BEGUN,
        version=1,
        body=IncarnationBegun,
        signers=BY_CENTRE,
        verify=_verify_begun,
        apply=_begin,
        touches=_touches_begun,
        bank_wide=True,
    ),
    Kind(
        name="incarnation.extended",
        version=1,
        body=IncarnationExtended,
        signers=BY_CENTRE,
        verify=_verify_extended,
        check=_check_extended,
        apply=_extend,
        touches=_touches_extended,
        bank_wide=True,
    ),
)
