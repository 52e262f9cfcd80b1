"""Spending rights moved by signed grant and return. A grant states the cumulative sum, so repeating it is harmless."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec

from core.book import Book, Key
from core.book.rows import DepositAccount, DeviceEpoch, LentFile, Recall, Right
from core.envelope import Operation
from core.errors import Refusal
from core.ids import made_at_ms
from core.operations.kind import (
    BY_CENTRE,
    Body,
    Currency,
    Decoded,
    Identifier,
    Kind,
    ShortCode,
    Signer,
    Total,
)
from core.operations.lending import is_lent, loan_keys, loan_of, reaches_device, reaches_keeper
from core.rights import available, free, payable, reserved

GRANTED = "rights.granted"
RECALL_HEEDED_MS = 60 * 60_000
"""For so long after a recall a desk gets no allowance on that account by itself: somebody else needs the money."""

RELEASED_AT_ONCE = 200
"""The most accounts that one operation releases, so that no branch's feed is held for long."""


class RightsGranted(Body, frozen=True):
    """That device epoch has been granted `granted` minor units on the account in all, since its beginning."""

    account: Identifier
    device: ShortCode
    epoch: int
    currency: Currency
    granted: Total


class RightsReturned(Body, frozen=True):
    """This device epoch has given back `returned` minor units on the account in all, since its beginning."""

    account: Identifier
    currency: Currency
    returned: Total


class RightsRecalled(Body, frozen=True):
    """Of what that device epoch had on the account, `gone_to` minor units are to be paid out or handed back in all.

    What is lacking of them goes back. As with grants it is the sum since its beginning: recalls that come late, again
    or in another order change nothing. Grants and deposits that follow are not touched by it, nor do they end it.
    """

    account: Identifier
    device: ShortCode
    epoch: int
    currency: Currency
    gone_to: Total


class RightsReleased(Body, frozen=True):
    """The rights of a written-off device epoch on these accounts count no more, for ever."""

    device: ShortCode
    epoch: int
    accounts: Annotated[tuple[Identifier, ...], msgspec.Meta(min_length=1, max_length=RELEASED_AT_ONCE)]


def right_of(account: str, device: str, epoch: int, book: Book) -> Right:
    """The counters of that device epoch on the account; all zero if it never had any."""
    return book.get(Right, account, device, epoch) or Right(account, device, epoch, 0, 0, 0, 0)


def payable_by(right: Right) -> int:
    """What that device epoch may still pay out, in minor units."""
    return payable(right.granted, right.minted, right.used, right.returned)


def put_right(before: Right, after: Right, book: Book) -> None:
    """Write the counters and keep the account's sum of what all devices hold in step."""
    book.put(after)
    account = book.get(DepositAccount, after.account)
    difference = _reserved(after) - _reserved(before)
    if account is not None and difference:
        book.put(msgspec.structs.replace(account, rights=account.rights + difference))


def _reserved(right: Right) -> int:
    """A released epoch has left the sum: whatever it still brings moves what is posted, and frees or binds nothing."""
    return 0 if right.released else reserved(right.granted, right.minted, right.used, right.returned)


def available_on(account: DepositAccount) -> int:
    """What the centre may grant on the account, or draw from it, in minor units."""
    return available(free(account.posted, account.overdraft_limit, account.rights), account.holds)


def lacking_on(account: DepositAccount, amount: int) -> int:
    """What must come back before the centre could promise `amount`, in minor units; 0 if it is there.

    Holds bite on whatever comes back, so more may be lacking than the amount itself.
    """
    return max(0, amount + account.holds - free(account.posted, account.overdraft_limit, account.rights))


def recalled_lately(recall: Recall | None, now_ms: int) -> bool:
    """Whether the newest recall is of the last hour."""
    return recall is not None and now_ms - made_at_ms(recall.recalled_by) < RECALL_HEEDED_MS


def still_recalled(recall: Recall | None, right: Right) -> int:
    """How much of what the device epoch may pay out is to come back by a recall that it has not answered."""
    lacking = recall.gone_to - right.used - right.returned if recall is not None else 0
    return max(0, min(lacking, payable_by(right)))


def recalled_beyond(right: Right, keep: int) -> int:
    """What recalls say that ask for all that is held there now beyond `keep` (minor units): see `RightsRecalled`."""
    return max(0, right.granted + right.minted - keep)


def _check_granted(decoded: Decoded[RightsGranted], book: Book) -> Iterable[Refusal]:
    body = decoded.body
    account = book.get(DepositAccount, body.account)
    if account is None:
        yield Refusal("account_unknown", "account")
        return
    device = book.get(DeviceEpoch, body.device, body.epoch)
    if device is None or not _may_hold(account, device, decoded.operation.at, book):
        yield Refusal("account_elsewhere", "account", {"branch": account.branch})
    elif device.state != "living":
        yield Refusal("device_revoked", "device")
    if body.currency != account.currency:
        yield Refusal("currency_differs", "account", {"account": account.currency, "operation": body.currency})
    more = body.granted - right_of(body.account, body.device, body.epoch, book).granted
    if more > available_on(account):
        yield Refusal("not_available", "account")


def _may_hold(account: DepositAccount, device: DeviceEpoch, at: str, book: Book) -> bool:
    """Whether the device stands where the account is kept, or its file is lent there at that instant."""
    return device.branch == account.branch or is_lent(loan_of(account.id, device.device, device.epoch, book), at)


def _grant(decoded: Decoded[RightsGranted], book: Book) -> None:
    body = decoded.body
    before = right_of(body.account, body.device, body.epoch, book)
    if body.granted > before.granted:
        put_right(before, msgspec.structs.replace(before, granted=body.granted), book)


def _check_returned(decoded: Decoded[RightsReturned], book: Book) -> Iterable[Refusal]:
    body, operation = decoded.body, decoded.operation
    right = right_of(body.account, operation.device, operation.epoch, book)
    if body.returned - right.returned > payable_by(right):
        yield Refusal("return_exceeds_rights", "account")


def _return(decoded: Decoded[RightsReturned], book: Book) -> None:
    """A return counts up to what the device holds; what is beyond is ignored (and found by the check)."""
    body, operation = decoded.body, decoded.operation
    before = right_of(body.account, operation.device, operation.epoch, book)
    returned = min(body.returned, before.returned + max(0, payable_by(before)))
    if returned > before.returned:
        put_right(before, msgspec.structs.replace(before, returned=returned), book)


def _check_recalled(decoded: Decoded[RightsRecalled], book: Book) -> Iterable[Refusal]:
    account = book.get(DepositAccount, decoded.body.account)
    if account is None or account.branch != decoded.operation.branch:
        yield Refusal("account_unknown", "account")
    elif decoded.body.currency != account.currency:
        yield Refusal("currency_differs", "account", {"account": account.currency, "operation": decoded.body.currency})


def _recall(decoded: Decoded[RightsRecalled], book: Book) -> None:
    body = decoded.body
    known = book.get(Recall, body.account, body.device, body.epoch)
    if known is None or body.gone_to > known.gone_to:
        book.put(Recall(body.account, body.device, body.epoch, body.gone_to, decoded.operation.id))


def _check_released(decoded: Decoded[RightsReleased], book: Book) -> Iterable[Refusal]:
    device = book.get(DeviceEpoch, decoded.body.device, decoded.body.epoch)
    if device is None or device.state != "written_off":
        yield Refusal("device_not_written_off", "device")
    for identifier in decoded.body.accounts:
        account = book.get(DepositAccount, identifier)
        if account is None or account.branch != decoded.operation.branch:
            yield Refusal("account_unknown", "account", {"account": identifier})


def _release(decoded: Decoded[RightsReleased], book: Book) -> None:
    body = decoded.body
    for account in body.accounts:
        before = right_of(account, body.device, body.epoch, book)
        if not before.released:
            put_right(before, msgspec.structs.replace(before, released=True), book)


def _touches_recalled(_operation: Operation, body: RightsRecalled) -> Iterable[Key]:
    yield DepositAccount, (body.account,)
    yield Recall, (body.account, body.device, body.epoch)
    yield DeviceEpoch, (body.device, body.epoch)


def _touches_released(_operation: Operation, body: RightsReleased) -> Iterable[Key]:
    yield DeviceEpoch, (body.device, body.epoch)
    for account in body.accounts:
        yield DepositAccount, (account,)
        yield Right, (account, body.device, body.epoch)


def _touches_granted(_operation: Operation, body: RightsGranted) -> Iterable[Key]:
    yield DepositAccount, (body.account,)
    yield Right, (body.account, body.device, body.epoch)
    yield DeviceEpoch, (body.device, body.epoch)
    yield LentFile, (body.account, body.device, body.epoch)


def _touches_returned(operation: Operation, body: RightsReturned) -> Iterable[Key]:
    yield DepositAccount, (body.account,)
    yield Right, (body.account, operation.device, operation.epoch)
    yield from loan_keys(operation, body.account)


KINDS = (
    Kind(
        name=GRANTED,
        version=1,
        body=RightsGranted,
        signers=BY_CENTRE,
        check=_check_granted,
        apply=_grant,
        touches=_touches_granted,
        reaches=reaches_device,
    ),
    Kind(
        name="rights.returned",
        version=1,
        body=RightsReturned,
        signers=frozenset({Signer.STAFF, Signer.DEVICE}),
        check=_check_returned,
        apply=_return,
        touches=_touches_returned,
        reaches=reaches_keeper,
    ),
    Kind(
        name="rights.recalled",
        version=1,
        body=RightsRecalled,
        signers=BY_CENTRE,
        check=_check_recalled,
        apply=_recall,
        touches=_touches_recalled,
        reaches=reaches_device,
    ),
    Kind(
        name="rights.released",
        version=1,
        body=RightsReleased,
        signers=BY_CENTRE,
        check=_check_released,
        apply=_release,
        touches=_touches_released,
        reaches=reaches_device,
    ),
)
