"""Transfers: within the branch at once; to another branch or a partner bank by clearing, completed by the centre.

Reasons for a return are ISO 20022 external status reason codes (AC01, AC04, AM04 ...).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec

from core.book import Book, Key
from core.book.rows import DepositAccount, Request, Transfer
from core.envelope import Operation
from core.errors import IntegrityFault, Refusal
from core.ledger import CLEARING_BRANCHES, CLEARING_PARTNERS, NOSTRO, Posting, deposit
from core.operations.cash import check_account, check_not_frozen
from core.operations.kind import (
    BY_CENTRE,
    BY_STAFF,
    Amount,
    Body,
    Currency,
    Decoded,
    Digest,
    Identifier,
    Kind,
)
from core.operations.requests import check_waiting, decide, note_request

Route = Literal["branch", "partner"]
RequestedRoute = Literal["own", "branch", "partner"]
Reason = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}[0-9A-Z]{2}\Z")]
_CLEARING = {"branch": CLEARING_BRANCHES, "partner": CLEARING_PARTNERS}


class TransferMade(Body, frozen=True):
    """From one account of the branch to another of the same branch."""

    account: Identifier
    payee_account: Identifier
    currency: Currency
    amount: Amount
    details: Digest | None = None


class TransferSent(Body, frozen=True):
    """Into clearing, for an account of another branch or of a partner bank.

    `details` names the record that holds the payee's IBAN and name and the remittance text.
    """

    account: Identifier
    route: Route
    currency: Currency
    amount: Amount
    details: Digest


class TransferRequested(Body, frozen=True):
    """Asks for what the desk's rights do not cover. Route `own` names the payee's account of the same branch.

    `details` names the record of the payee, as in `transfer.sent`.
    """

    account: Identifier
    route: RequestedRoute
    payee_account: Identifier | None
    currency: Currency
    amount: Amount
    details: Digest | None


class TransferCarriedOut(Body, frozen=True):
    """The centre grants `request`: from what no device holds, to the payee's account or into clearing."""

    request: Identifier
    account: Identifier
    route: RequestedRoute
    payee_account: Identifier | None
    currency: Currency
    amount: Amount
    details: Digest | None


class TransferReceived(Body, frozen=True):
    """Credited by the centre: a transfer of another branch (`transfer` names it), or money a partner bank sent in."""

    account: Identifier
    route: Route
    transfer: Identifier | None
    currency: Currency
    amount: Amount
    details: Digest | None = None


class TransferReturned(Body, frozen=True):
    """Given back by the centre to the account it came from, with the reason (ISO 20022)."""

    account: Identifier
    route: Route
    transfer: Identifier
    currency: Currency
    amount: Amount
    reason: Reason


class TransferCompleted(Body, frozen=True):
    """That the other branch has been credited: tells the sending branch; moves nothing there."""

    transfer: Identifier


class TransferSettled(Body, frozen=True):
    """The partner bank has settled: out of clearing, out of the account with that bank."""

    transfer: Identifier
    currency: Currency
    amount: Amount


def _made(operation: Operation, body: TransferMade) -> tuple[Posting, ...]:
    """Debit the payer, credit the payee."""
    branch = operation.branch or ""
    return (
        Posting(branch, deposit(body.account), body.currency, body.amount),
        Posting(branch, deposit(body.payee_account), body.currency, -body.amount),
    )


def _sent(operation: Operation, body: TransferSent) -> tuple[Posting, ...]:
    """Debit the payer, credit clearing."""
    branch = operation.branch or ""
    return (
        Posting(branch, deposit(body.account), body.currency, body.amount),
        Posting(branch, _CLEARING[body.route], body.currency, -body.amount),
    )


def _carried_out(operation: Operation, body: TransferCarriedOut) -> tuple[Posting, ...]:
    """Debit the payer, credit the payee of the same branch, or clearing."""
    branch = operation.branch or ""
    credited = deposit(body.payee_account or "") if body.route == "own" else _CLEARING[body.route]
    return (
        Posting(branch, deposit(body.account), body.currency, body.amount),
        Posting(branch, credited, body.currency, -body.amount),
    )


def _received(operation: Operation, body: TransferReceived) -> tuple[Posting, ...]:
    """Debit clearing (or, from a partner, the account held with it), credit the payee."""
    branch = operation.branch or ""
    source = CLEARING_BRANCHES if body.route == "branch" else NOSTRO
    return (
        Posting(branch, source, body.currency, body.amount),
        Posting(branch, deposit(body.account), body.currency, -body.amount),
    )


def _returned(operation: Operation, body: TransferReturned) -> tuple[Posting, ...]:
    """Debit clearing, credit the payer."""
    branch = operation.branch or ""
    return (
        Posting(branch, _CLEARING[body.route], body.currency, body.amount),
        Posting(branch, deposit(body.account), body.currency, -body.amount),
    )


def _settled(operation: Operation, body: TransferSettled) -> tuple[Posting, ...]:
    """Debit clearing, credit the account held with the partner."""
    branch = operation.branch or ""
    return (
        Posting(branch, CLEARING_PARTNERS, body.currency, body.amount),
        Posting(branch, NOSTRO, body.currency, -body.amount),
    )


def _check_made(decoded: Decoded[TransferMade], book: Book) -> Iterable[Refusal]:
    body, branch = decoded.body, decoded.operation.branch
    if body.account == body.payee_account:
        yield Refusal("payee_is_payer", "payee")
        return
    yield from check_account(body.account, body.currency, branch, book)
    yield from check_not_frozen(body.account, book)
    for refusal in check_account(body.payee_account, body.currency, branch, book):
        yield Refusal(refusal.code, "payee", refusal.detail)


def _check_sent(decoded: Decoded[TransferSent], book: Book) -> Iterable[Refusal]:
    body = decoded.body
    yield from check_account(body.account, body.currency, decoded.operation.branch, book)
    yield from check_not_frozen(body.account, book)


def _check_payee(body: TransferRequested | TransferCarriedOut, branch: str | None, book: Book) -> Iterable[Refusal]:
    if body.route != "own" and body.details is None:
        yield Refusal("record_missing", "payee")
    elif body.payee_account == body.account:
        yield Refusal("payee_is_payer", "payee")
    elif body.payee_account is not None:
        for refusal in check_account(body.payee_account, body.currency, branch, book):
            yield Refusal(refusal.code, "payee", refusal.detail)


def _check_requested(decoded: Decoded[TransferRequested], book: Book) -> Iterable[Refusal]:
    body, branch = decoded.body, decoded.operation.branch
    yield from check_account(body.account, body.currency, branch, book)
    yield from check_not_frozen(body.account, book)
    yield from _check_payee(body, branch, book)


def _ask(decoded: Decoded[TransferRequested], book: Book) -> None:
    body = decoded.body
    note_request(decoded, book, account=body.account, currency=body.currency, amount=body.amount)


def _check_carried_out(decoded: Decoded[TransferCarriedOut], book: Book) -> Iterable[Refusal]:
    body, branch = decoded.body, decoded.operation.branch
    yield from check_waiting(body.request, "transfer.requested", book)
    request = book.get(Request, body.request)
    named = (body.account, body.currency, body.amount)
    if request is not None and (request.account, request.currency, request.amount) != named:
        yield Refusal("transfer_differs")
    yield from check_account(body.account, body.currency, branch, book)
    yield from check_not_frozen(body.account, book)
    yield from _check_payee(body, branch, book)


def _carry_out(decoded: Decoded[TransferCarriedOut], book: Book) -> None:
    decide(decoded.body.request, "done", decoded.operation, book)
    if decoded.body.route != "own":
        _note_sent(decoded, book)


def _verify_payee(decoded: Decoded[TransferRequested] | Decoded[TransferCarriedOut], _book: Book) -> None:
    """Raises `IntegrityFault("payee_differs")`: within the branch a payee's account is named, elsewhere none is."""
    if (decoded.body.route == "own") is (decoded.body.payee_account is None):
        raise IntegrityFault("payee_differs", decoded.operation.id)


def _note_sent(decoded: Decoded[TransferSent] | Decoded[TransferCarriedOut], book: Book) -> None:
    operation, body = decoded.operation, decoded.body
    known = book.get(Transfer, operation.id)
    book.put(
        Transfer(
            id=operation.id,
            branch=operation.branch or "",
            account=body.account,
            route=body.route,
            currency=body.currency,
            amount=body.amount,
            state=known.state if known else "sent",
            reason=known.reason if known else None,
            answered_by=known.answered_by if known else None,
        )
    )


def _check_answer(decoded: Decoded[TransferReturned] | Decoded[TransferSettled], book: Book) -> Iterable[Refusal]:
    transfer = book.get(Transfer, decoded.body.transfer)
    yield from _check_open(transfer)
    if transfer is not None and (transfer.amount, transfer.currency) != (decoded.body.amount, decoded.body.currency):
        yield Refusal("transfer_differs")


def _check_completed(decoded: Decoded[TransferCompleted], book: Book) -> Iterable[Refusal]:
    yield from _check_open(book.get(Transfer, decoded.body.transfer))


def _check_open(transfer: Transfer | None) -> Iterable[Refusal]:
    if transfer is None:
        yield Refusal("transfer_unknown")
    elif transfer.state != "sent":
        yield Refusal("transfer_already_answered", detail={"state": transfer.state})


def _check_received(decoded: Decoded[TransferReceived], book: Book) -> Iterable[Refusal]:
    """Another branch's transfer is received once, while it is open there; a partner's payment names none."""
    body = decoded.body
    yield from check_account(body.account, body.currency, decoded.operation.branch, book)
    if (body.transfer is None) is (body.route == "branch"):
        yield Refusal("transfer_differs")
    elif body.transfer is not None:
        transfer = book.get(Transfer, body.transfer)
        yield from _check_open(transfer)
        if transfer is not None and (transfer.amount, transfer.currency) != (body.amount, body.currency):
            yield Refusal("transfer_differs")


def _answer(transfer_id: str, state: str, reason: str | None, operation: Operation, book: Book) -> None:
    known = book.get(Transfer, transfer_id)
    if known is not None:
        book.put(msgspec.structs.replace(known, state=state, reason=reason, answered_by=operation.id))


def _note_returned(decoded: Decoded[TransferReturned], book: Book) -> None:
    _answer(decoded.body.transfer, "returned", decoded.body.reason, decoded.operation, book)


def _note_completed(decoded: Decoded[TransferCompleted], book: Book) -> None:
    _answer(decoded.body.transfer, "completed", None, decoded.operation, book)


def _note_settled(decoded: Decoded[TransferSettled], book: Book) -> None:
    _answer(decoded.body.transfer, "settled", None, decoded.operation, book)


def _touches_made(_operation: Operation, body: TransferMade) -> Iterable[Key]:
    yield DepositAccount, (body.account,)
    yield DepositAccount, (body.payee_account,)


def _touches_sent(operation: Operation, body: TransferSent) -> Iterable[Key]:
    yield DepositAccount, (body.account,)
    yield Transfer, (operation.id,)


def _touches_requested(operation: Operation, body: TransferRequested) -> Iterable[Key]:
    yield DepositAccount, (body.account,)
    yield Request, (operation.id,)
    if body.payee_account is not None:
        yield DepositAccount, (body.payee_account,)


def _touches_carried_out(operation: Operation, body: TransferCarriedOut) -> Iterable[Key]:
    yield DepositAccount, (body.account,)
    yield Request, (body.request,)
    yield Transfer, (operation.id,)
    if body.payee_account is not None:
        yield DepositAccount, (body.payee_account,)


def _touches_answer(
    _operation: Operation, body: TransferReturned | TransferSettled | TransferCompleted
) -> Iterable[Key]:
    yield Transfer, (body.transfer,)
    if isinstance(body, TransferReturned):
        yield DepositAccount, (body.account,)


def _touches_received(_operation: Operation, body: TransferReceived) -> Iterable[Key]:
    yield DepositAccount, (body.account,)
    if body.transfer is not None:
        yield Transfer, (body.transfer,)


KINDS = (
    Kind(
        name="transfer.made",
        version=1,
        body=TransferMade,
        signers=BY_STAFF,
        entries=_made,
        check=_check_made,
        touches=_touches_made,
        needs_day=True,
    ),
    Kind(
        name="transfer.sent",
        version=1,
        body=TransferSent,
        signers=BY_STAFF,
        entries=_sent,
        check=_check_sent,
        apply=_note_sent,
        touches=_touches_sent,
        needs_day=True,
    ),
    Kind(
        name="transfer.requested",
        version=1,
        body=TransferRequested,
        signers=BY_STAFF,
        check=_check_requested,
        verify=_verify_payee,
        apply=_ask,
        touches=_touches_requested,
        is_request=True,
        needs_day=True,
    ),
    Kind(
        name="transfer.carried_out",
        version=1,
        body=TransferCarriedOut,
        signers=BY_CENTRE,
        entries=_carried_out,
        check=_check_carried_out,
        verify=_verify_payee,
        apply=_carry_out,
        touches=_touches_carried_out,
    ),
    Kind(
        name="transfer.received",
        version=1,
        body=TransferReceived,
        signers=BY_CENTRE,
        entries=_received,
        check=_check_received,
        touches=_touches_received,
    ),
    Kind(
        name="transfer.completed",
        version=1,
        body=TransferCompleted,
        signers=BY_CENTRE,
        check=_check_completed,
        apply=_note_completed,
        touches=_touches_answer,
    ),
    Kind(
        name="transfer.returned",
        version=1,
        body=TransferReturned,
        signers=BY_CENTRE,
        entries=_returned,
        check=_check_answer,
        apply=_note_returned,
        touches=_touches_answer,
    ),
    Kind(
        name="transfer.settled",
        version=1,
        body=TransferSettled,
        signers=BY_CENTRE,
        entries=_settled,
        check=_check_answer,
        apply=_note_settled,
        touches=_touches_answer,
    ),
)
