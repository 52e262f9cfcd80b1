"""Holds: money that is there and may not be promised to anybody until the hold is released by naming it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from core.book import Book, Key
from core.book.rows import DepositAccount, Hold
from core.envelope import Operation
from core.errors import Refusal
from core.operations.kind import BY_CENTRE, Amount, Body, Currency, Decoded, Identifier, Kind, ShortCode


class HoldPlaced(Body, frozen=True):
    """`amount` minor units of the account are held back. `cause` names the operation that they are held for."""

    account: Identifier
    currency: Currency
    amount: Amount
    reason: ShortCode
    cause: Identifier | None


class HoldReleased(Body, frozen=True):
    """The named hold is released; other holds of the account stand."""

    account: Identifier
    hold: Identifier


def _check_placed(decoded: Decoded[HoldPlaced], book: Book) -> Iterable[Refusal]:
    account = book.get(DepositAccount, decoded.body.account)
    if account is None or account.branch != decoded.operation.branch:
        yield Refusal("account_unknown", "account")
    elif account.currency not in ("", decoded.body.currency):
        yield Refusal("currency_differs", "account", {"account": account.currency, "operation": decoded.body.currency})


def _place(decoded: Decoded[HoldPlaced], book: Book) -> None:
    body, operation = decoded.body, decoded.operation
    if book.get(Hold, operation.id) is None:
        book.put(Hold(operation.id, body.account, body.amount, body.reason, body.cause, None))
        _add(body.account, body.amount, book)


def _check_released(decoded: Decoded[HoldReleased], book: Book) -> Iterable[Refusal]:
    hold = book.get(Hold, decoded.body.hold)
    if hold is None or hold.account != decoded.body.account:
        yield Refusal("hold_unknown", "hold")
    elif hold.released_by is not None:
        yield Refusal("hold_already_released", "hold")


def _release(decoded: Decoded[HoldReleased], book: Book) -> None:
    """Both are the centre's, on one chain: a hold is always known before its release."""
    hold = book.get(Hold, decoded.body.hold)
    if hold is not None and hold.released_by is None:
        book.put(msgspec.structs.replace(hold, released_by=decoded.operation.id))
        _add(hold.account, -hold.amount, book)


def _add(account_id: str, difference: int, book: Book) -> None:
    account = book.get(DepositAccount, account_id)
    if account is not None:
        book.put(msgspec.structs.replace(account, holds=account.holds + difference))


def _touches_placed(operation: Operation, body: HoldPlaced) -> Iterable[Key]:
    yield DepositAccount, (body.account,)
    yield Hold, (operation.id,)


def _touches_released(_operation: Operation, body: HoldReleased) -> Iterable[Key]:
    yield DepositAccount, (body.account,)
    yield Hold, (body.hold,)


KINDS = (
    Kind(
        name="hold.placed",
        version=1,
        body=HoldPlaced,
        signers=BY_CENTRE,
        check=_check_placed,
        apply=_place,
        touches=_touches_placed,
    ),
    Kind(
        name="hold.released",
        version=1,
        body=HoldReleased,
        signers=BY_CENTRE,
        check=_check_released,
        apply=_release,
        touches=_touches_released,
    ),
)
