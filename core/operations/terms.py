"""What the centre says of an account: its overdraft limit, its fees, and that it is closed when all has come back."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from core.book import Book, Key
from core.book.rows import DepositAccount, Request
from core.envelope import Operation
from core.errors import IntegrityFault, Refusal
from core.ledger import FEE_INCOME, Posting, deposit
from core.operations import requests
from core.operations.cash import check_account, check_not_frozen
from core.operations.kind import (
    BY_CENTRE,
    BY_STAFF,
    Amount,
    AmountOrZero,
    Body,
    Currency,
    Decoded,
    Identifier,
    Kind,
    ShortCode,
)
from core.rights import free


class OverdraftLimitSet(Body, frozen=True):
    """How far the account may go below zero from here on; `target` is where the limit is going, as rights come back."""

    account: Identifier
    currency: Currency
    limit: AmountOrZero
    target: AmountOrZero


class FeeCharged(Body, frozen=True):
    """The centre takes a fee from what no device holds. `reason` is a code."""

    account: Identifier
    currency: Currency
    amount: Amount
    reason: ShortCode


class AccountClosureRequested(Body, frozen=True):
    """The customer wants the account closed: nothing more goes in or out while this waits."""

    account: Identifier


class AccountClosed(Body, frozen=True):
    """The account is closed, as `request` asked: nothing is on it, and no device holds rights there."""

    account: Identifier
    request: Identifier


def _check_limit(decoded: Decoded[OverdraftLimitSet], book: Book) -> Iterable[Refusal]:
    body = decoded.body
    account = book.get(DepositAccount, body.account)
    if account is None or account.state != "open" or account.branch != decoded.operation.branch:
        yield Refusal("account_unknown", "account")
        return
    if account.currency != body.currency:
        yield Refusal("currency_differs", "limit", {"account": account.currency, "operation": body.currency})
    lowered = account.overdraft_limit - body.limit
    if lowered > max(0, free(account.posted, account.overdraft_limit, account.rights)):
        yield Refusal("limit_below_free", "limit")


def _set_limit(decoded: Decoded[OverdraftLimitSet], book: Book) -> None:
    body = decoded.body
    account = book.get(DepositAccount, body.account)
    if account is not None:
        book.put(msgspec.structs.replace(account, overdraft_limit=body.limit, limit_target=body.target))


def _charged(operation: Operation, body: FeeCharged) -> tuple[Posting, ...]:
    """Debit the account, credit income from fees."""
    branch = operation.branch or ""
    return (
        Posting(branch, deposit(body.account), body.currency, body.amount),
        Posting(branch, FEE_INCOME, body.currency, -body.amount),
    )


def _check_charged(decoded: Decoded[FeeCharged], book: Book) -> Iterable[Refusal]:
    yield from check_account(decoded.body.account, decoded.body.currency, decoded.operation.branch, book)


def _verify_here(decoded: Decoded[AccountClosureRequested], book: Book) -> None:
    """Raises `IntegrityFault("branch_differs")`: an account is closed where it is kept."""
    account = book.get(DepositAccount, decoded.body.account)
    if account is not None and account.branch != decoded.operation.branch:
        raise IntegrityFault("branch_differs", account.branch)


def _check_closure(decoded: Decoded[AccountClosureRequested], book: Book) -> Iterable[Refusal]:
    account = book.get(DepositAccount, decoded.body.account)
    if account is None or account.state == "unknown":
        yield Refusal("account_unknown", "account")
        return
    if account.state != "open":
        yield Refusal("account_closed", "account")
    if account.closings:
        yield Refusal("account_closing", "account")
    if account.posted:
        yield Refusal("balance_left", "account", {"balance": account.posted, "currency": account.currency})
    yield from check_not_frozen(account.id, book)


def _ask_closure(decoded: Decoded[AccountClosureRequested], book: Book) -> None:
    if book.get(Request, decoded.operation.id) is None:
        requests.note_request(decoded, book, account=decoded.body.account)
        requests.add_closing(decoded.body.account, 1, book)


def _check_closed(decoded: Decoded[AccountClosed], book: Book) -> Iterable[Refusal]:
    yield from requests.check_waiting(decoded.body.request, requests.CLOSURE, book)
    account = book.get(DepositAccount, decoded.body.account)
    if account is None or account.state != "open":
        yield Refusal("account_unknown", "account")
    elif account.posted or account.rights or account.holds:
        yield Refusal("balance_left", "account", {"balance": account.posted, "currency": account.currency})


def _close(decoded: Decoded[AccountClosed], book: Book) -> None:
    requests.decide(decoded.body.request, "done", decoded.operation, book)
    account = book.get(DepositAccount, decoded.body.account)
    if account is not None:
        book.put(msgspec.structs.replace(account, state="closed"))


def _touches_account(
    operation: Operation, body: OverdraftLimitSet | FeeCharged | AccountClosureRequested
) -> Iterable[Key]:
    yield DepositAccount, (body.account,)
    yield Request, (operation.id,)


def _touches_closed(_operation: Operation, body: AccountClosed) -> Iterable[Key]:
    yield DepositAccount, (body.account,)
    yield Request, (body.request,)


KINDS = (
    Kind(
        name="overdraft.limit_set",
        version=1,
        body=OverdraftLimitSet,
        signers=BY_CENTRE,
        check=_check_limit,
        apply=_set_limit,
        touches=_touches_account,
    ),
    Kind(
        name="fee.charged",
        version=1,
        body=FeeCharged,
        signers=BY_CENTRE,
        entries=_charged,
        check=_check_charged,
        touches=_touches_account,
    ),
    Kind(
        name="account.closure_requested",
        version=1,
        body=AccountClosureRequested,
        signers=BY_STAFF,
        check=_check_closure,
        verify=_verify_here,
        apply=_ask_closure,
        touches=_touches_account,
        is_request=True,
        needs_day=True,
    ),
    Kind(
        name="account.closed",
        version=1,
        body=AccountClosed,
        signers=BY_CENTRE,
        check=_check_closed,
        apply=_close,
        touches=_touches_closed,
    ),
)
