"""Cash in and out over the counter."""

from __future__ import annotations

from collections.abc import Iterable

from core.book import Book, Key
from core.book.rows import DepositAccount, Staff
from core.envelope import Operation
from core.errors import Refusal
from core.ledger import Posting, deposit, drawer, moved_across_branches, reversed_postings
from core.operations.kind import (
    BY_STAFF,
    Amount,
    Body,
    Counts,
    Currency,
    Decoded,
    Digest,
    Identifier,
    Kind,
    ShortCode,
    counts_differ,
)
from core.operations.lending import check_lent


class CashDeposited(Body, frozen=True):
    """Cash taken in for a customer's account. `details` names a record with the narrative."""

    account: Identifier
    account_branch: ShortCode
    currency: Currency
    amount: Amount
    counts: Counts | None = None
    details: Digest | None = None


class CashWithdrawn(Body, frozen=True):
    """Cash paid out from a customer's account. `details` names a record with the narrative."""

    account: Identifier
    account_branch: ShortCode
    currency: Currency
    amount: Amount
    counts: Counts | None = None
    details: Digest | None = None


CashBody = CashDeposited | CashWithdrawn


def _deposited(operation: Operation, body: CashBody) -> tuple[Posting, ...]:
    """Debit the drawer, credit the account."""
    return moved_across_branches(
        operation.branch or "",
        body.account_branch,
        body.currency,
        body.amount,
        debit_here=drawer(operation.drawer or ""),
        credit_there=deposit(body.account),
    )


def _withdrawn(operation: Operation, body: CashBody) -> tuple[Posting, ...]:
    """Debit the account, credit the drawer."""
    return reversed_postings(_deposited(operation, body))


def check_account(account_id: str, currency: str, branch: str | None, book: Book) -> Iterable[Refusal]:
    """What speaks against money moving on a customer's account at that branch."""
    account = book.get(DepositAccount, account_id)
    if account is None or account.state == "unknown":
        yield Refusal("account_unknown", "account")
        return
    if account.state != "open":
        yield Refusal("account_closed", "account")
    elif account.closings:
        yield Refusal("account_closing", "account")
    if account.currency != currency:
        yield Refusal("currency_differs", "amount", {"account": account.currency, "operation": currency})
    if account.branch != branch:
        yield Refusal("account_elsewhere", "account", {"branch": account.branch})


def _check_cash(operation: Operation, body: CashBody, book: Book) -> Iterable[Refusal]:
    """The account is kept here, or its customer visits here."""
    yield from check_account(body.account, body.currency, body.account_branch, book)
    if body.account_branch != operation.branch:
        yield from check_lent(body.account, operation, book)


def check_not_frozen(account_id: str, book: Book) -> Iterable[Refusal]:
    """A frozen account takes money in and gives none out."""
    account = book.get(DepositAccount, account_id)
    if account is not None and account.freezes:
        yield Refusal("account_frozen", "account")


def _check_deposited(decoded: Decoded[CashDeposited], book: Book) -> Iterable[Refusal]:
    body = decoded.body
    yield from _check_cash(decoded.operation, body, book)
    if counts_differ(body.counts, body.amount):
        yield Refusal("counts_differ", "counts")


def _check_withdrawn(decoded: Decoded[CashWithdrawn], book: Book) -> Iterable[Refusal]:
    body, operation = decoded.body, decoded.operation
    yield from _check_cash(operation, body, book)
    yield from check_not_frozen(body.account, book)
    if counts_differ(body.counts, body.amount):
        yield Refusal("counts_differ", "counts")
    held = book.balance(operation.branch or "", drawer(operation.drawer or ""), body.currency)
    if held < body.amount:
        yield Refusal("drawer_short", "amount", {"held": held, "currency": body.currency})


def _above_limit(decoded: Decoded[CashWithdrawn], book: Book) -> bool:
    """Cash above the teller's own limit is paid out with a supervisor's approval."""
    person = decoded.operation.actor.removeprefix("staff:")
    staff = book.get(Staff, person)
    return staff is None or staff.currency != decoded.body.currency or decoded.body.amount > staff.approval_limit


def _touches(_operation: Operation, body: CashBody) -> Iterable[Key]:
    yield DepositAccount, (body.account,)


KINDS = (
    Kind(
        name="cash.deposited",
        version=1,
        body=CashDeposited,
        signers=BY_STAFF,
        entries=_deposited,
        check=_check_deposited,
        touches=_touches,
        needs_day=True,
        needs_drawer=True,
    ),
    Kind(
        name="cash.withdrawn",
        version=1,
        body=CashWithdrawn,
        signers=BY_STAFF,
        entries=_withdrawn,
        check=_check_withdrawn,
        touches=_touches,
        second_person=_above_limit,
        needs_day=True,
        needs_drawer=True,
    ),
)
